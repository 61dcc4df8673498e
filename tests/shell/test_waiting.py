"""What a run says about solutions that wait for people."""

import json
import logging
from pathlib import Path

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro_datasets.pandas import JSONDataset

from stepscale.hooks.waiting import say_waiting

ASKED = [{"problem_id": "x", "sample_id": i, "problem": "p", "steps": [f"step {i}"]} for i in range(3)]
CHOOSE = Pipeline([Node(lambda loop: ASKED, inputs="params:loop", outputs="loop_asked_1", name="choose")])
LABEL = Pipeline([Node(lambda requests: requests, inputs="loop_asked_1", outputs="loop_labels_1", name="label")])


def logged_lines(
    folder: Path, labeler: object, caplog: pytest.LogCaptureFixture, pipeline: Pipeline = CHOOSE
) -> list[str]:
    path = folder / "loop_asked_1.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in ASKED))
    loop = {"problems": 1, "per_problem": 1, "budgets": [1], "labeler": labeler}
    catalog = DataCatalog({"params:loop": MemoryDataset(loop), "loop_asked_1": JSONDataset(filepath=str(path))})
    with caplog.at_level(logging.INFO):
        say_waiting(pipeline, catalog)
    return [record.getMessage() for record in caplog.records if record.name == "stepscale.hooks.waiting"]


def test_where_people_label_the_end_of_a_run_tells_how_many_wait_and_the_command(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    people = {"kind": "file", "path": str(tmp_path / "people.jsonl")}
    first, command = logged_lines(tmp_path, people, caplog)
    assert first == "round 1: 3 of 3 solutions wait for labels"
    assert command == f"label them: python -m stepscale label {tmp_path / 'loop_asked_1.jsonl'} --to {people['path']}"


def test_nothing_waits_where_a_program_labels_or_the_run_labeled_them_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert not logged_lines(tmp_path, "symbolic", caplog)
    people = {"kind": "file", "path": str(tmp_path / "people.jsonl")}
    assert not logged_lines(tmp_path, people, caplog, CHOOSE + LABEL)


def test_a_bad_file_of_labels_does_not_fail_a_run_that_is_done(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "people.jsonl").write_text("{}\n")
    (line,) = logged_lines(tmp_path, {"kind": "file", "path": str(tmp_path / "people.jsonl")}, caplog)
    assert "people.jsonl:1: key 'question' is missing" in line
