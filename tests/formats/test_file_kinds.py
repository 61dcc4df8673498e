"""A file of another kind than its name says is called what it is, with the remedy, whatever its name."""

import gzip
import io
import tarfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import ipc

from stepscale.errors import InputError
from stepscale.formats import iter_records, read

LINE = b'{"problem": "1+1?", "answer": "2"}\n'
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n"


def tar(content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        about = tarfile.TarInfo("data.jsonl")
        about.size = len(content)
        archive.addfile(about, io.BytesIO(content))
    return packed.getvalue()


KINDS = [
    (POINTER, "Git LFS pointer; fetch the file with `git lfs pull`"),
    (b"<!doctype html>\n<html></html>", "HTML page; check the download"),
    (b"\n \r\n<HTML>", "HTML page"),
    (b"\xef\xbb\xbf\n<!-- moved --><html>", "HTML page"),
    (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "XML page, as servers send for an error"),
    (tar(LINE), "tar archive; unpack it"),
    (b"Rar!\x1a\x07\x01\0....", "RAR archive; unpack it"),
    (b"7z\xbc\xaf\x27\x1c....", "7z archive"),
    (LINE.decode().encode("utf-16"), "UTF-16"),
]


def refusal(path: Path) -> str:
    messages = set[str]()
    for on_error in ("raise", "skip"):
        with pytest.raises(InputError) as caught:
            list(iter_records(path, on_error=on_error))  # type: ignore[arg-type]
        messages.add(str(caught.value))
    [message] = messages
    assert message.startswith(f"{path}: not ") and "\n" not in message
    return message


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow", "x.eval", "x.jsonl", "x.json"])
@pytest.mark.parametrize(("content", "words"), KINDS)
def test_the_kind_is_named_under_every_ending(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert words in refusal(tmp_path / name)


@pytest.mark.parametrize(("content", "words"), [*KINDS, (gzip.compress(LINE), "compressed with gzip; unpack it")])
def test_the_kind_of_what_is_compressed_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(content))
    message = refusal(tmp_path / "x.jsonl.gz")
    assert words in message and "what is compressed there is something else" in message


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow", "x.eval"])
def test_lines_and_compressed_files_under_the_name_of_a_table_are_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(LINE)
    assert "it is JSON text; give it the ending .json or .jsonl" in refusal(tmp_path / name)
    (tmp_path / name).write_bytes(gzip.compress(LINE))
    assert "it is compressed with gzip; unpack it" in refusal(tmp_path / name)
    (tmp_path / name).write_bytes(b"something else altogether")
    assert "check the download" in refusal(tmp_path / name)


def test_tables_under_the_name_of_another_are_named(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.parquet").rename(tmp_path / "a.arrow")
    assert "it is a Parquet file; give it the ending .parquet" in refusal(tmp_path / "a.arrow")
    table = pa.table({"a": [1]})
    with ipc.new_file(tmp_path / "b.arrow", table.schema) as writer:
        writer.write_table(table)
    assert list(iter_records(tmp_path / "b.arrow")) == [{"a": 1}]
    (tmp_path / "b.arrow").rename(tmp_path / "b.parquet")
    assert "it is an Arrow file; give it the ending .arrow" in refusal(tmp_path / "b.parquet")


@pytest.mark.parametrize("legacy", [False, True])
def test_streams_of_arrow_are_read_those_of_before_2019_too(tmp_path: Path, legacy: bool) -> None:
    table = pa.table({"a": [1]})
    options = ipc.IpcWriteOptions(use_legacy_format=legacy)
    with ipc.new_stream(tmp_path / "a.arrow", table.schema, options=options) as writer:
        writer.write_table(table)
    assert list(iter_records(tmp_path / "a.arrow")) == [{"a": 1}]


def test_a_pointer_among_the_tables_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "problems.parquet").write_bytes(POINTER)
    with pytest.raises(InputError, match=r"problems\.parquet: not a Parquet file: it is a Git LFS pointer"):
        read(tmp_path, "parquet")


def test_markup_within_a_record_is_no_page(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'\n{"problem": "<html>"}\n')
    assert list(iter_records(tmp_path / "x.jsonl")) == [{"problem": "<html>"}]
