"""Shards on disk: nothing there is no fault, what is there is whole, and nothing is read before it is asked for."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DatasetError

from stepscale.cli import clear_line
from stepscale.datasets import shards, whole
from stepscale.datasets.shards import ShardsDataset
from stepscale.errors import InputError
from stepscale.resume import Made, Piece, PieceError, Recipe, ShardPlan

TABLE = pd.DataFrame({"a": [1, 2]})


def names_in(dataset: ShardsDataset) -> list[str]:
    return [read()["name"].item() for read in dataset.load().values()]


class Work:
    """Plans of pieces, and which of them were made."""

    def __init__(self) -> None:
        self.made_names: list[str] = []

    def plan(self, *names: str, settings: object = 0) -> ShardPlan:
        recipe = Recipe.of("stepscale.cost", inputs={}, settings=settings, seed=0)
        return ShardPlan("working", tuple(Piece(name, recipe, partial(self.make, name)) for name in names))

    def make(self, name: str) -> Made:
        self.made_names.append(name)
        return Made(pd.DataFrame({"name": [name]}))


@pytest.fixture
def dataset(tmp_path: Path) -> ShardsDataset:
    return ShardsDataset(path=str(tmp_path / "work"))


def test_of_a_plan_only_what_is_missing_is_made_and_all_comes_back_in_its_order(dataset: ShardsDataset) -> None:
    work = Work()
    dataset.save(work.plan("b", "a"))
    dataset.save(work.plan("c", "a", "b"))
    assert work.made_names == ["b", "a", "c"]
    assert names_in(dataset) == list(dataset.load()) == ["c", "a", "b"]


def test_pieces_of_another_plan_are_not_loaded_and_not_made_again_when_it_comes_back(dataset: ShardsDataset) -> None:
    work = Work()
    for settings in (0, 1, 0):
        dataset.save(work.plan("a", "b") if settings == 0 else work.plan("a", settings=1))
    assert work.made_names == ["a", "b", "a"] and names_in(dataset) == ["a", "b"]


def test_a_plan_that_was_not_finished_is_not_there_and_neither_is_the_one_before(dataset: ShardsDataset) -> None:
    work = Work()
    dataset.save(work.plan("a"))
    assert dataset.exists()
    first, second = work.plan("a", "b").pieces

    def killed() -> Made:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dataset.save(ShardPlan("working", (first, replace(second, make=killed))))
    assert not dataset.exists()
    dataset.save(work.plan("a", "b"))
    assert work.made_names == ["a", "b"] and dataset.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "5"])
def test_half_a_plan_after_a_power_cut_counts_as_none_and_its_pieces_are_kept(
    dataset: ShardsDataset, tmp_path: Path, content: str
) -> None:
    work = Work()
    dataset.save(work.plan("a"))
    (tmp_path / "work" / "plan.json").write_text(content)
    (tmp_path / "work" / "made.jsonl").write_bytes(b"\xff\xfe\n")
    assert not dataset.exists()
    with pytest.raises(DatasetError, match="not finished"):
        dataset.load()
    dataset.save(work.plan("a"))
    assert work.made_names == ["a"] and names_in(dataset) == ["a"]


def test_a_plan_whose_piece_is_gone_is_not_there(dataset: ShardsDataset, tmp_path: Path) -> None:
    work = Work()
    dataset.save(work.plan("a", "b"))
    next((tmp_path / "work").glob("*.parquet")).unlink()
    assert not dataset.exists()
    with pytest.raises(DatasetError, match="not finished"):
        dataset.load()
    dataset.save(work.plan("a", "b"))
    assert len(work.made_names) == 3 and names_in(dataset) == ["a", "b"]


def test_a_piece_cut_short_is_made_again(dataset: ShardsDataset, tmp_path: Path) -> None:
    work = Work()
    dataset.save(work.plan("a"))
    file = next((tmp_path / "work").glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-10])
    dataset.save(work.plan("a"))
    assert work.made_names == ["a", "a"] and names_in(dataset) == ["a"]


def test_a_piece_with_zeros_in_it_is_made_again_and_never_read_as_another_table(
    dataset: ShardsDataset, tmp_path: Path
) -> None:
    table, made_times = pd.DataFrame({"name": [f"n{i}" for i in range(200)], "value": range(200)}), list[int]()
    recipe = Recipe.of("stepscale.cost", inputs={}, settings={}, seed=0)
    piece = Piece("a", recipe, lambda: Made(table, note=0), when_made=made_times.append)
    dataset.save(ShardPlan("working", (piece,)))
    file = next((tmp_path / "work").glob("*.parquet"))
    whole_file, zeros, refusals = file.read_bytes(), bytes(128), list[str]()
    for start in range(0, len(whole_file), len(zeros)):
        file.write_bytes((whole_file[:start] + zeros + whole_file[start + len(zeros) :])[: len(whole_file)])
        try:
            pd.testing.assert_frame_equal(dataset.load()["a"](), table)
        except InputError as error:
            refusals.append(str(error))
            dataset.save(ShardPlan("working", (piece,)))
            pd.testing.assert_frame_equal(dataset.load()["a"](), table)
    assert len(made_times) == 1 + len(refusals) and len(refusals) > len(whole_file) / len(zeros) / 2
    for refusal in refusals:
        assert refusal.startswith(f"{file}: it cannot be read (") and "delete it and run again" in refusal


def test_the_log_says_how_many_were_reused_and_who_made_them(
    dataset: ShardsDataset, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO", "stepscale")
    monkeypatch.setattr(shards, "code_revision", lambda: "abc123+")
    dataset.save(Work().plan("a", "b"))
    dataset.save(Work().plan("a", "b", "c"))
    messages = [record.getMessage() for record in caplog.records]
    assert messages == ["working: 0 of 2 shards reused", "working: 2 of 3 shards reused (made at revision abc123+)"]


def test_what_the_starting_process_is_to_know_of_a_piece_it_is_told_once(dataset: ShardsDataset) -> None:
    notes: list[object] = []
    recipe = Recipe.of("stepscale.cost", inputs={}, settings={}, seed=0)
    piece = Piece("a", recipe, lambda: Made(TABLE, note=7), when_made=notes.append)
    for _ in range(2):
        dataset.save(ShardPlan("working", (piece,)))
    assert notes == [7]


def test_a_fault_of_the_work_is_told_from_one_of_the_saving(dataset: ShardsDataset) -> None:
    def broken() -> Made:
        raise KeyError("a fault")

    recipe = Recipe.of("stepscale.cost", inputs={}, settings={}, seed=0)
    with pytest.raises(DatasetError) as caught:
        dataset.save(ShardPlan("working", (Piece("a", recipe, broken),)))
    assert isinstance(caught.value.__cause__, PieceError)
    assert clear_line(caught.value) is None, "the traceback is for the one who mends it"


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        (whole.ParquetDataset, TABLE, TABLE[:1]),
        (whole.TextDataset, "old", "new"),
        (whole.JSONDataset, {"a": 1}, {"a": 2}),
    ],
)
def test_a_file_whose_saving_is_cut_short_is_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type, old: object, new: object
) -> None:
    dataset = kind(filepath=str(tmp_path / "file"))
    dataset.save(old)
    monkeypatch.setattr("stepscale.scratch.os.replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        dataset.save(new)
    assert str(dataset.load()) == str(old)
