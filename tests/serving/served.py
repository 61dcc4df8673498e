"""A policy of fakes behind the real server, as a process of its own: ``python served.py PORT SECONDS WORKERS``."""

import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

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


def opened(seconds: float) -> Any:
    """What answers; each call of the generator takes so many seconds."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from search_fakes import FakeGenerator, random_generator, random_verifier

    from stepscale.serving.answering import Answerer
    from stepscale.serving.policy import ServedPolicy

    class Slow(FakeGenerator):
        def generate(self, *arguments: Any) -> Any:
            time.sleep(seconds)
            return super().generate(*arguments)

    return Answerer(ServedPolicy.model_validate(SETTINGS), Slow(random_generator(3).say), random_verifier(0))


def main(port: int, seconds: float, workers: int) -> None:
    """Serve."""
    from stepscale.serving.server import ServerOptions, serve

    serve(partial(opened, seconds), ServerOptions(port=port, workers=workers))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
