"""Cases that share a file: a fault is found as if each were read alone, and laid to the case that has it."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))

from campaigns.contract import Findings
from campaigns.files import judging
from campaigns.files.good_record import GoodRecord
from campaigns.text import readers
from campaigns.text.cases import TextCase

TRL = {"prompt": "1+1?", "completions": ["a", "b"], "labels": [True, False]}
CASES = {number: TextCase(f"text {number}", "1", "1") for number in range(60)}


def test_one_line_that_cannot_be_left_out_is_found_among_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, real = judging.good_file(GoodRecord("trl_stepwise", TRL), tmp_path), judging.read
    lines = [b'{"prompt": 1}', b"{poison", b"[]"]
    assert judging.faults_of_skipping(good, lines, tmp_path) == [None, None, None]
    assert all(judging.look(good, line, tmp_path) is judging.REFUSED for line in lines)

    def loses_the_first(path: Path, format_name: str, on_error: str) -> Any:
        content = path.read_bytes()
        if b"poison" in content:
            path.write_bytes(b"\n".join(content.splitlines()[1:]))
        return real(path, format_name, on_error=on_error)  # type: ignore[arg-type]

    monkeypatch.setattr(judging, "read", loses_the_first)
    first, second, third = judging.faults_of_skipping(good, lines, tmp_path)
    assert (first, third) == (None, None) and second is not None and second[0] == "silent_losses"


def test_a_text_at_which_a_reader_crashes_is_found_among_many(monkeypatch: pytest.MonkeyPatch) -> None:
    findings, real = Findings(), readers.read
    readers.read_together(findings, CASES)
    assert findings.faults == [] and findings.counts["read_together"] > len(CASES) / 2

    def crashes(path: Path, *arguments: Any, **options: Any) -> Any:
        if "text 7" in path.read_text():
            raise RuntimeError("a crash")
        return real(path, *arguments, **options)

    monkeypatch.setattr(readers, "read", crashes)
    readers.read_together(findings, {number: case for number, case in CASES.items() if number in (3, 7) or number > 9})
    assert [(fault.kind, fault.case) for fault in findings.faults] == [("crashes", 7)]
