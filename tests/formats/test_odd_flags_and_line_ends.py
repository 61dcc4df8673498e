"""PRM800K's flags of other types, files whose lines end in CR alone, counts as floats, folders of other tables."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from prm800k_records import LAST, SIBLINGS, record

from stepscale.errors import InputError
from stepscale.formats import Tables, read, write
from stepscale.formats.graded import report_missing

Jsonl = Callable[..., Path]


@pytest.mark.parametrize("finish", ["Solution", "gave_up", "", "stop", "length"])
def test_a_finish_reason_that_prm800k_has_not_is_a_bad_line(jsonl: Jsonl, finish: str) -> None:
    with pytest.raises(InputError, match=r"jsonl:1: 'finish_reason' is .* none of solution, found_error, bad_problem"):
        read(jsonl(record(LAST, finish=finish)), "prm800k")
    tables = read(jsonl(record(LAST, finish=finish), record(LAST, finish=None)), "prm800k", on_error="skip")
    assert tables.skipped == 1 and len(tables.solutions) == 1


@pytest.mark.parametrize("label", [None, True, "solution", 7, [], 0.5])
def test_a_label_that_is_no_object_is_told_in_words_of_the_file(jsonl: Jsonl, label: Any) -> None:
    with pytest.raises(InputError, match=r"'label' is not of the expected type \(\w+, not a JSON object\)"):
        read(jsonl({**record(LAST), "label": label}), "prm800k")


@pytest.mark.parametrize(("gold", "answer"), [(5, "5"), ("", None), (" ", None), (None, None), ("5", "5")])
def test_gold_answers_of_prm800k_are_read_as_those_of_all_formats(jsonl: Jsonl, gold: Any, answer: str | None) -> None:
    problems = read(jsonl(record(LAST, question={"problem": "?", "ground_truth_answer": gold})), "prm800k").problems
    assert problems["answer"].astype(object).where(problems["answer"].notna(), None).tolist() == [answer]


def test_lines_that_end_in_cr_alone_are_lines(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    rows = [json.dumps({"problem": f"{i}+1?", "answer": "2"}) for i in range(3)]
    for end in ("\r", "\r\n", "\n", "\r\r"):
        path.write_bytes(end.join([*rows, ""]).encode())
        assert read(path, "math").problems["problem"].tolist() == ["0+1?", "1+1?", "2+1?"]
    path.write_bytes("\r".join([rows[0], "{broken", rows[2]]).encode())
    with pytest.raises(InputError, match=r"data\.jsonl:2: not JSON"):
        read(path, "math")
    assert read(path, "math", on_error="skip").skipped == 1


@pytest.mark.parametrize(
    ("counts", "expected"), [([7.0, 3], [7, 3]), ([-1.0, 3.0], [None, 3]), ([None, 0.0], [None, 0])]
)
def test_token_counts_that_are_whole_floats_are_whole_numbers(
    jsonl: Jsonl, counts: list[Any], expected: list[int | None]
) -> None:
    sampled = {"question": "1+1?", "gt": "2", "code": ["a", "b"], "pred_score": [0.5, 0.1], "num_tokens": counts}
    tokens = read(jsonl(sampled), "best_of_n").solutions["n_tokens"]
    assert [None if pd.isna(count) else count for count in tokens] == expected
    with pytest.raises(InputError, match=r"holds 7\.5, not a number of tokens \(a whole one, 0 or more\)"):
        read(jsonl({**sampled, "num_tokens": [7.5, 3]}), "best_of_n")


def test_samples_that_are_called_right_without_an_answer_are_told(caplog: pytest.LogCaptureFixture) -> None:
    verdicts = pd.array([True, True, False], "boolean")
    report_missing("x.jsonl", pd.DataFrame({"answer": ["1", None, None], "is_correct": verdicts}))
    assert "they count as wrong; 1 of those without an answer are called right" in caplog.text


def test_tables_of_two_data_sets_never_share_a_folder(jsonl: Jsonl, tmp_path: Path) -> None:
    data, folder = read(jsonl(SIBLINGS), "prm800k"), tmp_path / "tables"
    assert write(data, folder, "parquet") == write(data, folder, "parquet") == 4
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(InputError, match=r"solutions\.parquet is of other data, .* remove it, or give another folder"):
        write(Tables(problems=data.problems), folder, "parquet")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("format", ["math", "prm800k", "trl_stepwise", "parquet"])
def test_a_path_below_a_file_or_too_long_is_one_line(format: str, jsonl: Jsonl, tmp_path: Path) -> None:
    data = read(jsonl(SIBLINGS), "prm800k")
    for path in (tmp_path / "data.jsonl" / "under", tmp_path / ("a" * 300)):
        with pytest.raises(InputError) as caught:
            write(data, path, format)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (None, "'steps' is NoneType where a list is needed"),
        ({}, "'steps' is dict where a list is needed"),
        ("", "'steps' is str where a list is needed"),
        (["x"], "step 1 is str where a JSON object is needed"),
        ([LAST, None], "step 2 is NoneType"),
        ([{**LAST, "completions": {}}], "step 1: completions is not of the expected type .{}, not a list"),
        ([{**LAST, "completions": ""}], "step 1: completions is not of the expected type .'', not a list"),
        ([{**LAST, "completions": ["x"]}], "step 1: a completion is str"),
        ([{**LAST, "human_completion": 5}], "step 1: human_completion is 5, not an object, a string or null"),
        ([{**LAST, "human_completion": False}], "step 1: human_completion is False"),
    ],
)
def test_steps_of_another_shape_are_told_in_words_of_the_file(jsonl: Jsonl, steps: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(jsonl({**record(LAST), "label": {"steps": steps, "finish_reason": "solution"}}), "prm800k")
