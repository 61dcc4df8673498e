"""lm-evaluation-harness's logged samples: their shape and its traps."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stepscale import evaluate
from stepscale.errors import InputError
from stepscale.formats import read

Jsonl = Callable[..., Path]

LINE = {
    "doc_id": 0,
    "doc": {"question": "1+1?", "answer": "Add.\n#### 2"},
    "target": "Add.\n#### 2",
    "arguments": {"gen_args_0": {"arg_0": "Q: 0+0?\nA: 0\n\nQ: 1+1?\nA:", "arg_1": {"until": ["Q:"]}}},
    "resps": [["Add.\n\nThe answer is 2.", "The answer is 3.", "None"]],
    "filtered_resps": ["2"],
    "filter": "score-first",
    "metrics": ["exact_match"],
    "doc_hash": "0",
    "exact_match": 1.0,
}


def test_all_responses_are_samples_once_however_many_filters_repeat_them(jsonl: Jsonl) -> None:
    path = jsonl(LINE, {**LINE, "filter": "maj@3", "exact_match": 0.0})
    data = read(path, "lm_eval", generator="m")
    assert len(data.problems) == 1 and data.problems.loc[0, ["problem", "answer"]].tolist() == ["1+1?", "2"]
    assert data.solutions["steps"].tolist() == [["Add.", "The answer is 2."], ["The answer is 3."], []]
    assert data.solutions["is_correct"].tolist() == [True, False, False], (
        "a metric of all responses is not a verdict on one"
    )
    assert data.solutions["answer"].isna().tolist() == [False, False, True], "a null response is written as None"
    assert set(data.solutions["generator"]) == {"m"} and data.scores.empty
    assert read(path, "lm_eval", filter="maj@3").solutions["answer"].dropna().tolist() == ["2", "3"]
    with pytest.raises(InputError, match=r"no line has the filter 'best'; choose one of maj@3, score-first"):
        read(path, "lm_eval", filter="best")


def test_several_files_of_one_task_are_further_samples_of_its_problems(jsonl: Jsonl, tmp_path: Path) -> None:
    first = jsonl(LINE)
    second = tmp_path / "second.jsonl"
    second.write_bytes(first.read_bytes())
    data = read([first, second], "lm_eval")
    assert data.solutions["sample_id"].tolist() == list(range(6)) and len(data.problems) == 1


def test_the_folder_that_a_run_leaves_is_read_with_its_summary_beside_the_samples(jsonl: Jsonl, tmp_path: Path) -> None:
    run = tmp_path / "out" / "model__name"
    run.mkdir(parents=True)
    jsonl(LINE, name="out/model__name/samples_gsm8k_cot_2026-08-21T19-56-54.jsonl")
    summary = run / "results_2026-08-21T19-56-54.json"
    summary.write_text(json.dumps({"results": {"gsm8k_cot": {"exact_match": 0.5}}, "configs": {}}, indent=2))
    assert read(tmp_path / "out", "lm_eval").solutions["sample_id"].tolist() == [0, 1, 2]
    assert evaluate(tmp_path / "out", bootstrap=2).attrs["format"] == "lm_eval"
    with pytest.raises(InputError, match="results without samples; run lm_eval with --log_samples"):
        read(summary, "lm_eval")


@pytest.mark.parametrize(
    ("target", "gold"),
    [
        ("18", "18"),
        ("First.\n#### 1,800", "1,800"),
        ("It is $\\boxed{\\frac12}$.", "\\frac12"),
        ("We add.\nThen it is 7.", None),
        ("x" * 300, None),
    ],
)
def test_the_gold_answer_is_taken_out_of_a_target_and_never_guessed(
    jsonl: Jsonl, target: str, gold: str | None
) -> None:
    answer = read(jsonl({**LINE, "target": target}), "lm_eval").problems["answer"]
    assert (None if answer.isna()[0] else answer[0]) == gold


def test_a_document_of_another_shape_is_asked_by_named_keys_or_by_its_prompt(jsonl: Jsonl) -> None:
    doc = {"text": "1+1?", "gold": 2, "unique_id": "a", "level": "hard", "type": "Algebra"}
    line = {**LINE, "doc": doc, "target": "['2', 'two']"}
    data = read(jsonl(line), "lm_eval", problem="text", answer="gold")
    assert data.problems.loc[0, ["problem_id", "problem", "answer", "subject"]].tolist() == [
        "a",
        "1+1?",
        "2",
        "Algebra",
    ]
    assert data.problems["level"].isna().all()
    assert read(jsonl(line), "lm_eval").problems.loc[0, "problem"].startswith("Q: 0+0?"), "few-shot examples and all"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({**LINE, "resps": [[["-1.5", "True"]], [["-2.5", "False"]]]}, "multiple choice has no samples"),
        ({**LINE, "resps": [[["-1.5", "True"]]]}, "multiple choice has no samples"),
        ({**LINE, "resps": []}, "not a list per request"),
        ({**LINE, "resps": "text"}, "not a list per request"),
        ({**LINE, "filter": None}, "'filter' is NoneType"),
        ({key: value for key, value in LINE.items() if key != "doc"}, "key 'doc' is missing"),
    ],
)
def test_a_bad_line_is_named_with_its_reason(jsonl: Jsonl, bad: Any, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        read(jsonl(bad), "lm_eval")
    assert ":1: " in str(caught.value) and reason in str(caught.value)


def test_a_document_that_only_another_filter_has_is_not_lost_in_silence(jsonl: Jsonl) -> None:
    other = {**LINE, "doc_id": 7, "doc": {**LINE["doc"], "question": "7+7?"}, "filter": "misspelled"}
    path = jsonl(LINE, other)
    with pytest.raises(InputError, match=r"data.jsonl:2: document \w+ has lines of the filter 'misspelled' alone"):
        read(path, "lm_eval")
    tables = read(path, "lm_eval", on_error="skip")
    assert tables.skipped == 1 and len(tables.problems) == 1
    assert len(read(jsonl(LINE, {**LINE, "filter": "another"}), "lm_eval").problems) == 1


def test_files_of_two_tasks_that_use_one_id_for_different_problems_are_refused(jsonl: Jsonl) -> None:
    docs = [{"problem": text, "problem_id": 1} for text in ("1+1?", "2+2?")]
    with pytest.raises(InputError, match=r":2: '1' is the id of another problem too"):
        read(jsonl(*({**LINE, "doc": doc} for doc in docs)), "lm_eval")
