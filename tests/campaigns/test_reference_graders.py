"""The reference graders of the campaign of verdicts: one that hangs ends itself, and is replaced."""

import signal
from pathlib import Path

import pytest

from campaigns.contract import Findings
from campaigns.verdicts.campaign import VerdictsCampaign
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


def test_one_that_is_asked_afresh_remembers_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "grading" / "grader.py").write_text(
        "asked = []\ndef grade_answer(prediction, gold):\n    asked.append(gold)\n    return len(asked) > 2\n"
    )
    monkeypatch.setenv(GRADER, str(folder))
    references = References()
    said = [ask("$3$", "$4$")["prm800k"] for ask in (references.verdicts, references.verdicts, references.afresh)]
    assert said == [False, True, False], "the first question of all is its own, while it starts"


def test_one_that_hangs_takes_no_verdict_of_the_other_with_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(GRADER, str(folder))
    references = References()
    assert references.verdicts("$3$", "$3$") == {"prm800k": True, "lenient": True}
    assert references.verdicts("hang", "$3$").keys() <= {"lenient"}
    assert references.verdicts("$3$", "$4$") == {"prm800k": False, "lenient": False}


@pytest.mark.parametrize("repeated", [True, False])
def test_a_difference_that_new_references_do_not_repeat_is_counted_and_no_fault(repeated: bool) -> None:
    campaign, findings = VerdictsCampaign(), Findings()
    campaign._references.afresh = lambda prediction, gold: {"lenient": repeated}  # type: ignore[method-assign]
    campaign._compare(findings, 0, "lenient", (False, True), ("288 \\pi\\infty", "288 \\pi"))
    assert bool(findings.faults) is repeated
    assert findings.counts == ({} if repeated else {"unrepeated_by_reference_lenient": 1})
