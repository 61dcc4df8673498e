"""A gold answer as GSM8K writes it, a solution whose last line is `#### 2`, is read as 2 in every format that has golds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prm800k_records import LAST, record

from stepscale import evaluate
from stepscale.formats import read
from stepscale.formats.gold_answers import gold_answer

Jsonl = Callable[..., Path]
Record = dict[str, Any]

GSM8K = "1+1 is <<1+1=2>>2.\nIt is so.\n#### 2"
DOC = {"question": "1+1?", "answer": GSM8K}
POOL = {"steps": [{"index": 0, "text": "2"}], "extracted_answer": "2"}
JOINED = {"answer": "2", "author_is_correct": True, "n_steps": 1, "step_scores": {"prm": [0.5]}}
SCORED = {"steps": ["2"], "rating_probs": [{"1": 1.0, "0": 0.0, "-1": 0.0}], "answer": "2", "is_correct": True}
FORMATS: list[tuple[str, Record, Record]] = [
    ("sample_lines", {"problem": "1+1?", "answer": GSM8K, "completion": "#### 2"}, {}),
    ("sample_lines", {"question": "1+1?", "target": GSM8K, "prediction": "2"}, {}),
    ("math", {"problem": "1+1?", "answer": GSM8K}, {}),
    ("search_and_learn", {"problem": "1+1?", "answer": GSM8K, "completions": ["#### 2"], "scores": [[0.5]]}, {}),
    ("scored_samples", {"problem": "1+1?", **SCORED, "orm_score": 0.5, "ground_truth_answer": GSM8K}, {}),
    ("prm800k", record(LAST, question={"problem": "1+1?", "ground_truth_answer": GSM8K}), {}),
    (
        "prmbench",
        {"modified_question": "1+1?", "modified_process": ["2"], "error_steps": [], "ground_truth": GSM8K},
        {},
    ),
    ("best_of_n", {"problem_id": "a", "question": "1+1?", "gold_answer": GSM8K, "candidates": [JOINED]}, {}),
    ("best_of_n", {"problem_id": "a", "candidates": [{"problem": {**DOC, "ground_truth": GSM8K}, **POOL}]}, {}),
    ("lm_eval", {"doc_id": 0, "doc": DOC, "target": GSM8K, "filter": "none", "resps": [["#### 2"]]}, {}),
    ("lm_eval", {"doc_id": 0, "doc": DOC, "target": "?", "filter": "none", "resps": [["2"]]}, {"answer": "answer"}),
    ("openr", {"question": "1+1?", "groundtruth": GSM8K, "result": {}, "output": [{"text": "2", "value": [0.5]}]}, {}),
]


@pytest.mark.parametrize(("format", "line", "options"), FORMATS)
def test_a_gold_answer_of_gsm8k_is_the_value_of_its_last_line(
    jsonl: Jsonl, format: str, line: Record, options: Record
) -> None:
    assert read(jsonl(line), format, **options).problems["answer"].tolist() == ["2"]


def test_samples_are_graded_against_the_value(jsonl: Jsonl) -> None:
    lines = [{"problem": f"{n}+1?", "answer": f"It is so.\n#### {n + 1}", "completion": "#### 2"} for n in range(2)]
    path = jsonl(*lines)
    assert read(path, "sample_lines").solutions["is_correct"].tolist() == [False, True]
    assert set(evaluate(path, bootstrap=2)["accuracy"]) == {0.5}


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("2", "2"),
        ("#### 1,234", "1,234"),
        ("It is so.\r\n####  2 \r\n", "2"),
        ("It is so. #### 2", "2"),
        ("#### Why\nIt is so.", "#### Why\nIt is so."),
        ("It is so.\n####", "It is so.\n####"),
        ("x = 1\ny = 2", "x = 1\ny = 2"),
    ],
)
def test_what_marks_no_value_in_its_last_line_stays_as_it_is(jsonl: Jsonl, answer: str, gold: str) -> None:
    line = {"problem": "1+1?", "answer": answer, "completion": "2"}
    assert read(jsonl(line), "sample_lines").problems["answer"].tolist() == [gold]


@pytest.mark.parametrize(
    ("target", "gold"),
    [
        ("First.\n#### 2", "2"),
        ("#### Solution\nIt is $\\boxed{2}$.", "2"),
        ("#### Solution\nIt is 2.", None),
        ("It is 2. ####", None),
    ],
)
def test_a_title_in_a_target_is_no_answer(target: str, gold: str | None) -> None:
    assert gold_answer(target) == gold


def test_lines_of_a_problem_may_have_the_value_and_the_solution_of_gsm8k(jsonl: Jsonl) -> None:
    lines = [{"problem": "1+1?", "answer": gold, "completion": "2"} for gold in (GSM8K, "2")]
    data = read(jsonl(*lines), "sample_lines")
    assert data.problems["answer"].tolist() == ["2"] and len(data.solutions) == 2
