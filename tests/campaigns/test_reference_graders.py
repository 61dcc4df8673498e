"""The reference graders of the campaign of verdicts: one that hangs ends itself, and is replaced."""

import signal
from pathlib import Path

import pytest

from campaigns.verdicts.reference import GRADER, References

_GRADER = """
import hashlib

def grade_answer(prediction, gold):
    if prediction == "hang":
        hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)  # a call in C: no alarm is heard before it returns
    return prediction == gold
"""


class _Watched(References):
    """Remembers how each process ended before it was replaced."""

    ended: list[int]

    def close(self) -> None:
        """Waits for it first."""
        if self._process is not None:
            self.ended.append(self._process.wait(timeout=10))
        super().close()


def test_a_call_that_hears_no_alarm_ends_the_process_and_the_next_pair_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "grading").mkdir()
    (tmp_path / "grading" / "grader.py").write_text(_GRADER)
    monkeypatch.setenv(GRADER, str(tmp_path))
    references = _Watched()
    references.ended = []
    before = references.verdicts("3", "3")
    hanging = references.verdicts("hang", "3")
    after = references.verdicts("3", "4")
    References.close(references)
    assert before["prm800k"] is True
    assert hanging == {}
    assert after["prm800k"] is False
    assert references.ended == [-signal.SIGVTALRM]
