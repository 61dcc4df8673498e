"""The reference graders' verdicts, from a process that is replaced when it dies or hangs."""

import atexit
import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path

GRADER = "STEPSCALE_PRM800K_GRADER"
"""Names the folder ``prm800k`` of a clone of openai/prm800k; without it only the lenient rules have a reference."""
_SECONDS = 60.0  # for the two graders, and to import them, on a busy machine
_WORKER = Path(__file__).with_name("reference_worker.py")


class References:
    """Asks the reference graders. Their working directory is their own: what they execute is none of our doing."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="reference-")
        self._process: subprocess.Popen[str] | None = None
        atexit.register(self.close)

    def verdicts(self, prediction: str, gold: str) -> dict[str, bool]:
        """By rules, where the reference answers."""
        answered = self._asked(prediction, gold)
        if answered is None:
            self.close()
            return {}
        by_rules = zip(("prm800k", "lenient"), answered, strict=True)
        return {rules: verdict for rules, verdict in by_rules if verdict is not None}

    def _asked(self, prediction: str, gold: str) -> list[bool | None] | None:
        """The strict verdict and the lenient one, each where there is one; None from a process that died or hangs."""
        process = self._running()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps([prediction, gold]) + "\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], _SECONDS)
            answered: list[bool | None] | None = json.loads(process.stdout.readline()) if ready else None
        except (OSError, ValueError):  # it died of what it read
            return None
        return answered

    def close(self) -> None:
        """End the process; the next question starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _running(self) -> "subprocess.Popen[str]":
        if self._process is None or self._process.poll() is not None:
            folder = os.environ.get(GRADER)
            command = [sys.executable, str(_WORKER), *([folder] if folder else [])]
            self._process = subprocess.Popen(
                command,
                cwd=self._folder,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process
