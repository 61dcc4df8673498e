"""Folders of which a part is gone: a split, or what a link led to. Each is one line, and nothing is left out in silence."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stepscale.errors import InputError
from stepscale.formats import read

Jsonl = Callable[..., Path]
RECORDS = [{"problem": f"{i}+{i}", "answer": str(2 * i)} for i in range(3)]


def problems(source: Path, **options: Any) -> list[str]:
    return read(source, "math", **options).problems["problem"].tolist()


@pytest.fixture
def splits(tmp_path: Path) -> Path:
    """A folder of two saved splits."""
    datasets = pytest.importorskip("datasets")
    parts = {"train": datasets.Dataset.from_list(RECORDS[:2]), "test": datasets.Dataset.from_list(RECORDS[2:])}
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "saved")
    return tmp_path / "saved"


@pytest.mark.parametrize("is_empty", [False, True])
@pytest.mark.parametrize("above", [False, True])
def test_a_split_that_is_gone_is_named(splits: Path, is_empty: bool, above: bool) -> None:
    assert problems(splits) == ["2+2", "0+0", "1+1"]
    shutil.rmtree(splits / "test")
    if is_empty:
        (splits / "test").mkdir()
    with pytest.raises(InputError) as caught:
        problems(splits.parent if above else splits)
    message = str(caught.value)
    assert message.startswith(f"{splits / 'test'}: this split is absent, though dataset_dict.json names it")
    assert message.endswith("copy the whole folder, or read one split with split=")
    assert problems(splits, split="train") == ["0+0", "1+1"], "no other split was asked for"


@pytest.mark.parametrize(
    "content", ["[]", "{}", '{"splits": null}', '{"splits": {"a": 1}}', '{"splits": [1]}', "no JSON"]
)
def test_a_listing_of_another_library_names_no_splits(jsonl: Jsonl, content: str) -> None:
    (jsonl(*RECORDS).parent / "dataset_dict.json").write_text(content)
    assert len(problems(jsonl(*RECORDS).parent)) == 3


@pytest.mark.parametrize("name", ["sub", "part-00000", "a.txt", "b.jsonl", "README.md", "state.json"])
def test_a_broken_link_of_any_name_stops_the_reading(jsonl: Jsonl, name: str) -> None:
    folder = jsonl(*RECORDS).parent
    (folder / name).symlink_to(folder / "nowhere")
    with pytest.raises(InputError, match=f"{name}: the link leads nowhere; mend or remove it"):
        problems(folder)
    (folder / name).unlink()
    (folder / ".hidden").symlink_to(folder / "nowhere")
    assert len(problems(folder)) == 3


def test_a_link_to_a_folder_is_followed(jsonl: Jsonl, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder, elsewhere = jsonl(*RECORDS).parent, tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "more.jsonl").write_text(json.dumps({"problem": "7+7"}) + "\n")
    (folder / "sub").symlink_to(elsewhere)
    assert "7+7" in problems(folder)
