import json
import os
from pathlib import Path
from typing import Any

import pytest
from served_page import records_in

from stepscale.errors import InputError
from stepscale.labeling.page.store import RecordFile

RECORD: dict[str, Any] = {"labeler": "ann", "question": {"problem": "p"}, "label": {"steps": []}}


def test_a_record_is_on_the_disk_before_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = RecordFile(tmp_path / "people.jsonl")
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append((tmp_path / "people.jsonl").read_bytes()))
    file.append(RECORD)
    assert json.loads(synced[-1]) == RECORD
    file.close()
    assert RecordFile(tmp_path / "people.jsonl").records == [RECORD]


@pytest.mark.parametrize("cut", [1, 10, -2])
def test_a_line_broken_off_by_a_kill_is_set_aside_and_the_rest_stays(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "people.jsonl"
    line = json.dumps(RECORD)
    path.write_text(f"{line}\n{line[:cut]}")
    file = RecordFile(path)
    assert file.records == [RECORD] and (tmp_path / "people.broken").read_text().strip() == line[:cut]
    file.append(RECORD)
    assert records_in(path) == [RECORD, RECORD]


def test_a_whole_last_line_without_its_end_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text(json.dumps(RECORD))
    RecordFile(path).append(RECORD)
    assert records_in(path) == [RECORD, RECORD]


def test_a_bad_line_in_the_middle_and_another_kind_of_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text('{"a": 1}\n' + json.dumps(RECORD) + "\n")
    with pytest.raises(InputError, match=r"people\.jsonl:1: not a PRM800K record"):
        RecordFile(path)
    with pytest.raises(InputError, match=r"ends in \.jsonl"):
        RecordFile(tmp_path / "people.json")


def test_a_file_has_one_writer_at_a_time(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "people.jsonl")
    with pytest.raises(InputError, match="in use by another labeling server"):
        RecordFile(tmp_path / "people.jsonl")
    file.close()
    RecordFile(tmp_path / "people.jsonl").close()


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = RecordFile(tmp_path / "people.jsonl")
    file.append(RECORD)
    write = os.write

    def half(handle: int, data: bytes) -> int:
        if len(data) < 10:
            raise OSError(28, "No space left on device")
        return write(handle, data[: len(data) - 5])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="No space"):
        file.append(RECORD)
    monkeypatch.undo()
    assert records_in(file.path) == [RECORD] and file.records == [RECORD]


def test_a_file_that_was_moved_away_takes_no_label(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "people.jsonl")
    file.path.rename(tmp_path / "elsewhere.jsonl")
    with pytest.raises(OSError, match="moved away"):
        file.append(RECORD)
    assert not (tmp_path / "elsewhere.jsonl").read_text()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_records_in_another_encoding_are_none_and_no_line_is_added_to_them(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "people.jsonl"
    path.write_bytes((json.dumps(RECORD) + "\n").encode(encoding) * 2)
    with pytest.raises(InputError, match=r"people\.jsonl:1: not a PRM800K record"):
        RecordFile(path)


def test_records_with_a_byte_order_mark_or_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + (json.dumps(RECORD) + "\r\n").encode() * 2)
    file = RecordFile(path)
    assert file.records == [RECORD] * 2
    file.close()
