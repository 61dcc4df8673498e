"""A reference grader in a process of its own: it evaluates what it reads, and may hang.

A line in is ``[prediction, gold]``, a line out a verdict, or null where the grader does not answer. With an argument, the folder
``prm800k`` of openai/prm800k, it is OpenAI's strict grader. Without one it is Math-Verify as it is installed.
"""

import importlib
import json
import logging
import re
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

_SECONDS = 0.5  # of processor time: ours may take 0.9, so that a slower pair tells nothing
_MAX_CPU_SECONDS = 4 * _SECONDS  # a call in C hears no alarm before it returns, so the process is ended then
_MEMORY = 4 * 1024**3
_DELIMITED = re.compile(r"(?<!\\)\$|\\\(|\\\[|\\boxed|\\fbox")


class _Alarm:
    """The grader's ``except:`` takes any exception, so that the alarm is remembered as well as raised."""

    rang = False

    def ring(self, *_: object) -> None:
        self.rang = True
        raise TimeoutError


def main() -> None:
    """Answer until standard input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    logging.disable(logging.CRITICAL)
    grader = _strict(sys.argv[1]) if len(sys.argv) > 1 else _lenient
    grader("x", "y+1")  # libraries are imported now
    for line in sys.stdin:
        prediction, gold = json.loads(line)
        answers.write(json.dumps(_verdict(grader, prediction, gold)) + "\n")
        answers.flush()


def _verdict(grader: Callable[[str, str], bool | None], prediction: str, gold: str) -> bool | None:
    alarm = _Alarm()
    signal.signal(signal.SIGPROF, alarm.ring)
    signal.setitimer(signal.ITIMER_PROF, _SECONDS)
    signal.setitimer(signal.ITIMER_VIRTUAL, _MAX_CPU_SECONDS)  # its signal has no handler: it ends the process
    try:
        verdict = grader(prediction, gold)
    except Exception:
        return None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return None if alarm.rang or verdict is None else bool(verdict)


def _strict(folder: str) -> Callable[[str, str], bool]:
    sys.path.insert(0, folder)
    grade: Callable[[str, str], bool] = importlib.import_module("grading.grader").grade_answer
    return grade


def _lenient(prediction: str, gold: str) -> bool | None:
    """Math-Verify, which answers where it reads an answer in both texts. A bare answer goes in a box."""
    from math_verify import parse, verify

    def read(text: str) -> list[Any]:
        text = text if _DELIMITED.search(text) else f"\\boxed{{{text}}}"
        return list(parse(text, parsing_timeout=None, raise_on_error=True))

    reference, answer = read(gold), read(prediction)
    return verify(reference, answer, timeout_seconds=None, raise_on_error=True) if reference and answer else None


if __name__ == "__main__":
    main()
