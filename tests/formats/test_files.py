"""Files as they are met: marks, compressions and encodings under any name, damage, folders with other things in them."""

import bz2
import gzip
import json
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from stepscale.errors import InputError
from stepscale.formats import iter_records, read, write

RECORDS = [{"problem": f"{n}+{n}", "answer": str(2 * n)} for n in range(3)]
LINES = "".join(json.dumps(record) + "\n" for record in RECORDS).encode()
BOM = b"\xef\xbb\xbf"


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return bytes(sink.getvalue())


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
    ".zst": zstd,
}


def problems(path: object) -> list[str]:
    return read(path, "math").problems["problem"].tolist()  # type: ignore[arg-type]


def attempt(path: Path, **options: Any) -> list[str] | str:
    """The problems of a file, or the one line of its InputError; any other error comes through."""
    try:
        return read(path, "math", **options).problems["problem"].tolist()
    except InputError as error:
        return str(error)


def one_line(call: Callable[[], object], *words: str) -> str:
    with pytest.raises(InputError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in words), message
    return message


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three problems in x.jsonl."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.jsonl").write_bytes(LINES)
    return tmp_path / "data"


@pytest.mark.parametrize("name", ["x.json", "x.jsonl", "x.json.gz"])
@pytest.mark.parametrize("as_list", [True, False])
def test_a_byte_order_mark_and_a_nan_are_read_alike_in_json_and_in_lines(
    tmp_path: Path, name: str, as_list: bool
) -> None:
    odd = [{**record, "score": float("nan")} for record in RECORDS]
    text = json.dumps(odd, indent=1) if as_list else "\n".join(map(json.dumps, odd)) + "\n"
    content = BOM + text.encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    assert problems(tmp_path / name) == ["0+0", "1+1", "2+2"]


def test_files_with_a_mark_joined_into_one_are_read(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes((BOM + LINES) * 2)
    assert len(list(iter_records(tmp_path / "x.jsonl"))) == 6


@pytest.mark.parametrize(
    "name",
    [
        "a.ndjson",
        "a.jl",
        "a.jsonlines",
        "A.JSONL",
        "a.jsonl.GZ",
        "a.jsonl.zst",
        "a.JSONL.XZ",
        "a.json.bz2",
        "a.json.zst",
    ],
)
def test_every_file_of_a_folder_that_can_be_read_is_read(folder: Path, name: str) -> None:
    compress = next((compressor for ending, compressor in COMPRESS.items() if name.lower().endswith(ending)), bytes)
    (folder / name).write_bytes(compress(b'{"problem": "7+7"}\n'))
    assert sorted(problems(folder)) == ["0+0", "1+1", "2+2", "7+7"]
    assert problems(folder / name) == ["7+7"]


@pytest.mark.parametrize(
    "name",
    [
        "a.csv",
        "a.tsv",
        "a.feather",
        "a.xlsx",
        "a.pkl",
        "a.zip",
        "a.tar.gz",
        "a.jsonl.lz4",
        "a.jsonl.zstd",
        "a.parquet.gz",
        "a.jsonl.part",
        "a.jsonl.1",
        "a.json.bak",
        "a.jsonl.zst.tmp",
        "a.gz",
        "A.CSV",
        "a.pq",
        "a.geojson",
    ],
)
def test_a_file_of_a_folder_that_looks_like_data_and_is_not_read_is_named(folder: Path, name: str) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / name).write_bytes(b"x")
    one_line(lambda: problems(folder), f"deep/{name}", "is not read", "write it as .jsonl")


def test_a_broken_link_is_named_and_a_linked_folder_is_read_once(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "y.jsonl").write_bytes(b'{"problem": "7+7"}\n')
    (folder / "linked").symlink_to(tmp_path / "other")
    (folder / "linked" / "loop").symlink_to(folder)
    assert sorted(problems(folder)) == ["0+0", "1+1", "2+2", "7+7"]
    (folder / "b.jsonl").symlink_to(tmp_path / "gone.jsonl")
    one_line(lambda: problems(folder), "b.jsonl: the link leads nowhere")
    one_line(lambda: problems(folder / "b.jsonl"), "b.jsonl: the link leads nowhere")


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "LICENSE",
        "dataset_infos.json",
        "tokenizer.json",
        "config.json",
        "x.jsonl.sha256",
        "x.jsonl.lock",
        "__MACOSX/._a.jsonl",
        "._x.jsonl",
        ".cache/x.json",
        ".ipynb_checkpoints/x-checkpoint.jsonl",
        "model.safetensors",
    ],
)
def test_what_lies_beside_the_data_is_not_read(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"{}")
    assert len(problems(folder)) == 3


@pytest.mark.parametrize("name", ["part-00000", "a.txt", "a.jsonl~"])
def test_a_file_whose_name_tells_nothing_is_left_out_with_a_warning(
    folder: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / name).write_bytes(b"{}")
    (folder / "README.md").write_bytes(b"# Data")
    assert len(problems(folder)) == 3
    assert [record.getMessage().endswith(f": {name}") for record in caplog.records] == [True]


def test_a_missing_shard_of_save_to_disk_is_named(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.Dataset.from_list(RECORDS).save_to_disk(tmp_path, num_shards=3)
    (tmp_path / "data-00001-of-00003.arrow").unlink()
    one_line(lambda: problems(tmp_path), "data-00001-of-00003.arrow: it is absent", "copy the whole folder")


def test_a_damaged_arrow_file_is_one_line_and_does_not_end_the_process(tmp_path: Path) -> None:
    path, table = tmp_path / "a.arrow", pa.Table.from_pylist(RECORDS * 9)
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    whole = path.read_bytes()
    offsets = whole.index(
        (3).to_bytes(4, "little") + (6).to_bytes(4, "little")
    )  # where each text of three letters ends
    path.write_bytes(whole[:offsets] + b"\xff\xff\xff\x7f" + whole[offsets + 4 :])
    one_line(lambda: problems(path), "a.arrow cannot be read")


def test_folders_of_save_to_disk_are_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    dataset = datasets.Dataset.from_list(RECORDS)
    dataset.save_to_disk(tmp_path / "one", num_shards=2)
    assert problems(tmp_path / "one") == ["0+0", "1+1", "2+2"]
    parts = {"train": dataset.select([0, 1]), "test": dataset.select([2])}
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "two")
    assert sorted(problems(tmp_path / "two")) == ["0+0", "1+1", "2+2"]
    assert read(tmp_path / "two", "math", split="test").problems["problem"].tolist() == ["2+2"]
    one_line(lambda: read(tmp_path / "two", "math", split="dev"), "it has no split 'dev'; choose one of test, train")


def test_arrow_files_are_read(tmp_path: Path) -> None:
    table = pa.Table.from_pylist(RECORDS)
    with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as writer:
        writer.write_table(table)
    assert problems(tmp_path / "a.arrow") == ["0+0", "1+1", "2+2"]


@pytest.mark.parametrize("path", ["", "  ", "a\0b", None, 5, b"x.jsonl", [], [""], [None], {"x.jsonl"}, True])
def test_what_is_no_path_is_one_line(path: Any) -> None:
    """An empty path was the current folder."""
    for call in (
        lambda: read(path, "math"),
        lambda: read(path, "parquet"),
        lambda: iter_records(path),
    ):
        one_line(call, "path is ")


def test_a_path_too_long_for_the_system_is_one_line() -> None:
    one_line(lambda: problems("x" * 5000), "cannot be opened")


@pytest.mark.parametrize("ending", [*COMPRESS])
@pytest.mark.parametrize("name", ["x.jsonl", "x.txt", "x", "x.jsonl.gz"])
def test_a_compression_is_told_by_the_content_and_not_by_the_name(tmp_path: Path, ending: str, name: str) -> None:
    (tmp_path / name).write_bytes(COMPRESS[ending](LINES))
    assert len(problems(tmp_path / name)) == 3


def test_a_plain_file_under_a_compressed_name_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl.gz").write_bytes(LINES)
    assert len(problems(tmp_path / "x.jsonl.gz")) == 3


@pytest.mark.parametrize("name", ["x.jsonl", "x.json", "x.jsonl.gz"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (LINES.decode().encode("utf-16"), "UTF-16"),
        (LINES.decode().encode("utf-16-le"), "UTF-16"),
        (LINES.decode().encode("utf-16-be"), "UTF-16"),
        (LINES.decode().encode("utf-32"), "UTF-16 or UTF-32"),
        (b"PK\x03\x04....", "zip archive"),
        (b"PAR1....", "Parquet"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS"),
        (b"<!DOCTYPE html>\n", "HTML"),
    ],
)
def test_another_kind_of_file_under_the_name_of_lines_is_named_with_the_remedy(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    for on_error in ("raise", "skip"):
        one_line(lambda mode=on_error: read(tmp_path / name, "math", on_error=mode), name, words)


@pytest.mark.parametrize("ending", [*COMPRESS])
def test_a_damaged_file_is_one_line_or_reads_as_text(tmp_path: Path, ending: str) -> None:
    """Whatever bit is wrong, and wherever the file ends, no error of a library comes through."""
    whole = COMPRESS[ending](LINES * 20)
    path = tmp_path / f"x.jsonl{ending}"
    damaged = [whole[:-n] for n in (1, 5, len(whole) // 2)]
    for place in range(4, len(whole)):
        damaged.append(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
    outcomes = []
    for content in damaged:
        path.write_bytes(content)
        outcomes += [attempt(path, on_error=on_error) for on_error in ("raise", "skip")]
    messages = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert len(messages) > len(damaged) and not any("\n" in message for message in messages)


@pytest.mark.parametrize("checksums", [True, False])
def test_a_damaged_parquet_file_is_one_line(tmp_path: Path, checksums: bool) -> None:
    frame = pd.DataFrame({"problem": [f"{n} is a number, é" for n in range(200)], "answer": "1"})
    frame.to_parquet(tmp_path / "x.parquet", write_page_checksum=checksums)
    whole = (tmp_path / "x.parquet").read_bytes()
    outcomes = []
    for place in range(0, len(whole), 29):
        damaged = whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :]
        (tmp_path / "x.parquet").write_bytes(damaged)
        outcomes.append(attempt(tmp_path / "x.parquet"))
    assert not any("\n" in outcome for outcome in outcomes if isinstance(outcome, str))
    wrong = [outcome for outcome in outcomes if isinstance(outcome, list) and outcome != frame["problem"].tolist()]
    assert not (checksums and wrong), "a page's checksum tells every wrong bit of its text"


@pytest.mark.parametrize("name", ["x.parquet", "x.csv", "x.jsonl.zst", "x.jsonl.xz", "x.arrow", "x.txt", "X.PARQUET"])
def test_lines_are_not_written_under_a_name_that_says_something_else(folder: Path, tmp_path: Path, name: str) -> None:
    data = read(folder, "math")
    one_line(lambda: write(data, tmp_path / name, "math"), name, "a name that ends in .jsonl")
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["x.jsonl", "x.JSONL", "x.jsonl.gz", "x.JSONL.GZ", "x.ndjson", "x.json", "x"])
def test_what_is_written_is_read_again_under_any_name_that_is_taken(folder: Path, tmp_path: Path, name: str) -> None:
    assert write(read(folder, "math"), tmp_path / name, "math") == 3
    assert problems(tmp_path / name) == ["0+0", "1+1", "2+2"]


@pytest.mark.parametrize("letter", ["x", "\u00e9"])
def test_the_longest_name_that_a_file_can_have_is_written_and_read(folder: Path, tmp_path: Path, letter: str) -> None:
    name = letter * ((255 - len(".jsonl")) // len(letter.encode())) + ".jsonl"
    path = tmp_path / "out" / name
    write(read(folder, "math"), path, "math")
    assert len(read(path, "math").problems) and [file.name for file in path.parent.iterdir()] == [name]


def test_writing_nothing_or_nowhere_is_one_line(folder: Path, tmp_path: Path) -> None:
    data = read(folder, "math")
    for path in ("", " ", None, 3, b"x"):
        for format in ("math", "parquet", "prm800k", "trl_stepwise"):
            one_line(lambda path=path, format=format: write(data, path, format), "path is ")
    for format in ("prm800k", "trl_stepwise"):
        one_line(lambda format=format: write(data, tmp_path / "x.jsonl", format), "hold nothing that this format")
    one_line(lambda: write(data, tmp_path, "math"), "cannot be written")
    one_line(lambda: write(data, folder / "x.jsonl", "parquet"), "give the name of a folder")
    one_line(lambda: write(None, tmp_path / "x.jsonl", "math"), "Tables are needed, got NoneType")  # type: ignore[arg-type]
    one_line(lambda: write(data, tmp_path / "x.jsonl", None), "format None: cannot write it")  # type: ignore[arg-type]
    assert [entry.name for entry in tmp_path.iterdir()] == ["data"], "nothing is left behind"


def test_a_device_is_not_replaced_by_a_file(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    one_line(lambda: write(read(folder, "math"), tmp_path / "pipe", "math"), "it is not a regular file")
    assert (tmp_path / "pipe").is_fifo()


def test_a_misspelled_table_is_named(folder: Path, tmp_path: Path) -> None:
    write(read(folder, "math"), tmp_path / "tables", "parquet")
    os.link(tmp_path / "tables" / "problems.parquet", tmp_path / "tables" / "solution.parquet")
    one_line(lambda: read(tmp_path / "tables", "parquet"), "solution.parquet", "rename it to solutions.parquet")


@pytest.mark.parametrize("table", ["solutions", "step_labels", "scores"])
def test_rows_of_unknown_problems_or_solutions_are_named(folder: Path, tmp_path: Path, table: str) -> None:
    data = read(folder, "math")
    write(data, tmp_path / "tables", "parquet")
    problem_id = data.problems.loc[0, "problem_id"]
    row = {
        "solutions": {"steps": [["a"]]},
        "step_labels": {"step": 0, "completion": 0, "text": "a", "rating": 1, "is_chosen": True},
        "scores": {"verifier": "prm", "negative": [[0.5]], "neutral": [[0.0]]},
    }[table]
    file = tmp_path / "tables" / f"{table}.parquet"
    pd.DataFrame({"problem_id": ["unknown"], "sample_id": 0, **row}).to_parquet(file)
    one_line(lambda: read(tmp_path / "tables", "parquet"), f"{file}:1: problem_id 'unknown' has no row in problems")
    if table != "solutions":
        pd.DataFrame({"problem_id": [problem_id], "sample_id": 0, **row}).to_parquet(file)
        one_line(lambda: read(tmp_path / "tables", "parquet"), f"{file}:1: ('{problem_id}', 0) has no row in solutions")


def test_of_many_rows_of_a_folder_the_first_of_an_unknown_problem_is_named(folder: Path, tmp_path: Path) -> None:
    data = read(folder, "math")
    write(data, tmp_path / "tables", "parquet")
    ids = [*data.problems["problem_id"].head(2), "unknown", "other"]
    row = {"strategy": "beam", "budget": 1, "answer": "2", "is_correct": True}
    file = tmp_path / "tables" / "predictions.parquet"
    pd.DataFrame({"problem_id": ids, **row}).to_parquet(file)
    one_line(lambda: read(tmp_path / "tables", "parquet"), f"{file}:3: problem_id 'unknown' has no row in problems")


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("name", ["list.jsonl", "list.ndjson", "list.jsonl.gz"])
def test_a_file_of_lines_that_is_one_list_is_read_as_the_datasets_library_reads_it(
    tmp_path: Path, indent: int | None, name: str
) -> None:
    records = [{"problem": "1+1"}, {"problem": "2+2"}]
    text = "\ufeff\n " + json.dumps(records, indent=indent) + "\n"
    (tmp_path / name).write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    assert list(iter_records(tmp_path / name)) == records


@pytest.mark.parametrize("first", ["[1, 2]", '[{"problem": "1+1"}', "[]"])
def test_a_line_that_begins_as_a_list_costs_itself_alone(tmp_path: Path, first: str) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text(first + '\n{"problem": "2+2"}\n')
    assert list(iter_records(path, on_error="skip")) == [{"problem": "2+2"}]
    with pytest.raises(InputError, match=r"lines\.jsonl:1: "):
        list(iter_records(path))


@pytest.mark.parametrize("content", [b"", b"\n \n", b"[]", gzip.compress(b"", mtime=0)])
def test_a_file_of_a_folder_that_holds_nothing_is_warned_of(
    folder: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "half_copied.jsonl").write_bytes(content)
    assert problems(folder) == ["0+0", "1+1", "2+2"]
    assert "no records found in" in caplog.text and "half_copied.jsonl" in caplog.text


@pytest.mark.parametrize("ending", COMPRESS)
def test_a_file_beside_itself_compressed_is_refused_for_its_records_would_come_twice(folder: Path, ending: str) -> None:
    (folder / f"x.jsonl{ending}").write_bytes(COMPRESS[ending](LINES))
    one_line(lambda: problems(folder), f"x.jsonl{ending}", "its compression alone", "move one of them out")
    assert len(problems(folder / f"x.jsonl{ending}")) == 3
    (folder / "sub").mkdir()
    (folder / f"x.jsonl{ending}").rename(folder / "sub" / f"x.jsonl{ending}")
    assert len(list(iter_records(folder))) == 6, "of another folder it may be another file"


def test_the_same_file_given_twice_is_refused_for_its_records_would_come_twice(folder: Path) -> None:
    file = folder / "x.jsonl"
    for twice in ([file, file], [file, str(file)], [file, folder / "." / "x.jsonl"], ["hf://a/b", "hf://a/b"]):
        one_line(lambda twice=twice: read(twice, "math"), "it is given twice", "leave one of them out")


@pytest.mark.parametrize("format", ["math", "prm800k", "parquet"])
def test_an_address_is_not_written_to_as_if_it_were_a_folder_here(
    folder: Path, tmp_path: Path, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = read(folder, "math")
    monkeypatch.chdir(tmp_path)
    one_line(lambda: write(data, "hf://owner/name", format), "hf://owner/name", "only local files are written")
    assert not (tmp_path / "hf:").exists()
