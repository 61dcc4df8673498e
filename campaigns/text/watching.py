"""A call under a clock: how it went and how long it took; and what this process executed meanwhile."""

import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from campaigns.contract import Fault, Findings
from campaigns.text.fragments import CANARY

_HANG_SECONDS = 1.0  # of processor time of this process: the clock of a busy machine tells nothing
_STOPPED_SECONDS = 10.0  # of processor time, after which a call is stopped
_WAITED_SECONDS = 300.0  # on the clock: what waits so long for children that do nothing waits for ever
_COMMANDS = ("os.system", "os.exec", "os.spawn", "os.posix_spawn", "subprocess.Popen", "shutil.rmtree")


class Wrong(Exception):
    """A target did what it must not; ``kind`` is the campaign's."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


class _TooLong(BaseException):
    """The alarm rang."""


def watched(findings: Findings, number: int, name: str, call: Callable[[], Any], text: str) -> Any:
    """Call, and note faults and times. A call that takes too long is made once more, and the shorter time counts.

    The kernel's work for a machine short of memory is on the process's clock too, so one long call proves nothing.

    Args:
        findings: Where they are noted.
        number: Of the case.
        name: Of the target.
        call: The target.
        text: The text, for the fault's detail.

    Returns:
        What the call returns, or None.
    """
    result, worked, fault = _timed(number, name, call, text)
    if fault is None and worked > _HANG_SECONDS:
        findings.count("slow_once")
        result, again, fault = _timed(number, name, call, text)
        worked = min(worked, again)
    findings.took(name, worked)
    if fault is None and worked > _HANG_SECONDS:
        fault = Fault("hangs", number, f"{name}: {worked:.2f} s of work: {text!r:.200}")
    findings.faults += [fault] if fault else []
    return result


def _timed(number: int, name: str, call: Callable[[], Any], text: str) -> tuple[Any, float, Fault | None]:
    """What the call returns, its processor time in seconds, and what went wrong; a call that was stopped is a hang."""
    before, result, fault = _work_of_this_process(), None, None
    signal.signal(signal.SIGPROF, _ring)
    signal.signal(signal.SIGALRM, _Patience().ring)
    signal.setitimer(signal.ITIMER_REAL, _WAITED_SECONDS)
    signal.setitimer(signal.ITIMER_PROF, _STOPPED_SECONDS)
    try:
        result = call()
    except _TooLong:
        fault = Fault(
            "hangs", number, f"{name}: stopped after {_work_of_this_process() - before:.2f} s of work: {text!r:.200}"
        )
    except Wrong as wrong:
        fault = Fault(wrong.kind, number, f"{name}: {wrong}")
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"{type(error).__name__} {error!s:.200} at {Path(where.filename).name}:{where.lineno}"
        fault = Fault("crashes", number, f"{name}: {reason}: {text!r:.200}")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
    return result, _work_of_this_process() - before, fault


def _ring(*_: object) -> None:
    raise _TooLong


class _Patience:
    """Stops a call that waits for children which do nothing. On a busy machine a grading worker may need minutes to begin."""

    def __init__(self) -> None:
        self._worked: float | None = None

    def ring(self, *_: object) -> None:
        """Wait once more if a child has worked since the last ring, or if this is the first."""
        worked = _work_of_children()
        if worked == self._worked:
            raise _TooLong
        self._worked = worked
        signal.setitimer(signal.ITIMER_REAL, _WAITED_SECONDS)


def _work_of_this_process() -> float:
    """Processor time of this process, seconds."""
    return time.process_time()


def _work_of_children() -> float:
    """Processor time of all children of this process, seconds."""
    seconds = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        seconds += times.user + times.system
    return seconds


class Executions:
    """Hears of every command that this process starts, and sees the file that hostile code would make."""

    def __init__(self) -> None:
        self._events: list[str] = []
        sys.addaudithook(self._hear)

    def note(self, findings: Findings, number: int, text: str) -> None:
        """Add what was executed since the last call to the faults."""
        if Path(CANARY).exists():
            Path(CANARY).unlink()
            self._events.append("the canary was made")
        findings.faults += [Fault("executed", number, f"{event}: {text!r:.200}") for event in self._events]
        self._events.clear()

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(_COMMANDS) and sys.executable not in str(arguments[:2]):
            self._events.append(f"{event} {arguments!r:.200}")
