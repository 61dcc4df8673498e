"""Projects opened as Kedro does it, in a process that has loaded thousands of modules."""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest


def open_project(folder: Path) -> None:
    """Kedro's ``bootstrap_project``."""
    from kedro.framework.startup import bootstrap_project

    with quick_settings():
        bootstrap_project(folder)


@contextmanager
def quick_settings() -> Iterator[None]:
    """Spare the reader of Kedro's settings a search.

    It asks from which files it is called. For that, ``inspect.stack`` looks for the module of each call, among all that the
    suite has loaded, and for its source. Neither Kedro 1.7 nor its dynaconf has an option that spares the question.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inspect, "stack", _calls)
        yield


def _calls(context: int = 1) -> list[inspect.FrameInfo]:
    calls = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        calls.append(inspect.FrameInfo(frame, code.co_filename, frame.f_lineno, code.co_name, None, None))
        frame = frame.f_back
    return calls
