"""A policy of fakes behind the real server, as a process of its own: ``python served.py SECONDS WORKERS``."""

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main(seconds: float, workers: int) -> None:
    """Serve at any free port; each call of the generator for a slow problem takes so many seconds."""
    from answering_fakes import slow

    from stepscale.serving.server import ServerOptions, serve

    serve(partial(slow, seconds), ServerOptions(port=0, workers=workers))


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
