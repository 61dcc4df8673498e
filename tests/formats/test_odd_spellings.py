"""Values that files spell in more than one way: Windows line ends, blank answers, integers as answers, whole floats."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stepscale.errors import InputError
from stepscale.formats import read

Jsonl = Callable[..., Path]

TAG = "\u043a\u0438"
MATH = {"problem": "1+1?", "answer": "2", "solution": "\\boxed{2}", "level": 3}
SCORED = {
    "problem": "1+1?",
    "ground_truth_answer": "2",
    "steps": ["a"],
    "answer": "2",
    "is_correct": True,
    "rating_probs": [{"1": 0.7, "0": 0.2, "-1": 0.1}],
    "orm_score": 0.5,
}


def qwen(written: str = "a", gold: Any = "2", answer: Any = None) -> dict[str, Any]:
    answers = {} if answer is None else {"pred": [answer]}
    return {"question": "1+1?", "gt": gold, "code": [written], "pred_score": [0.5], **answers}


def joined(gold: Any = "2", answer: Any = "2", scores: Any = None) -> dict[str, Any]:
    candidate = {"answer": answer, "n_steps": 1, "step_scores": {"prm": [0.5]} if scores is None else scores}
    return {"problem_id": "g", "question": "1+1?", "gold_answer": gold, "candidates": [candidate]}


def learned(written: str = "a", gold: Any = "2", **more: Any) -> dict[str, Any]:
    return {"problem": "1+1?", "answer": gold, "completions": [written], "scores": [[0.5]], **more}


def searched(written: str, answer: Any = None) -> dict[str, Any]:
    output = {"text": written, "value": [0.5], "extracted_answer": answer}
    return {"question": "1+1?", "groundtruth": "\\boxed{2}", "result": {}, "output": [output]}


def logged(written: str = "a", target: Any = "2", **more: Any) -> dict[str, Any]:
    return {"filter": "f", "doc": {"question": "1+1?"}, "target": target, "resps": [[written]], **more}


@pytest.mark.parametrize(
    ("format", "record"),
    [
        ("best_of_n", qwen("Add.\r\n\r\nIt is $\\boxed{2}$.")),
        ("search_and_learn", learned("Add.\r\n\r\nIt is $\\boxed{2}$.")),
        ("openr", searched("Add.\r\n\r\nIt is $\\boxed{2}$.")),
        ("openr", searched(f"Add. {TAG}\r\nIt is $\\boxed{{2}}$. {TAG}\r\n")),
        ("openr", searched(f"Add. {TAG}\nIt is $\\boxed{{2}}$. {TAG}")),
        ("lm_eval", logged("Add.\r\nIt is $\\boxed{2}$.\r\n")),
    ],
)
def test_steps_are_the_same_with_windows_line_ends_and_without_a_last_one(
    jsonl: Jsonl, format: str, record: Any
) -> None:
    solutions = read(jsonl(record), format).solutions
    assert solutions["steps"].tolist() == [["Add.", "It is $\\boxed{2}$."]]
    assert solutions["answer"].tolist() == ["2"] and solutions["is_correct"].tolist() == [True]


@pytest.mark.parametrize(
    ("format", "record"),
    [
        ("best_of_n", qwen(answer=" ")),
        ("best_of_n", joined(answer=" \n")),
        ("openr", searched("no\nanswer", " ")),
        ("scored_samples", {**SCORED, "answer": "  "}),
        ("scored_samples", {key: value for key, value in SCORED.items() if key != "answer"} | {"given_answer": "\t"}),
    ],
)
def test_a_blank_answer_of_a_sample_is_none(jsonl: Jsonl, format: str, record: Any) -> None:
    solutions = read(jsonl(record), format).solutions
    assert solutions["answer"].isna().all() and not solutions["is_correct"].any()


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
@pytest.mark.parametrize(
    ("format", "record"),
    [("best_of_n", qwen), ("best_of_n", joined), ("search_and_learn", learned)],
)
def test_against_a_blank_gold_answer_nothing_is_graded(
    jsonl: Jsonl, format: str, record: Callable[..., Any], blank: str
) -> None:
    data = read(jsonl(record(gold=blank)), format)
    assert data.problems["answer"].isna().all() and data.solutions["is_correct"].isna().all()


def test_a_blank_gold_answer_of_math_is_the_solutions_box(jsonl: Jsonl) -> None:
    assert read(jsonl({**MATH, "answer": " "}), "math").problems["answer"].tolist() == ["2"]


@pytest.mark.parametrize(
    ("format", "record"),
    [
        ("math", {**MATH, "answer": 204}),
        ("best_of_n", qwen(gold=204)),
        ("best_of_n", joined(gold=204)),
        ("search_and_learn", learned(gold=204)),
        ("lm_eval", logged(target=204)),
        ("scored_samples", {**SCORED, "ground_truth_answer": 204}),
    ],
)
def test_a_gold_answer_that_is_an_integer_is_its_digits(jsonl: Jsonl, format: str, record: Any) -> None:
    assert read(jsonl(record), format).problems["answer"].tolist() == ["204"]


@pytest.mark.parametrize(
    "absent", [{"answer": float("nan")}, {"answer": float("nan"), "level": float("nan"), "subject": None}]
)
def test_nan_is_a_missing_value(jsonl: Jsonl, absent: dict[str, Any]) -> None:
    problems = read(jsonl({**MATH, **absent}), "math").problems
    assert problems["answer"].tolist() == ["2"], "that of the solution's box"


@pytest.mark.parametrize("number", [2.5, 10**29, float("inf")])
def test_a_gold_answer_that_may_be_rounded_is_asked_for_in_quotes(jsonl: Jsonl, number: float) -> None:
    with pytest.raises(
        InputError, match=r"data.jsonl:1: 'answer' is the number \S+, perhaps rounded; write the answer in quotes"
    ):
        read(jsonl({**MATH, "answer": number}), "math")
    assert read(jsonl({**MATH, "answer": str(10**29)}), "math").problems["answer"].tolist() == [str(10**29)]


@pytest.mark.parametrize("answer", [True, ["2"], {"a": 1}])
def test_a_gold_answer_of_another_type_is_a_bad_line(jsonl: Jsonl, answer: Any) -> None:
    with pytest.raises(InputError, match=r"data.jsonl:1: 'answer' is \w+ where a string is needed"):
        read(jsonl({**MATH, "answer": answer}), "math")


@pytest.mark.parametrize(("level", "number"), [(3.0, 3), ("Level 3", 3), ("3", 3), (None, None), ("", None)])
def test_a_level_is_read_in_any_spelling(jsonl: Jsonl, level: Any, number: int | None) -> None:
    (read_level,) = read(jsonl({**MATH, "level": level}), "math").problems["level"]
    assert read_level == number if number else str(read_level) == "<NA>"


@pytest.mark.parametrize("level", [3.5, "Level \u00b3", True])
def test_a_level_that_is_no_whole_number_is_a_bad_line(jsonl: Jsonl, level: Any) -> None:
    with pytest.raises(InputError, match=r"data.jsonl:1: level is"):
        read(jsonl({**MATH, "level": level}), "math")


@pytest.mark.parametrize(
    ("format", "record", "key"),
    [
        ("math", {**MATH, "problem": " \n"}, "problem"),
        ("search_and_learn", {**learned(), "problem": ""}, "problem"),
        ("trl_stepwise", {"prompt": " ", "completions": ["a"], "labels": [True]}, "prompt"),
        (
            "processbench",
            {"id": "g-0", "problem": "", "steps": ["a"], "final_answer_correct": True, "label": -1},
            "problem",
        ),
    ],
)
def test_a_blank_problem_is_a_bad_line(jsonl: Jsonl, format: str, record: Any, key: str) -> None:
    with pytest.raises(InputError, match=rf"data.jsonl:1: '{key}' is blank where a problem's text is needed"):
        read(jsonl(record), format)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (joined(scores=[0.5]), r"sample 0: 'step_scores' is \[0.5\], not lists by verifier"),
        (joined(scores={"prm": "0.5"}), "sample 0: the step scores of prm are '0.5', not a list of numbers"),
        ({**joined(), "candidates": None}, "'candidates' is None, not a list of samples"),
    ],
)
def test_scores_of_another_shape_are_named(jsonl: Jsonl, record: Any, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read(jsonl(record), "best_of_n")


@pytest.mark.parametrize("share", [-0.1, 1.5, float("inf")])
def test_rating_probabilities_outside_0_and_1_are_a_bad_line(jsonl: Jsonl, share: float) -> None:
    record = {**SCORED, "rating_probs": [{"1": 0.5, "0": share, "-1": 0.1}]}
    with pytest.raises(InputError, match="'rating_probs' holds a number outside"):
        read(jsonl(record), "scored_samples")


@pytest.mark.parametrize("steps", [True, False])
@pytest.mark.parametrize("share", ["null", "NaN", '"0.5"', "true"])
def test_a_rating_probability_that_is_no_number_is_a_bad_line(jsonl: Jsonl, share: str, steps: bool) -> None:
    line = json.dumps({**SCORED, "prm_score": None, "rating_probs": [{"1": 0.5, "0": 0.1, "-1": "share"}]})
    with pytest.raises(InputError, match=r"data.jsonl:1: 'rating_probs' holds \S+ for '-1' where a number is needed"):
        read(jsonl(line.replace('"share"', share)), "scored_samples", steps=steps)


def test_prompts_of_older_harness_logs_are_read(jsonl: Jsonl) -> None:
    record = {**logged(doc={"x": 1}), "arguments": [["Q: 1+1?", {"until": []}]]}
    assert read(jsonl(record), "lm_eval").problems["problem"].tolist() == ["Q: 1+1?"]


def test_paragraphs_without_text_are_no_steps(jsonl: Jsonl) -> None:
    for written, steps in (("a\n\n\n\nb\n\n ", ["a", "b"]), ("", []), (" \n\n ", [])):
        assert read(jsonl(qwen(written)), "best_of_n").solutions["steps"].tolist() == [steps]
