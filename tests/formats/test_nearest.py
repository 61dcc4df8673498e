"""What `evaluate` says of a source that no reader took: the complaint of the reader whose format it is."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stepscale.errors import InputError
from stepscale.evaluation import evaluate
from stepscale.formats import read

LINE = {"problem": "1+1?", "answer": "2", "completion": "It is 2.", "scores": {"prm": [0.5]}}
OTHER_NAMES = {"question": "1+1?", "gold_answer": "2", "response": "It is 2.", "reward": 0.5}


def told(path: Path, format: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        evaluate(path, format)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("line", "change", "complaint"),
    [
        (LINE, {"answer": 1.0}, "'answer' is the number 1.0, perhaps rounded; write the answer in quotes"),
        (LINE, {"answer": True}, "'answer' is bool where a string is needed"),
        (LINE, {"problem": ""}, "'problem' is blank where a problem's text is needed"),
        (LINE, {"subject": 5}, "'subject' is int where a string is needed"),
        (OTHER_NAMES, {"gold_answer": 1.0}, "'gold_answer' is the number 1.0"),
        (OTHER_NAMES, {"question": " "}, "'question' is blank"),
    ],
)
def test_a_bad_value_in_the_first_line_is_told_as_with_the_format_named(
    tmp_path: Path, line: dict[str, Any], change: dict[str, Any], complaint: str
) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps(line | change))
    assert f"samples.jsonl:1: {complaint}" in told(path)
    assert told(path).startswith(told(path, "sample_lines"))
    assert "(read as sample_lines" in told(path)
    path.write_text(json.dumps(line))
    assert evaluate(path, bootstrap=10).attrs["format"] == "sample_lines"


def test_an_absent_key_of_another_format_is_told_only_where_no_format_has_all_of_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps({"problem": "q", "answer": "2", "completions": ["2"]}))
    assert "key 'scores' is missing" in told(path) and "read as search_and_learn" in told(path)
    path.write_text(
        json.dumps({"problem": "q", "answer": "2", "prediction": "2", "is_correct": "yes", "level": "hard"})
    )
    assert "read as sample_lines" in told(path)


def test_problems_alone_are_not_called_samples_that_lack_a_key(tmp_path: Path) -> None:
    path = tmp_path / "problems.jsonl"
    path.write_text(json.dumps({"question": "1+1?", "answer": "2", "split": "test"}))
    assert "sample_lines, the nearest" not in told(path)


@pytest.mark.parametrize("names", [["solutions"], ["scores"], ["solutions", "scores", "predictions"]])
def test_a_folder_of_tables_without_the_problems_is_told_which_file_is_absent(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        pd.DataFrame({"problem_id": ["a"], "sample_id": [0]}).to_parquet(tmp_path / f"{name}.parquet")
    line = f"{tmp_path}: no problems.parquet there; write it beside the others"
    assert told(tmp_path) == told(tmp_path, "parquet") == line


def test_a_folder_without_any_table_is_asked_for_another_folder(tmp_path: Path) -> None:
    pd.DataFrame({"a": ["b"]}).to_parquet(tmp_path / "mine.parquet")
    assert "no format fits its records" in told(tmp_path)
    with pytest.raises(InputError, match=r"no problems\.parquet there; give the folder that holds the tables"):
        read(tmp_path, "parquet")
