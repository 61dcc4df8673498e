"""The reference graders of the campaign of verdicts: one that hangs ends itself, and is replaced."""

import signal
from pathlib import Path

import pytest

from campaigns.verdicts.reference import GRADER, ReferenceGrader, References

_GRADER = """
import hashlib

def grade_answer(prediction, gold):
    if prediction == "hang":
        hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)  # a call in C: no alarm is heard before it returns
    return prediction == gold
"""


class _Watched(ReferenceGrader):
    """Remembers how each process ended before it was replaced."""

    ended: list[int]

    def close(self) -> None:
        """Waits for it first."""
        if self._process is not None:
            self.ended.append(self._process.wait(timeout=10))
        super().close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a strict grader that hangs when it is told to."""
    (tmp_path / "grading").mkdir()
    (tmp_path / "grading" / "grader.py").write_text(_GRADER)
    return tmp_path


def test_a_call_that_hears_no_alarm_ends_the_process_and_the_next_pair_is_answered(folder: Path) -> None:
    grader = _Watched(str(folder))
    grader.ended = []
    verdicts = [grader.verdict(prediction, "3") for prediction in ("3", "hang", "4")]
    ReferenceGrader.close(grader)
    assert verdicts == [True, None, False]
    assert grader.ended == [-signal.SIGVTALRM]


def test_one_that_hangs_takes_no_verdict_of_the_other_with_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(GRADER, str(folder))
    references = References()
    assert references.verdicts("$3$", "$3$") == {"prm800k": True, "lenient": True}
    assert references.verdicts("hang", "$3$").keys() <= {"lenient"}
    assert references.verdicts("$3$", "$4$") == {"prm800k": False, "lenient": False}
