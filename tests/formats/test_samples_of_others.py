"""Samples that other projects published: Qwen2.5-Math, StrictPRMBench, search-and-learn; their shapes and traps."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stepscale.errors import InputError
from stepscale.formats import read
from stepscale.formats.search_and_learn import read_predictions

Jsonl = Callable[..., Path]

QWEN = {
    "question": "1+1?",
    "gt": "2",
    "code": ["It is $\\boxed{2}$.", "$\\boxed{3}$", "no\nanswer"],
    "pred_score": [1.0, 2.0, 0],
}
STEPS = [{"index": 0, "text": "system\nYou are.\nuser\n1+1?\nassistant\nAdd."}, {"index": 1, "text": "It is 2."}]
CANDIDATE = {
    "problem_id": "gsm8k_0",
    "problem": {"id": "gsm8k_0", "question": "1+1?", "ground_truth": "2", "domain": "arithmetic"},
    "raw_text": "...",
    "steps": STEPS,
    "extracted_answer": "2",
    "is_correct": True,
    "num_tokens": 218,
    "model_name": "QwQ-32B",
}
POOL = {
    "problem_id": "gsm8k_0",
    "n": 2,
    "candidates": [CANDIDATE, {**CANDIDATE, "extracted_answer": "3", "is_correct": None}],
}
CACHED = {
    "prm_name": "qwen_prm",
    "problem_id": "gsm8k_0",
    "candidate_index": 1,
    "step_scores": [0.25, 1],
    "is_correct": True,
    "n_steps": 2,
}
LEARN = {
    "problem": "1+1?",
    "answer": "2",
    "subject": "Algebra",
    "level": 1,
    "unique_id": "test/algebra/1.json",
    "completions": ["Add.\n\n$\\boxed{2}$", "$\\boxed{3}$", "no answer\n\nat all"],
    "scores": [[0.75, 1.0], [0.5], [0.25, 0.0]],
    "agg_scores": [1.0, 0.5, 0.0],
    "completion_tokens": [11, 5, 7],
    "pred": "Add.\n\n$\\boxed{2}$",
    "pred_naive@1": "\\boxed{2}",
    "pred_weighted@2": "\\boxed{\\frac{3}{1}}",
    "pred_maj@2": "\\boxed{}",
}


def without(key: str, record: dict[str, Any]) -> dict[str, Any]:
    """The record without one key."""
    return {name: value for name, value in record.items() if name != key}


def test_a_sample_without_a_verdict_is_graded_here(jsonl: Jsonl) -> None:
    for record in (
        {**QWEN, "pred": ["2", "3", ""]},
        {**QWEN, "pred": ["2", "3", None], "score": [True, None, None]},
        {**QWEN, "score": None},
        QWEN,
    ):
        data = read(jsonl(record), "best_of_n")
        assert data.solutions["is_correct"].tolist() == [True, False, False]
        assert data.solutions["answer"].isna().tolist() == [False, False, True]


def test_a_verdict_of_the_file_is_not_graded_again(jsonl: Jsonl) -> None:
    data = read(jsonl({**QWEN, "pred": ["2", "3", ""], "score": [False, True, False]}), "best_of_n")
    assert data.solutions["is_correct"].tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ({"completion_tokens": [7, 0, 3]}, [7, 0, 3]),
        ({"num_tokens": [7, None, -1]}, [7, None, None]),
        ({"completion_tokens": -1}, [None] * 3),
        ({}, [None] * 3),
    ],
)
def test_token_counts_of_a_file_stay_with_their_samples(jsonl: Jsonl, tokens: Any, expected: list[int | None]) -> None:
    counts = read(jsonl({**QWEN, **tokens}), "best_of_n").solutions["n_tokens"]
    assert [None if pd.isna(count) else count for count in counts] == expected


def test_strictprmbench_is_read_as_published_pools_and_scores_together(jsonl: Jsonl, tmp_path: Path) -> None:
    folder = tmp_path / "gsm8k_full"
    folder.mkdir()
    (folder / "gsm8k_000.json").write_text(json.dumps(POOL, indent=2))
    data = read([folder, jsonl(CACHED)], "best_of_n")
    assert data.problems.loc[0, ["problem_id", "problem", "answer", "subject"]].tolist() == [
        *("gsm8k_0", "1+1?", "2", "arithmetic")
    ]
    assert data.solutions["steps"].tolist() == [["Add.", "It is 2."]] * 2  # less the prompt that stands in the first
    assert data.solutions["is_correct"].tolist() == [True, False] and data.solutions["n_tokens"].tolist() == [218, 218]
    assert data.scores[["sample_id", "verifier", "negative"]].values.tolist() == [[1, "qwen_prm", [0.75, 0.0]]]


@pytest.mark.parametrize("scores_first", [True, False])
@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ({"problem_id": "gsm8k_1"}, "scores of sample 1 of problem 'gsm8k_1', which is not there"),
        ({"candidate_index": 2}, "scores of sample 2 of problem 'gsm8k_0', which has 2 samples"),
    ],
)
def test_step_scores_of_a_problem_or_sample_that_is_not_there_are_told_by_file_and_line(
    scores_first: bool, odd: dict[str, Any], reason: str, jsonl: Jsonl, tmp_path: Path
) -> None:
    (tmp_path / "pools").mkdir()
    (tmp_path / "pools" / "gsm8k_0.json").write_text(json.dumps(POOL))
    other = {**CACHED, "prm_name": "other"}
    scores = jsonl(CACHED, {**CACHED, **odd}, {**other, **odd}, other)
    sources = [tmp_path / "pools", scores][:: -1 if scores_first else 1]
    with pytest.raises(InputError) as caught:
        read(sources, "best_of_n")
    assert str(caught.value).startswith(f"{scores}:2: {reason}; correct the line")
    data = read(sources, "best_of_n", on_error="skip")
    assert data.skipped == 2 and data.skip_reasons == (f"{scores}:2: {reason}", f"{scores}:3: {reason}")
    assert data.scores["verifier"].tolist() == ["qwen_prm", "other"] and len(data.solutions) == 2


def test_step_scores_that_are_given_twice_are_told_by_file_and_line(jsonl: Jsonl, tmp_path: Path) -> None:
    (tmp_path / "pools").mkdir()
    (tmp_path / "pools" / "gsm8k_0.json").write_text(json.dumps(POOL))
    scores = jsonl(CACHED, {**CACHED, "prm_name": "other"}, CACHED)
    reason = f"{scores}:3: the scores of sample 1 of problem 'gsm8k_0' by 'qwen_prm' were given before"
    with pytest.raises(InputError) as caught:
        read([tmp_path / "pools", scores], "best_of_n")
    assert str(caught.value).startswith(reason)
    data = read([tmp_path / "pools", scores], "best_of_n", on_error="skip")
    assert data.skip_reasons == (reason,) and data.scores["verifier"].tolist() == ["qwen_prm", "other"]


@pytest.mark.parametrize("lines_first", [True, False])
def test_step_scores_beside_a_joined_record_that_has_them_are_told(lines_first: bool, jsonl: Jsonl) -> None:
    sample = {"answer": "2", "author_is_correct": True, "n_steps": 2, "step_scores": {"qwen_prm": [0.5, 0.5]}}
    pool = {"problem_id": "gsm8k_0", "question": "1+1?", "gold_answer": "2", "model_name": "m", "candidates": [sample]}
    records = [{**CACHED, "candidate_index": 0}, pool]
    with pytest.raises(InputError, match=r":2: the scores of sample 0 of problem .* were given before"):
        read(jsonl(*records[:: 1 if lines_first else -1]), "best_of_n")


def test_scores_of_a_pool_of_one_sample_are_told_in_the_singular(jsonl: Jsonl, tmp_path: Path) -> None:
    (tmp_path / "pools").mkdir()
    (tmp_path / "pools" / "gsm8k_0.json").write_text(json.dumps({**POOL, "n": 1, "candidates": POOL["candidates"][:1]}))
    with pytest.raises(InputError, match="problem 'gsm8k_0', which has 1 sample;"):
        read([tmp_path / "pools", jsonl(CACHED)], "best_of_n")


def test_step_scores_without_their_pools_are_told_as_such(jsonl: Jsonl) -> None:
    with pytest.raises(InputError, match="step scores alone, without the samples; give the folder of pools too"):
        read(jsonl(CACHED), "best_of_n")


def test_a_pool_is_of_one_problem_and_its_steps_are_in_the_order_of_their_numbers(jsonl: Jsonl) -> None:
    other = {**CANDIDATE, "problem": {**CANDIDATE["problem"], "question": "1+2?"}}  # type: ignore[dict-item]
    with pytest.raises(InputError, match="sample 1 is of another question than sample 0"):
        read(jsonl({**POOL, "candidates": [CANDIDATE, other]}), "best_of_n")
    backwards = {**POOL, "candidates": [{**CANDIDATE, "steps": STEPS[::-1]}]}
    assert read(jsonl(backwards), "best_of_n").solutions["steps"].tolist() == [["Add.", "It is 2."]]


def test_search_and_learn_completions_are_read_and_graded(jsonl: Jsonl) -> None:
    data = read(jsonl(LEARN), "search_and_learn", verifier="rlhflow", generator="Llama-3.2-1B-Instruct")
    assert data.solutions["steps"].tolist() == [["Add.", "$\\boxed{2}$"], ["$\\boxed{3}$"], ["no answer", "at all"]]
    assert data.solutions["is_correct"].tolist() == [True, False, False]
    assert data.solutions["n_tokens"].tolist() == [11, 5, 7]
    assert set(data.solutions["generator"]) == {"Llama-3.2-1B-Instruct"}
    assert data.scores["negative"].tolist() == [[0.25, 0.0], [0.5], [0.75, 1.0]]
    assert data.scores["reward"].tolist() == [1.0, 0.5, 0.0] and set(data.scores["verifier"]) == {"rlhflow"}
    assert data.problems.loc[0, ["problem_id", "answer", "level"]].tolist() == ["test/algebra/1.json", "2", 1]


def test_a_dvts_file_has_minus_one_for_all_token_counts_and_no_aggregates(jsonl: Jsonl) -> None:
    record = {key: value for key, value in LEARN.items() if key != "agg_scores"} | {"completion_tokens": -1}
    data = read(jsonl(record), "search_and_learn")
    assert data.solutions["n_tokens"].isna().all() and data.scores["reward"].isna().all()


def test_completions_of_a_search_are_warned_of_for_they_are_no_independent_samples(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name, warned in (("best_of_n", False), ("beam_search", True), ("dvts", True)):
        path = tmp_path / f"{name}_completions.jsonl"
        path.write_text(json.dumps(LEARN) + "\n")
        caplog.clear()
        assert len(read(path, "search_and_learn").solutions) == 3
        assert ("not independent samples" in caplog.text) == warned


def test_what_the_searches_answered_is_a_table_by_strategy_and_budget(jsonl: Jsonl) -> None:
    no_gold = {key: value for key, value in LEARN.items() if key != "answer"} | {"unique_id": "other"}
    table = read_predictions(jsonl(LEARN, no_gold))
    rows = table[["strategy", "budget", "answer", "is_correct"]].astype(object)
    rows = rows.where(rows.notna(), None).values.tolist()
    assert rows[:3] == [["naive", 1, "2", True], ["weighted", 2, "\\frac{3}{1}", False], ["maj", 2, None, False]]
    assert [row[3] for row in rows[3:]] == [None] * 3
    with pytest.raises(InputError, match="there is no key such as 'pred_weighted@4'"):
        read_predictions(jsonl({"problem": "1+1?", "answer": "2"}))


@pytest.mark.parametrize(
    ("format", "bad", "reason"),
    [
        ("best_of_n", {**QWEN, "score": ["true", False, False]}, "verdict is 'true', not true or false"),
        ("best_of_n", {**QWEN, "completion_tokens": [1]}, "one per sample (3) is needed"),
        ("best_of_n", {**QWEN, "completion_tokens": [1, 2, -3]}, "holds -3, not a number of tokens"),
        ("best_of_n", {**QWEN, "num_tokens": ["7", 1, 2]}, "holds '7', not a number of tokens"),
        ("best_of_n", {**QWEN, "num_tokens": [True, 1, 2]}, "holds True, not a number of tokens"),
        ("best_of_n", {**QWEN, "pred_score": [True, 1, 2]}, "one reward is needed, got True"),
        ("best_of_n", {**POOL, "candidates": []}, "'candidates' is empty"),
        ("best_of_n", {**POOL, "candidates": [{**CANDIDATE, "is_correct": "False"}]}, "verdict is 'False'"),
        ("best_of_n", {**POOL, "candidates": [{**CANDIDATE, "problem": "1+1?"}]}, "a JSON object with 'question'"),
        ("best_of_n", without("n_steps", CACHED), "key 'n_steps' is missing"),
        ("best_of_n", without("candidate_index", CACHED), "key 'candidate_index' is missing"),
        ("best_of_n", {**POOL, "candidates": [without("steps", CANDIDATE)]}, "key 'steps' is missing"),
        ("best_of_n", {**POOL, "candidates": [without("extracted_answer", CANDIDATE)]}, "key 'extracted_answer' is"),
        ("best_of_n", {**POOL, "candidates": [without("problem", CANDIDATE)]}, "key 'problem' is missing"),
        ("best_of_n", {**CACHED, "n_steps": 3}, "qwen_prm has 2 scores for 3 steps"),
        ("best_of_n", {**CACHED, "candidate_index": "1"}, "'candidate_index' is '1'"),
        ("best_of_n", {**CACHED, "step_scores": [0.5, 1.5]}, "is 1.5, not a number in [0, 1]"),
        ("search_and_learn", {**LEARN, "scores": [[0.5]]}, "not lists of one length"),
        ("search_and_learn", {**LEARN, "scores": [[0.5], [], [0.5]]}, "sample 1: the step scores are []"),
        ("search_and_learn", {**LEARN, "scores": [[0.5], [1.5], [0.5]]}, "a step score is 1.5"),
        ("search_and_learn", {**LEARN, "agg_scores": [1, "x", 0]}, "agg_scores holds 'x'"),
        ("search_and_learn", {**LEARN, "completions": "a"}, "'completions' is not a list of strings"),
    ],
)
def test_a_bad_record_is_named_with_its_reason(jsonl: Jsonl, format: str, bad: Any, reason: str) -> None:
    path = jsonl(bad)
    with pytest.raises(InputError) as caught:
        read(path, format)
    assert str(caught.value).startswith(f"{path}:1: ") and reason in str(caught.value)


def test_a_problem_whose_samples_stand_in_two_records_is_refused(jsonl: Jsonl) -> None:
    for format, record in (("best_of_n", QWEN), ("best_of_n", POOL), ("search_and_learn", LEARN)):
        with pytest.raises(InputError, match=r":2: the problem .* was given before"):
            read(jsonl(record, record), format)


ODD: list[Any] = [None, True, 3, -1, 0.5, "", "x", [], [None], [1], ["a"], [[]], {}, {"a": 1}, float("nan"), 10**19]
PRM800K = {
    "labeler": "a",
    "timestamp": "t",
    "generation": 1,
    "is_quality_control_question": False,
    "is_initial_screening_question": False,
    "question": {"problem": "1+1?", "ground_truth_answer": "2", "pre_generated_steps": ["a"]},
    "label": {
        "steps": [
            {
                "completions": [{"text": "a", "rating": 1, "flagged": False}],
                "human_completion": {"text": "b", "rating": None, "source": "human", "flagged": False},
                "chosen_completion": 0,
            }
        ],
        "total_time": 3,
        "finish_reason": "solution",
    },
}
LM_EVAL = {
    "doc": {"problem": "1+1?", "id": 1, "level": 1},
    "target": "2",
    "resps": [["It is 2."]],
    "filter": "none",
    "arguments": {"gen_args_0": {"arg_0": "1+1?"}},
}
INSPECT = {
    "id": 1,
    "epoch": 1,
    "input": [{"role": "user", "content": "1+1?"}],
    "target": ["2"],
    "output": {
        "model": "m",
        "choices": [{"message": {"content": [{"type": "text", "text": "2"}]}, "stop_reason": "stop"}],
        "usage": {"output_tokens": 3},
    },
    "scores": {"s": {"value": "C", "answer": "2"}},
    "metadata": {"level": 1},
}
OPENR = {
    "question": "1+1?",
    "groundtruth": "\\boxed{2}",
    "result": {"majority_vote": 1},
    "output": [{"text": "2", "value": [0.5], "completion_tokens": 1, "extracted_answer": "2"}],
}
GOOD = [
    ("prm800k", PRM800K),
    ("best_of_n", {**QWEN, "pred": ["2", "3", "4"], "score": [True, False, False], "level": "Level 3"}),
    ("best_of_n", POOL),
    ("search_and_learn", LEARN),
    ("lm_eval", LM_EVAL),
    ("inspect", INSPECT),
    ("openr", OPENR),
    (
        "sample_lines",
        {
            "problem": "1+1?",
            "answer": "2",
            "completion": "It is 2.",
            "steps": ["It is 2."],
            "prediction": "2",
            "is_correct": True,
            "scores": {"prm": [0.5], "orm": 1.5},
            "score": "[0.5]",
            "n_tokens": 3,
            "finish": "stop",
            "problem_id": "gsm8k_0",
            "level": 1,
        },
    ),
    ("math", {"problem": "1+1?", "solution": "$\\boxed{2}$", "level": 3, "unique_id": "a", "subject": "Algebra"}),
    ("processbench", {"id": "a-0", "problem": "p", "steps": ["a"], "final_answer_correct": True, "label": -1}),
    ("prmbench", {"modified_question": "p", "modified_process": ["a"], "error_steps": [1], "classification": "c"}),
    ("math_shepherd", {"input": "q Step 1: a \u043a\u0438", "label": "q Step 1: a +", "task": "GSM8K"}),
    ("trl_stepwise", {"prompt": "p", "completions": ["a"], "labels": [True]}),
    (
        "scored_samples",
        {
            "problem": "p",
            "unique_id": "a",
            "level": 4,
            "steps": ["a"],
            "answer": "1",
            "is_correct": True,
            "orm_score": 0.5,
            "prm_score": 0.5,
            "rating_probs": [{"1": 0.7, "0": 0.2, "-1": 0.1}],
        },
    ),
]


def with_odd_values(value: Any) -> Iterator[Any]:
    """Copies of a JSON value, each with one odd value in one place."""
    yield from ODD
    if isinstance(value, dict):
        for key, item in value.items():
            yield {name: other for name, other in value.items() if name != key}
            yield from ({**value, key: odd} for odd in with_odd_values(item))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from ([*value[:place], odd, *value[place + 1 :]] for odd in with_odd_values(item))


@pytest.mark.parametrize(("format", "good"), GOOD, ids=lambda value: value if isinstance(value, str) else "")
def test_no_odd_value_in_any_place_is_more_than_a_bad_line(tmp_path: Path, format: str, good: Any) -> None:
    records = list(with_odd_values(good))
    reasons = [
        one for begin in range(0, len(records), 50) for one in refused(tmp_path, format, records[begin : begin + 50])
    ]
    assert len(ODD) <= len(reasons) < len(records), "no record at all is one"
    for reason in reasons:
        assert "\n" not in reason and len(reason) < 1000, reason


def refused(folder: Path, format: str, records: list[Any]) -> list[str]:
    """Why records are bad lines of a file, or why their tables are refused; they are read together, which is quicker.

    Each has a problem of its own, for samples of one problem may be bad beside each other.
    """
    path = folder / "together.jsonl"
    lines = (
        json.dumps(record).replace("1+1?", f"{number}+1?").replace("gsm8k_0", f"gsm8k_{number}") + "\n"
        for number, record in enumerate(records)
    )
    path.write_text("".join(lines))
    try:
        reasons = read(path, format, on_error="skip").skip_reasons
    except InputError as error:
        if len(records) == 1:
            return [str(error)]
        middle = len(records) // 2
        return refused(folder, format, records[:middle]) + refused(folder, format, records[middle:])
    if reasons:
        with pytest.raises(InputError) as caught:
            read(path, format)
        assert str(caught.value).startswith(reasons[0]), "without leave to skip, the first of them is told"
    return list(reasons)


@pytest.mark.parametrize("n", [1, 3, 0, "2", 2.5, True])
def test_a_pool_that_says_another_number_of_candidates_is_read_with_a_warning(
    jsonl: Jsonl, n: Any, caplog: pytest.LogCaptureFixture
) -> None:
    joined = {"answer": "2", "author_is_correct": True, "n_steps": 1, "step_scores": {"prm": [0.5]}}
    flat = {"problem_id": "a", "question": "1+1?", "gold_answer": "2", "candidates": [joined, joined]}
    for pool in (POOL, flat):
        caplog.clear()
        assert len(read(jsonl({**pool, "n": n}), "best_of_n").solutions) == 2
        (said,) = [record.getMessage() for record in caplog.records]
        assert (
            f"1 pools do not hold as many candidates as they say: {pool['problem_id']} says n={n!r} and holds 2" in said
        )
        caplog.clear()
        read(jsonl({**pool, "n": None}), "best_of_n")
        read(jsonl({**pool, "n": 2}), "best_of_n")
        assert not caplog.records
