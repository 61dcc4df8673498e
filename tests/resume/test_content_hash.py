"""Hashes of contents: equal for equal contents however they are held, other for others."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel

from stepscale.resume import content_hash

TABLE = pd.DataFrame({"id": ["a", "b"], "steps": [["x", "y"], []], "value": [0.1, None], "tokens": [[1, 2], [3]]})


def test_a_table_has_the_same_hash_after_it_was_saved(tmp_path: Path) -> None:
    TABLE.to_parquet(tmp_path / "table.parquet")
    assert content_hash(pd.read_parquet(tmp_path / "table.parquet")) == content_hash(TABLE)
    assert content_hash(TABLE.set_axis([7, 8])) == content_hash(TABLE), "the index is no content"


@pytest.mark.parametrize(
    "other",
    [
        TABLE[::-1],
        TABLE.rename(columns={"id": "name"}),
        TABLE.assign(value=[np.nextafter(0.1, 1), None]),
        TABLE.assign(steps=[["x y"], []]),
        TABLE[:1],
    ],
)
def test_another_table_has_another_hash(other: pd.DataFrame) -> None:
    assert content_hash(other) != content_hash(TABLE)


def test_a_folder_is_hashed_by_names_and_bytes_wherever_it_lies(tmp_path: Path) -> None:
    for place in ("here", "there"):
        (tmp_path / place / "deep").mkdir(parents=True)
        (tmp_path / place / "deep" / "file").write_text("x")
    here, there = tmp_path / "here", tmp_path / "there"
    assert content_hash(here) == content_hash(there)
    (there / "deep" / "file").rename(there / "deep" / "other")
    assert content_hash(here) != content_hash(there)


def test_settings_are_hashed_by_value_and_what_has_no_form_is_refused() -> None:
    class Options(BaseModel):
        n: int = 1

    assert content_hash(Options()) == content_hash({"n": 1}) != content_hash(Options(n=2))
    with pytest.raises(TypeError):
        content_hash(object())
