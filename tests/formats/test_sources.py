"""Where records come from: missing, empty, folder, Parquet and hub sources, unknown formats and options."""

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import stepscale
from stepscale.errors import InputError
from stepscale.formats import READABLE_FORMATS, Tables, hub, iter_records, read, write
from stepscale.hub_names import is_hub_model

Jsonl = Callable[..., Path]
PROBLEM = {"problem": "1+1", "answer": "2"}


def test_a_missing_file_an_empty_file_and_an_empty_folder_are_one_line_each(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n\n")
    (tmp_path / "folder").mkdir()
    for path, reason in (
        (tmp_path / "none.jsonl", "there is no such file or folder"),
        (tmp_path / "empty.jsonl", "no records found"),
        (tmp_path / "folder", "the folder holds no .jsonl"),
    ):
        with pytest.raises(InputError, match=reason) as caught:
            read(path, "math")
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_of_bad_lines_only_is_an_error_even_when_they_are_skipped(jsonl: Jsonl) -> None:
    with pytest.raises(InputError, match=r"none of 2 lines could be read, the first: .*:1: key 'problem' is missing"):
        read(jsonl({"a": 1}, {"b": 2}), "math", on_error="skip")
    with pytest.raises(InputError, match=r"no records found \(1 bad lines"):
        read(jsonl("{"), "math", on_error="skip")


def test_a_truncated_gzip_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "half.jsonl.gz"
    import gzip

    path.write_bytes(gzip.compress(json.dumps(PROBLEM).encode() * 100)[:-20])
    with pytest.raises(InputError, match=r"half.jsonl.gz cannot be read"):
        read(path, "math")


def test_a_byte_order_mark_and_blank_lines_are_not_bad_lines(tmp_path: Path) -> None:
    path = tmp_path / "bom.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(PROBLEM).encode() + b'\r\n\r\n{"problem": "2+2"}')
    assert len(read(path, "math").problems) == 2


@pytest.mark.parametrize("line", [b'{"problem": "\xff"}', b'{"problem": "\\ud800"}', b'{"problem": ', b"nul\x00"])
def test_bytes_that_are_no_text_are_bad_lines(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(json.dumps(PROBLEM).encode() + b"\n" + line + b"\n")
    with pytest.raises(InputError, match=r"bad.jsonl:2: not JSON"):
        read(path, "math")
    assert read(path, "math", on_error="skip").skipped == 1


def test_json_lists_and_json_lines_named_json_are_both_read(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps([PROBLEM, PROBLEM], indent=1))
    (tmp_path / "lines.json").write_text(json.dumps(PROBLEM) + "\n" + json.dumps(PROBLEM) + "\n")
    assert len(list(iter_records(tmp_path / "list.json"))) == len(list(iter_records(tmp_path / "lines.json"))) == 2
    (tmp_path / "bad.json").write_text('[{"a": 1},\n {"a": }]')
    with pytest.raises(InputError, match=r"bad.json:2: not JSON"):
        list(iter_records(tmp_path / "bad.json"))


def test_records_in_parquet_are_read_like_lines(tmp_path: Path) -> None:
    pd.DataFrame([{"prompt": "p", "completions": ["x", "y"], "labels": [True, False]}]).to_parquet(
        tmp_path / "t.parquet"
    )
    assert read(tmp_path / "t.parquet", "trl_stepwise").step_labels["rating"].tolist() == [1, -1]
    (tmp_path / "bad.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match=r"bad.parquet: not a Parquet file"):
        read(tmp_path / "bad.parquet", "trl_stepwise")


def test_unknown_formats_options_and_modes_name_those_there_are(jsonl: Jsonl, tmp_path: Path) -> None:
    path = jsonl(PROBLEM)
    for call, reason in (
        (lambda: read(path, "maths"), "cannot read it; choose one of prm800k, math"),
        (lambda: read(path, "math", spilt="test"), "math: there is no option 'spilt'; it has config, on_error, split"),
        (lambda: read(path, "math", split=5), "math: split is 5; Input should be a valid string"),
        (lambda: read(path, "best_of_n", verifier=""), "best_of_n: verifier is blank"),
        (lambda: read(path, "math", on_error="ignore"), "on_error is 'ignore'; choose 'raise' or 'skip'"),  # type: ignore[arg-type]
        (lambda: write(read(path, "math"), tmp_path / "x", "processbench"), "cannot write it"),
        (
            lambda: write(read(path, "math"), tmp_path / "x", "trl_stepwise", neutral="no"),
            "choose 'positive' or 'negative'",
        ),
        (lambda: read(tmp_path, "parquet"), "no problems.parquet there"),
    ):
        with pytest.raises(InputError, match=reason):
            call()


def test_a_hub_data_set_is_read_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = []

    def load_dataset(name: str, config: str | None, split: str | None, **pinned: str) -> object:
        requests.append((name, config, split, *pinned.values()))
        return [PROBLEM] if split else {"train": [PROBLEM], "test": [{"problem": "2+2"}]}

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))
    monkeypatch.setattr(hub, "ask_hub", lambda *_: "there")
    assert len(read("hf://some/math", "math").problems) == 2
    assert read("hf://some/math", "math", split="train", config="all").problems["split"].tolist() == ["train"]
    assert requests == [("some/math", None, None), ("some/math", "all", "train")]
    assert len(read("some/math", "math").problems) == 2  # no such folder is here
    for source in ("some/math@v1.0", "hf://some/math@v1.0"):
        assert len(read(source, "math").problems) == 2
        assert requests[-1] == ("some/math", None, None, "v1.0"), "a revision is pinned"
    with pytest.raises(InputError, match="not a hub name"):
        read("hf://a/b/c", "math")


def test_a_hub_data_set_that_cannot_be_had_is_one_line_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_dataset(*args: object, **options: object) -> object:
        raise ConnectionError("Couldn't reach the Hub\n(offline)")

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))
    monkeypatch.setattr(hub, "ask_hub", lambda *_: "no answer")
    with pytest.raises(InputError) as caught:
        read("hf://Qwen/ProcessBench", "processbench")
    message = str(caught.value)
    with pytest.raises(InputError, match="no such file or folder is here, and not to be had from the Hugging Face hub"):
        read("data/math", "math")
    assert "hf://Qwen/ProcessBench" in message and "offline" in message and "give its file or folder" in message
    assert "\n" not in message


def test_without_an_answer_of_the_hub_the_cache_is_read_and_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    modes = []
    constants = pytest.importorskip("huggingface_hub", reason="the hub's package is an extra").constants
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)

    def load_dataset(*_: object, **__: object) -> object:
        modes.append(constants.is_offline_mode())
        return [PROBLEM]

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))
    for answer in ("no answer", "there"):
        monkeypatch.setattr(hub, "ask_hub", lambda *_, answer=answer: answer)
        assert len(read("hf://some/math", "math").problems) == 1
    assert modes == [True, False] and not constants.is_offline_mode()


TOO_LONG = ["n" * 256, "folder/" + "n" * 256, "owner/" + "n" * 260, "o" * 260 + "/name", "n" * 5000, "~" + "n" * 300]


@pytest.mark.parametrize("name", TOO_LONG)
def test_a_name_that_no_file_can_have_is_one_line_in_every_format(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("folder", "owner"):
        Path(folder).mkdir()
    for format in READABLE_FORMATS:
        with pytest.raises(InputError, match=r"cannot be opened \(File name too long\); check the path"):
            read(name, format)
    with pytest.raises(InputError, match=r"cannot be opened \(File name too long\); check the path"):
        stepscale.evaluate(name)
    with pytest.raises(InputError, match=r"cannot be opened \(File name too long\); check the path"):
        is_hub_model("A" * 300)


@pytest.mark.parametrize(
    "name", ["-x", "--", "a\nb", "\u00fc\u4e2d", "e\u0301", "\udcff", "a b", "~x", "hf:x", "*", "n" * 249]
)
def test_odd_names_that_a_file_can_have_are_written_and_read(name: str, tmp_path: Path) -> None:
    tables = read_math_problem(tmp_path)
    path = tmp_path / "out" / f"{name}.jsonl"
    write(tables, path, "math")
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert read(path, "math").problems["problem"].tolist() == ["1+1?"]
    assert read(path.parent, "math").problems["problem"].tolist() == ["1+1?"]
    write(tables, tmp_path / name, "parquet")
    assert read(tmp_path / name, "parquet").problems["problem"].tolist() == ["1+1?"]


def read_math_problem(folder: Path) -> Tables:
    """A table of one problem."""
    path = folder / "problem.jsonl"
    path.write_text(json.dumps({"problem": "1+1?", "answer": "2", "solution": "It is 2.", "unique_id": "a"}))
    return read(path, "math")
