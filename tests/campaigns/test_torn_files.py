"""Files that a kill between opening and writing must not leave half: the write is made to stop in its middle."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stepscale.datasets.study_tables import OptionalTableDataset
from stepscale.labeling.page.tokens import tokens_for
from stepscale.training.checkpoints import mark_finished, steps_of_finished


class Killed(BaseException):
    """Stands for the kill."""


def test_a_fit_killed_while_it_notes_its_end_is_not_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(path: Path, text: str) -> None:
        path.touch()
        raise Killed

    monkeypatch.setattr(Path, "write_text", torn)
    with pytest.raises(Killed):
        mark_finished(tmp_path, 12)
    monkeypatch.undo()
    assert steps_of_finished(tmp_path) is None
    mark_finished(tmp_path, 12)
    assert steps_of_finished(tmp_path) == 12


def test_tokens_of_links_that_were_sent_outlive_a_kill_while_others_are_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "people.tokens.json"
    sent = tokens_for(["ann"], path)

    def torn(value: Any, file: Any, **options: Any) -> None:
        file.write("{")
        raise Killed

    monkeypatch.setattr(json, "dump", torn)
    with pytest.raises(Killed):
        tokens_for(["ann", "bob"], path)
    monkeypatch.undo()
    assert tokens_for(["ann", "bob"], path)["ann"] == sent["ann"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_half_an_optional_table_is_never_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(frame: pd.DataFrame, path: Path, **options: Any) -> None:
        Path(path).write_bytes(b"PAR1")
        raise Killed

    table = "stepscale.formats.tables.PROBLEMS"
    dataset = OptionalTableDataset(filepath=str(tmp_path / "08" / "problems.parquet"), table=table)
    monkeypatch.setattr(pd.DataFrame, "to_parquet", torn)
    frame = pd.DataFrame({"problem_id": ["a"], "problem": ["1+1?"]})
    with pytest.raises(Killed):
        dataset.save(frame)
    monkeypatch.undo()
    assert not dataset.exists() and dataset.load().empty
