"""What a user is told is one line that any terminal shows, whatever names and values it repeats."""

import pickle
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from stepscale.errors import InputError, describe_validation_error
from stepscale.formats import read
from stepscale.formats.fields import ReadError


@pytest.mark.parametrize(
    "name", ["a\nb.jsonl", "a\r\nb.jsonl", "a\u2028b.jsonl", "a\x0bb.jsonl", "\ud800b.jsonl", "a\udcffb.jsonl"]
)
def test_a_name_with_line_ends_or_half_characters_is_told_in_one_printable_line(name: str, tmp_path: Path) -> None:
    for path in (name, tmp_path / name):
        with pytest.raises(InputError, match="there is no such file or folder") as caught:
            read(path, "math")
        line = str(caught.value)
        assert len(line.splitlines()) == 1 and line.encode() and "b.jsonl" in line


def test_an_error_comes_whole_out_of_another_process() -> None:
    for error in (InputError("one line"), ReadError("one line", good=3)):
        assert str(pickle.loads(pickle.dumps(error))) == "one line"


def test_a_file_in_the_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "x.jsonl").write_text('{"problem": "1+1?", "answer": "2"}')
    for path in ("~/x.jsonl", Path("~/x.jsonl"), ["~/x.jsonl"]):
        assert len(read(path, "math").problems) == 1


class Counts(BaseModel):
    """Something that pydantic checks."""

    model_config = ConfigDict(extra="forbid")
    samples: int | list[int]


def test_faults_that_pydantic_finds_are_told_by_their_keys_all_of_them_or_the_first() -> None:
    with pytest.raises(ValidationError) as caught:
        Counts.model_validate({"samples": "x", "sampels": 1})
    every = describe_validation_error(caught.value)
    assert every.startswith("samples.int: ") and every.endswith("; sampels: unknown key") and "list[int]" not in every
    assert describe_validation_error(caught.value, first_only=True) == every.split("; ")[0]
    assert "samples.list[int]: " in (verbatim := describe_validation_error(caught.value, verbatim=True))
    assert verbatim.endswith("sampels: Extra inputs are not permitted")
