"""Samples one to a line: any number of verifiers, verdicts or none, in lines, in Parquet, and as JSON texts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stepscale import evaluate
from stepscale.errors import InputError
from stepscale.formats import read

Jsonl = Callable[..., Path]

LINE = {
    "problem": "1+1?",
    "answer": "2",
    "completion": "Add.\n\nIt is 2.",
    "prediction": "2",
    "is_correct": True,
    "scores": {"shepherd": [0.5, 0.75], "orm": 3.5},
    "n_tokens": 12,
}


def lines_of(n_problems: int, n_samples: int) -> list[dict[str, Any]]:
    """Sample i of a problem is right if i is even; one verifier knows it, the other has it the wrong way round."""
    return [
        {
            "question": f"What is {p}+1?",
            "gold_answer": str(p + 1),
            "prediction": str(p + 1 + i % 2),
            "scores": {"good": [0.9, 0.9 - 0.5 * (i % 2)], "bad": [0.9, 0.4 + 0.5 * (i % 2)]},
        }
        for i in range(n_samples)
        for p in range(n_problems)
    ]


def test_a_line_is_a_sample_with_the_scores_of_every_verifier(jsonl: Jsonl) -> None:
    other = {**LINE, "problem": "2+2?", "answer": 4, "prediction": "5", "is_correct": False}
    data = read(jsonl(LINE, other, {**LINE, "scores": None}), "sample_lines", generator="m")
    assert data.problems[["problem", "answer"]].values.tolist() == [["1+1?", "2"], ["2+2?", "4"]]
    solutions = data.solutions.sort_values(["problem_id", "sample_id"])
    of_first = solutions[solutions["problem_id"] == data.problems.loc[0, "problem_id"]]
    assert of_first["sample_id"].tolist() == [0, 1], "lines of a problem need not follow each other"
    assert of_first["steps"].tolist() == [["Add.", "It is 2."]] * 2 and set(solutions["generator"]) == {"m"}
    assert of_first["is_correct"].all() and of_first["n_tokens"].tolist() == [12, 12]
    scores = data.scores[data.scores["problem_id"] == data.problems.loc[0, "problem_id"]].set_index("verifier")
    assert scores.loc["shepherd", "negative"] == [0.5, 0.25] and scores.loc["orm", "reward"] == 3.5


def test_what_a_line_lacks_is_made_from_what_it_has(jsonl: Jsonl) -> None:
    text = {"problem": "1+1?", "answer": "2", "response": "Add.\r\n\r\nSo $\\boxed{2}$."}
    steps = {"problem": "1+1?", "answer": "2", "completion": "", "steps": ["Add.", "So $\\boxed{3}$."], "score": 0.25}
    cut = {**text, "finish_reason": "length"}
    data = read(jsonl(text, steps, cut), "sample_lines")
    assert data.solutions["answer"].tolist()[:2] == ["2", "3"] and data.solutions["is_correct"].tolist()[:2] == [
        True,
        False,
    ]
    assert data.solutions["steps"].tolist()[0] == ["Add.", "So $\\boxed{2}$."]
    assert pd.isna(data.solutions["answer"][2]), "what was cut off has no answer"
    assert data.scores[["sample_id", "verifier", "reward"]].values.tolist() == [[1, "score", 0.25]]


@pytest.mark.parametrize("packing", ["lines", "parquet", "shards", "texts", "windows"])
def test_however_lines_are_packed_the_figures_are_the_same(jsonl: Jsonl, tmp_path: Path, packing: str) -> None:
    lines, folder = lines_of(10, 4), tmp_path / "samples"
    folder.mkdir()
    path = folder / "samples.parquet"
    if packing in ("lines", "windows"):
        text = "".join(json.dumps(line) + "\r\n" for line in lines)
        path = folder / "samples.jsonl"
        path.write_bytes(b"\xef\xbb\xbf" + text.encode() if packing == "windows" else text.encode())
    elif packing == "shards":
        for i, start in enumerate(range(0, len(lines), 15)):
            pd.DataFrame(lines[start : start + 15]).to_parquet(folder / f"train-{i:05d}-of-00003.parquet")
        path = folder
    else:
        texts = [{**line, "scores": json.dumps(line["scores"])} for line in lines]
        pd.DataFrame(texts if packing == "texts" else lines).to_parquet(path)
    curves = evaluate(path, bootstrap=20)
    assert curves.attrs["format"] == "sample_lines" and set(curves["n_problems"]) == {10}
    best = curves[(curves["method"] == "best_of_n") & (curves["n"] == 4) & (curves["aggregation"] == "min")]
    assert best.set_index("verifier")["accuracy"].to_dict() == {"good": 1.0, "bad": 0.0}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({**LINE, "scores": {"a": [3.5]}}, "write a reward as a number, not in a list"),
        ({**LINE, "scores": {"a": [0.5, 3.5]}}, "a step score of a is 3.5, not a number in"),
        ({**LINE, "scores": {"a": {"b": 1}}}, "not a number, and not a list with one per step"),
        ({**LINE, "scores": "0.5; 0.7"}, "'scores' is the text '0.5; 0.7', which holds no JSON"),
        ({**LINE, "is_correct": "yes"}, "'is_correct' is 'yes' where true or false is needed"),
        ({**LINE, "answer": "3"}, "the gold answer is '3', and of an earlier line of the problem '2'"),
        ({**LINE, "problem_id": 1.5}, "the id of the problem is 1.5, not a string or an integer"),
        ({**LINE, "steps": ["a", 2]}, "'steps' is not a list of strings"),
    ],
)
def test_a_bad_line_is_named_with_its_reason_and_adds_nothing(jsonl: Jsonl, bad: Any, reason: str) -> None:
    path = jsonl(LINE, bad)
    with pytest.raises(InputError, match=r"data\.jsonl:2: ") as caught:
        read(path, "sample_lines")
    assert reason in str(caught.value) and "\n" not in str(caught.value)
    data = read(path, "sample_lines", on_error="skip")
    assert (len(data.problems), len(data.solutions), len(data.scores), data.skipped) == (1, 1, 2, 1)


def test_lines_without_a_sample_are_of_another_format_and_are_told_how_samples_look(jsonl: Jsonl) -> None:
    path = jsonl({"problem": "1+1?", "answer": "2", "solution": "It is 2."})
    with pytest.raises(InputError, match=r"data\.jsonl:1: key 'completion' is missing"):
        read(path, "sample_lines")
    with pytest.raises(InputError, match=r"read as math and holds no samples; .*'completion' \(format sample_lines\)"):
        evaluate(path)
