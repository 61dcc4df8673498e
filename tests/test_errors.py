"""What a user is told is one line that any terminal shows, whatever names and values it repeats."""

import pickle
from pathlib import Path

import pytest

from stepscale.errors import InputError
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
