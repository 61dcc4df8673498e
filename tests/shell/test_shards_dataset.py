"""Shards on disk: nothing there is no fault, what is there is whole, and nothing is read before it is asked for."""

from pathlib import Path

import pandas as pd
import pytest

from stepscale.datasets import shards
from stepscale.datasets.shards import ShardsDataset
from stepscale.pipelines.sampling import MANIFEST, manifest, together

TABLE = pd.DataFrame({"a": [1, 2]})


def test_shards_come_back_by_name_and_none_at_first(tmp_path: Path) -> None:
    dataset = ShardsDataset(path=str(tmp_path / "work"))
    assert not dataset.exists()
    assert dataset.load() == {}
    dataset.save({"one": TABLE})
    dataset.save({"two": TABLE})
    found = ShardsDataset(path=str(tmp_path / "work")).load()
    assert set(found) == {"one", "two"}
    pd.testing.assert_frame_equal(found["two"](), TABLE)


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"half")
    assert callable(ShardsDataset(path=str(tmp_path)).load()["broken"])


def test_a_save_that_is_cut_short_leaves_no_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = ShardsDataset(path=str(tmp_path))
    dataset.save({"old": TABLE})
    monkeypatch.setattr(shards.os, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    for name in ("new", "old"):
        with pytest.raises(KeyboardInterrupt):
            dataset.save({name: TABLE[:1]})
    found = dataset.load()
    assert set(found) == {"old"}
    pd.testing.assert_frame_equal(found["old"](), TABLE)


def test_work_is_finished_when_its_list_is_there(tmp_path: Path) -> None:
    dataset = ShardsDataset(path=str(tmp_path))
    dataset.save({"one": TABLE})
    assert not dataset.exists(), "a killed node has shards and no list of them"
    dataset.save({MANIFEST: TABLE})
    assert dataset.exists()


def test_lists_of_several_pieces_come_after_the_last_shard() -> None:
    pieces = [iter([{f"{name}-1": TABLE}, {f"{name}-2": TABLE}, manifest(name)]) for name in ("test", "heldout")]
    made = [list(part) for part in together(*pieces)]
    assert made == [["test-1"], ["test-2"], ["heldout-1"], ["heldout-2"], [f"{MANIFEST}-test", f"{MANIFEST}-heldout"]]
