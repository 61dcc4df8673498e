"""Outside a terminal, long work says in the log how fast it goes and how long it will take."""

import logging

import pytest
from bounded_work import calls
from tqdm import tqdm

from stepscale import progress as module
from stepscale.progress import LoggedProgress, progress


def test_a_line_tells_done_total_rate_and_time_left(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 10.0, 15.0, 20.0, 20.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO, "stepscale"), LoggedProgress("sampling", 200, "solutions") as bar:
        bar.update(50)
        bar.update(10)
        bar.update(140)
    assert caplog.messages == [
        "sampling: 50 of 200 solutions (25%), 5/s, 00:30 left",
        "sampling: 200 of 200 solutions (100%), 10/s, 00:00 left",
        "sampling: 200 of 200 solutions (100%), 10/s, 00:00 left",
    ]


def test_short_work_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "stepscale"), progress("scoring", 3, "solutions") as bar:
        bar.update(3)
    assert caplog.messages == []


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.sys.stderr, "isatty", lambda: True, raising=False)
    with progress("scoring", 3, "solutions") as bar:
        assert isinstance(bar, tqdm)
        bar.update(3)


def test_telling_costs_a_look_at_the_clock_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SECONDS_BETWEEN_LINES", float("inf"))
    bar = LoggedProgress("sampling", 1_000, "solutions")
    assert calls(lambda: [bar.update() for _ in range(1_000)]) <= 2 * 1_000 + 10
