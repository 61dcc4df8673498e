"""Files of several compressed streams: all of them are read, and damage in any of them is told."""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from stepscale.errors import InputError
from stepscale.formats import read

Compress = Callable[[bytes], bytes]

COMPRESS = pytest.mark.parametrize(("ending", "compress"), [(".bz2", bz2.compress), (".xz", lzma.compress)])
_PROBLEMS = 100  # in each part


def part(number: int) -> bytes:
    lines = ({"problem": f"p{_PROBLEMS * number + place}", "answer": "2"} for place in range(_PROBLEMS))
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def count(path: Path, *contents: bytes) -> int:
    path.write_bytes(b"".join(contents))
    return len(read(path, "math").problems)


@COMPRESS
def test_all_streams_of_a_file_are_read(tmp_path: Path, ending: str, compress: Compress) -> None:
    streams = [compress(part(number)) for number in range(3)]
    assert count(tmp_path / f"x.jsonl{ending}", *streams, compress(b""), compress(part(3))) == 4 * _PROBLEMS


@COMPRESS
def test_a_stream_longer_than_any_buffer_is_read_to_its_end(tmp_path: Path, ending: str, compress: Compress) -> None:
    path, n_lines = tmp_path / f"x.jsonl{ending}", 4
    lines = [json.dumps({"problem": f"{number}" * 600_000, "answer": "2"}) + "\n" for number in range(n_lines)]
    path.write_bytes(compress("".join(lines).encode()))
    assert read(path, "math").problems["problem"].str.len().tolist() == [600_000] * n_lines


@COMPRESS
@pytest.mark.parametrize("damaged", [0, 1, 2])
def test_damage_in_any_stream_is_one_line(tmp_path: Path, ending: str, compress: Compress, damaged: int) -> None:
    streams = [bytearray(compress(part(number))) for number in range(3)]
    streams[damaged][len(streams[damaged]) // 2] ^= 4
    with pytest.raises(
        InputError, match=rf"x\.jsonl{ending} cannot be read \(stream {damaged + 1} of the file"
    ) as caught:
        count(tmp_path / f"x.jsonl{ending}", *map(bytes, streams))
    assert "\n" not in str(caught.value)


@COMPRESS
@pytest.mark.parametrize("behind", [b"<html>502</html>\n" * 3, b"x", b"\0\0\0", b"\0" * 4 + b"<html>502</html>"])
def test_what_is_no_stream_behind_one_is_told(tmp_path: Path, ending: str, compress: Compress, behind: bytes) -> None:
    with pytest.raises(InputError, match=rf"x\.jsonl{ending} cannot be read \(.*\); check the download"):
        count(tmp_path / f"x.jsonl{ending}", compress(part(0)), behind)


@COMPRESS
@pytest.mark.parametrize("left", [3, -3])
def test_a_file_that_ends_within_its_second_stream_is_told(
    tmp_path: Path, ending: str, compress: Compress, left: int
) -> None:
    with pytest.raises(InputError, match=r"cannot be read \(the file ends within its stream 2\)"):
        count(tmp_path / f"x.jsonl{ending}", compress(part(0)), compress(part(1))[:left])


@pytest.mark.parametrize("n_zeros", [4, 1 << 20])
def test_zero_bytes_that_pad_an_xz_file_are_no_damage(tmp_path: Path, n_zeros: int) -> None:
    streams = [lzma.compress(part(number)) for number in range(2)]
    assert count(tmp_path / "x.jsonl.xz", streams[0], bytes(n_zeros), streams[1], bytes(n_zeros)) == 2 * _PROBLEMS
    with pytest.raises(InputError, match=rf"stream 1 of the file is followed by {n_zeros + 1} zero bytes"):
        count(tmp_path / "x.jsonl.xz", streams[0], bytes(n_zeros + 1), streams[1])


def test_gzip_members_are_read_and_refused_likewise(tmp_path: Path) -> None:
    members = [gzip.compress(part(number)) for number in range(2)]
    assert count(tmp_path / "x.jsonl.gz", *members) == 2 * _PROBLEMS
    with pytest.raises(InputError, match=r"x\.jsonl\.gz cannot be read "):
        count(tmp_path / "x.jsonl.gz", *members, b"<html>502</html>")
