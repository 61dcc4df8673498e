"""A policy of fakes, opened by name in any process: how slow it is, what it tells of itself, and how it fails, are given."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from search_fakes import END, FakeGenerator, random_generator, random_verifier

from stepscale.errors import InputError
from stepscale.serving.answering import Answerer
from stepscale.serving.policy import ServedPolicy

_ACTIONS = [{"samples": 2}, {"samples": 4}]
_POLICY = {"probes": 2, "sure": 2.0, "borders": [0.3], "actions": _ACTIONS}
SETTINGS = {
    "seed": 0,
    "prompt": "{problem}\n",
    "aggregation": "product",
    "chosen_on": 0,
    "sampling": {"temperature": 1.0, "top_p": 1.0, "max_new_tokens": 60},
    "runs": {},
    "budgets": [{"budget": 4, "policy": _POLICY}],
}


def slow(seconds: float) -> Answerer:
    """Each call of the generator for a problem that is to be "slow" takes so many seconds."""

    class Slow(FakeGenerator):
        def generate(self, requests: Any, *others: Any) -> Any:
            if self.decode(requests[0].prefix).startswith("slow"):
                time.sleep(seconds)
            return super().generate(requests, *others)

    return _answerer(Slow(random_generator(3).say))


def telling(log: Path) -> Answerer:
    """``log`` gets a line per call. A problem may be to say "who" answers, to "die", to "fail", or to "last" forever."""
    said = random_generator(3).say

    def say(text: str, number: int, seed: int, temperature: float) -> str:
        with log.open("a") as lines:
            lines.write(f"{text.splitlines()[0]}\n")
        if text.startswith("die"):
            os.kill(os.getpid(), signal.SIGKILL)
        if text.startswith("fail"):
            raise RuntimeError("no memory")
        if text.startswith("last"):
            time.sleep(0.05)
            return "so\n"
        if text.startswith("who"):
            return f"\\boxed{{{os.getpid()}}}" + END
        return said(text, number, seed, temperature)

    return _answerer(FakeGenerator(say))


def refusing() -> Answerer:
    """The models cannot be opened."""
    raise InputError("the folder prm is absent; make it again")


def dying() -> Answerer:
    """The process ends while it opens the models."""
    os._exit(7)


def _answerer(generator: FakeGenerator) -> Answerer:
    return Answerer(ServedPolicy.model_validate(SETTINGS), generator, random_verifier(0))
