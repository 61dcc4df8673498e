"""ProcessBench, Math-Shepherd, TRL and best-of-N files: their tables, their traps, their bad lines."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import prm800k_records as traps
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.estimators import best_of_n, majority, pass_at_k
from stepscale.formats import read, write
from stepscale.formats.processbench import first_errors

Jsonl = Callable[..., Path]
Real = Callable[[str], Path]

BENCH = {
    "id": "gsm8k-0",
    "generator": "Qwen2-7B-Instruct",
    "problem": "1+1?",
    "steps": ["a", "b", "c"],
    "final_answer_correct": False,
    "label": 1,
}
PRMBENCH = {
    "original_question": "1+1?",
    "modified_question": "1 + 1?",
    "original_process": ["1. a", "2. b"],
    "modified_process": ["1. a", "2. x", "3. b"],
    "modified_steps": [2],
    "error_steps": [2],
    "idx": "prm_test_p1_0",
    "classification": "circular",
}
HARD2VERIFY = {
    "unique_id": "a-1",
    "question": "Prove it.",
    "model_response_by_step": ["So.", "Then.", "Hence."],
    "human_labels": [1, 0, 0],
    "model": "gpt-5",
}
SHEPHERD = {
    "input": "Val has 2. How many? Step 1: 2 is <<1+1=2>>2. \u043a\u0438\nStep 2: So 3. The answer is: 3 \u043a\u0438",
    "label": "Val has 2. How many? Step 1: 2 is <<1+1=2>>2. +\nStep 2: So 3. The answer is: 3 -",
    "task": "GSM8K",
}
TRL = {"prompt": "Which is larger?", "completions": ["x", "y"], "labels": [True, False]}
REWARDED = {
    "question": "1+1?",
    "gt": "2",
    "level": "Level 3",
    "solution": "It is 2.",
    "code": ["a\n\nb", "c"],
    "pred": ["2", ""],
    "score": [True, False],
    "pred_score": [[3.5], [-800.0]],
}
STEP_SCORED = {
    "problem_id": "gsm8k_0",
    "question": "1+1?",
    "gold_answer": "2",
    "model_name": "QwQ-32B",
    "candidates": [
        {"answer": "2", "author_is_correct": True, "n_steps": 2, "step_scores": {"a": [0.9, 0.8], "b": [1.0, 0.0]}},
    ],
}


def without(record: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != key}


@pytest.mark.parametrize(
    ("format", "good", "bad", "reason"),
    [
        ("processbench", BENCH, {**BENCH, "final_answer_correct": "false"}, "'final_answer_correct' is 'false'"),
        ("hard2verify", HARD2VERIFY, {**HARD2VERIFY, "human_labels": [1, 2, 0]}, "not a list of 0 and 1"),
        ("hard2verify", HARD2VERIFY, {**HARD2VERIFY, "human_labels": [1, 1]}, "there are 2 human_labels for 3 steps"),
        ("hard2verify", HARD2VERIFY, {**HARD2VERIFY, "human_labels": "x9=="}, "is encrypted; decrypt the records"),
        ("prmbench", PRMBENCH, {**PRMBENCH, "error_steps": [0]}, "error_steps is [0], not a list of steps counted"),
        ("prmbench", PRMBENCH, {**PRMBENCH, "error_steps": "2"}, "error_steps is '2'"),
        ("prmbench", PRMBENCH, {**PRMBENCH, "error_steps": [True]}, "error_steps is [True]"),
        ("prmbench", PRMBENCH, {**PRMBENCH, "modified_process": None}, "'modified_process' is not a list of strings"),
        ("processbench", BENCH, {**BENCH, "problem": "1\0+1"}, "'problem' holds a NUL character"),
        ("trl_stepwise", TRL, {**TRL, "prompt": "1\0+1"}, "'prompt' holds a NUL character"),
        ("processbench", BENCH, {**BENCH, "label": 3}, "label is 3"),
        ("processbench", BENCH, {**BENCH, "label": True}, "label is True"),
        ("processbench", BENCH, {**BENCH, "steps": "abc"}, "'steps' is not a list of strings"),
        ("processbench", BENCH, without(BENCH, "final_answer_correct"), "key 'final_answer_correct' is missing"),
        ("math_shepherd", SHEPHERD, {**SHEPHERD, "input": "no tag"}, "no step tag"),
        ("math_shepherd", SHEPHERD, {**SHEPHERD, "label": SHEPHERD["input"]}, "does not repeat 'input' with + or -"),
        ("math_shepherd", SHEPHERD, {"input": "x \u043a\u0438", "label": "x +"}, "no 'Step 1:'"),
        (
            "math_shepherd",
            SHEPHERD,
            {**SHEPHERD, "input": SHEPHERD["input"] + " more"},
            "text follows the last step tag",
        ),
        ("trl_stepwise", TRL, {**TRL, "labels": [True]}, "where one per completion (2) is needed"),
        ("trl_stepwise", TRL, {**TRL, "labels": [True, 2]}, "label 2 is neither"),
        ("best_of_n", REWARDED, {**REWARDED, "question": "2?", "pred": ["2"]}, "'pred' has 1 entries for"),
        (
            "best_of_n",
            REWARDED,
            {**REWARDED, "question": "2?", "pred_score": "[[1.0]]"},
            "'pred_score' is '[[1.0]]', str, not a list with an entry per sample",
        ),
        (
            "best_of_n",
            REWARDED,
            {**REWARDED, "question": "2?", "pred_score": [[1.0, 2.0], [1.0]]},
            "one reward is needed",
        ),
        ("best_of_n", REWARDED, {**REWARDED, "question": "2?", "score": [1, 0]}, "verdict is 1, not true or false"),
        ("best_of_n", REWARDED, REWARDED, "was given before"),
        ("best_of_n", STEP_SCORED, {**STEP_SCORED, "problem_id": "x", "candidates": [{}]}, "key 'answer' is missing"),
    ],
)
def test_a_bad_line_is_named_with_its_reason_or_counted(
    jsonl: Jsonl, format: str, good: object, bad: object, reason: str
) -> None:
    path = jsonl(good, bad)
    with pytest.raises(InputError) as caught:
        read(path, format)
    assert str(caught.value).startswith(f"{path}:2: ") and reason in str(caught.value)
    data = read(path, format, on_error="skip")
    assert data.skipped == 1 and len(data.solutions) in (1, 2) and reason in data.skip_reasons[0]


def test_processbench_rates_up_to_the_first_error(jsonl: Jsonl) -> None:
    right = {**BENCH, "id": "math-1", "label": -1, "final_answer_correct": True}
    data = read(jsonl(BENCH, right, {**BENCH, "label": 0}), "processbench")
    assert data.step_labels["rating"].tolist() == [1, -1, 1, 1, 1, -1]
    assert first_errors(data).tolist() == [1, -1, 0]
    assert len(data.problems) == 1 and data.solutions["sample_id"].tolist() == [0, 1, 2]
    assert data.solutions["is_correct"].tolist() == [False, True, False]


def test_prmbench_rates_every_step_of_the_modified_solution(jsonl: Jsonl) -> None:
    beyond = {**PRMBENCH, "error_steps": [1, 4], "classification": "deception"}  # 100 published records are like this
    without_errors = {**PRMBENCH, "error_steps": [], "classification": "multi_solutions", "ground_truth": "2"}
    data = read(jsonl(PRMBENCH, beyond, without_errors), "prmbench")
    assert data.step_labels["rating"].tolist() == [1, -1, 1, -1, 1, 1, 1, 1, 1]
    assert data.problems["problem"].tolist() == ["1 + 1?"]
    assert data.solutions["classification"].tolist() == ["circular", "deception", "multi_solutions"]
    assert data.solutions["is_correct"].isna().all() and data.step_labels["is_chosen"].all()


def test_hard2verify_rates_every_step_as_people_did(jsonl: Jsonl) -> None:
    right = {**HARD2VERIFY, "human_labels": [True, True, True], "model": None}
    data = read(jsonl(HARD2VERIFY, right), "hard2verify")
    assert data.step_labels["rating"].tolist() == [1, -1, -1, 1, 1, 1]
    assert first_errors(data).tolist() == [1, -1] and data.solutions["generator"].tolist()[0] == "gpt-5"
    assert data.solutions["is_correct"].isna().all() and set(data.step_labels["labeler"]) == {"hard2verify"}


def test_real_processbench_holds_the_published_numbers(real: Real) -> None:
    data = read(real("processbench/gsm8k.json"), "processbench")
    assert len(data.solutions) == 400 and (first_errors(data) == -1).sum() == 193
    assert (first_errors(read(real("processbench/math.json"), "processbench")) == -1).sum() == 406


def test_math_shepherd_tags_part_problem_and_steps(jsonl: Jsonl) -> None:
    data = read(jsonl(SHEPHERD), "math_shepherd")
    assert data.problems.loc[0, ["problem", "subject"]].tolist() == ["Val has 2. How many?", "GSM8K"]
    assert data.solutions.loc[0, "steps"] == ["Step 1: 2 is <<1+1=2>>2.", "Step 2: So 3. The answer is: 3"]
    assert data.solutions.loc[0, ["answer", "is_correct"]].tolist() == ["3", False]
    assert data.step_labels["rating"].tolist() == [1, -1]


def test_real_math_shepherd_samples_are_read(real: Real) -> None:
    data = read(real("math_shepherd/samples_math-shepherd.jsonl"), "math_shepherd")
    assert len(data.solutions) == 7 and len(data.step_labels) == 25 and data.solutions["answer"].notna().all()


def test_trl_soft_labels_are_kept_and_not_cut_to_whole_ones(jsonl: Jsonl) -> None:
    data = read(jsonl({**TRL, "labels": [0.7, 1]}), "trl_stepwise")
    assert data.step_labels["value"].tolist()[0] == 0.7 and pd.isna(data.step_labels["rating"][0])
    assert data.step_labels["rating"][1] == 1


# a NUL and a blank prompt are refused
PROMPTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(PROMPTS, st.lists(st.booleans(), max_size=3), st.booleans())))
def test_trl_rows_come_out_as_they_went_in(tmp_path: Path, rows: list[tuple[str, list[bool], bool]]) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    labels = [[True] * len(before) + [last] for _, before, last in rows]  # labels stop at the first negative
    records = [
        {"prompt": prompt, "completions": [f"{row}.{i}" for i in range(len(marks))], "labels": marks}
        for row, ((prompt, _, _), marks) in enumerate(zip(rows, labels, strict=True))
    ]
    if not records:
        return
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    write(read(path, "trl_stepwise"), out, "trl_stepwise")
    key = lambda record: json.dumps(record, sort_keys=True)  # noqa: E731
    assert sorted(map(json.loads, out.read_text(encoding="utf-8").split("\n")[:-1]), key=key) == sorted(
        records, key=key
    )


def trl_rows(jsonl: Jsonl, tmp_path: Path, *records: object, **options: Any) -> list[tuple[list[str], list[bool]]]:
    write(read(jsonl(*records), "prm800k", drop=()), tmp_path / "trl.jsonl", "trl_stepwise", **options)
    rows = [json.loads(line) for line in (tmp_path / "trl.jsonl").read_text().split("\n")[:-1]]
    return [(row["completions"], row["labels"]) for row in rows]


def test_prm800k_becomes_trl_rows_with_neutral_as_the_paper_has_it(jsonl: Jsonl, tmp_path: Path) -> None:
    last = "So 5.\n\n# Answer\n\n5"
    assert trl_rows(jsonl, tmp_path, traps.SIBLINGS) == [
        (["a0"], [True]),
        (["a1"], [False]),
        (["a2", "b0"], [True, False]),
        (["a2", "b1", last], [True, True, True]),
    ]
    assert trl_rows(jsonl, tmp_path, traps.SIBLINGS, neutral="negative")[-1] == (["a2"], [False])
    assert trl_rows(jsonl, tmp_path, traps.SIBLINGS, siblings=False) == [(["a2", "b1", last], [True, True, True])]


def test_a_found_error_is_the_end_of_its_trl_row_and_no_row_comes_twice(jsonl: Jsonl, tmp_path: Path) -> None:
    expected = [(["Four and four.", "# Answer\n\n9"], [True, False])]
    assert trl_rows(jsonl, tmp_path, traps.FOUND_ERROR, traps.FOUND_ERROR) == expected
    assert trl_rows(jsonl, tmp_path, traps.FOUND_ERROR, siblings=False) == expected


def test_a_human_step_counts_as_right_and_an_unrated_one_ends_the_row(jsonl: Jsonl, tmp_path: Path) -> None:
    rows = trl_rows(jsonl, tmp_path, traps.HUMAN)
    assert rows == [(["wrong"], [False]), (["by hand", "So 5.\n\n# Answer\n\n5"], [True, True])]
    unrated = traps.record(traps.step(traps.completion("a")), traps.step(traps.completion("b", None)), traps.LAST)
    assert trl_rows(jsonl, tmp_path, unrated) == [(["a"], [True])]


def test_a_reward_keeps_its_order_and_its_value(jsonl: Jsonl) -> None:
    data = read(jsonl(REWARDED), "best_of_n", verifier="qwen-rm")
    assert data.scores["reward"].tolist() == [3.5, -800.0] and set(data.scores["verifier"]) == {"qwen-rm"}
    assert data.scores["negative"].tolist() == [[pytest.approx(1 / (1 + np.exp(3.5)))], [1.0]]
    assert data.solutions["steps"].tolist() == [["a", "b"], ["c"]]
    assert data.solutions["answer"].isna().tolist() == [False, True] and data.problems.loc[0, "level"] == 3


def test_real_rewards_give_the_published_rm_at_8(real: Real) -> None:
    data = read(real("best_of_n/qwen25math_100x8.jsonl"), "best_of_n")
    shape = (100, 8)
    correct = data.solutions["is_correct"].to_numpy(dtype=bool).reshape(shape)
    scores = np.array([1 - negative[0] for negative in data.scores["negative"]]).reshape(shape)
    answers = data.solutions["answer"].to_numpy(dtype=object).reshape(shape)
    assert best_of_n(scores, correct, [8])[0] == pytest.approx(0.94)
    first = [
        row.tolist().index(Counter(row).most_common(1)[0][0]) for row in answers
    ]  # ties: the earliest, as published
    assert correct[range(100), first].mean() == pytest.approx(0.93)
    assert majority(answers, correct, [8])[0] == pytest.approx(0.925)  # ties at random: three of the problems tie
    assert pass_at_k(correct, [1, 8]).tolist() == pytest.approx([0.91, 0.96])


def test_the_scores_of_four_prms_are_read(real: Real) -> None:
    data = read(real("best_of_n/gsm8k_bon32.jsonl.gz"), "best_of_n")
    assert (len(data.problems), len(data.solutions), len(data.scores)) == (500, 16_000, 64_000)
    assert set(data.scores["verifier"]) == {"qwen_prm", "math_shepherd", "rlhflow_prm", "skywork_prm"}
