"""The reference graders' verdicts, each from a process that is replaced when it dies or hangs."""

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
_SECONDS = 60.0  # for a grader, and to import it, on a busy machine
_WORKER = Path(__file__).with_name("reference_worker.py")


class ReferenceGrader:
    """One grader in a process. Its working directory is its own: what it executes is none of our doing.

    Args:
        arguments: Of ``reference_worker``.
    """

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self._folder = tempfile.mkdtemp(prefix="reference-")
        self._process: subprocess.Popen[str] | None = None
        atexit.register(self.close)

    def verdict(self, prediction: str, gold: str) -> bool | None:
        """Its verdict; None where it does not answer."""
        process = self._running()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps([prediction, gold]) + "\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], _SECONDS)
            verdict: bool | None = json.loads(process.stdout.readline() if ready else "")
        except (OSError, ValueError):  # it died of what it read, or hangs
            self.close()
            return None
        return verdict

    def close(self) -> None:
        """End the process; the next question starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _running(self) -> "subprocess.Popen[str]":
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, str(_WORKER), *self._arguments],
                cwd=self._folder,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process


class References:
    """Asks the reference graders. A process each: one that dies takes no verdict of the other with it."""

    def __init__(self) -> None:
        folder = os.environ.get(GRADER)
        self._graders = ({"prm800k": ReferenceGrader(folder)} if folder else {}) | {"lenient": ReferenceGrader()}

    def afresh(self, prediction: str, gold: str) -> dict[str, bool]:
        """The same from new processes: what a reference says may depend on what it was asked before.

        Args:
            prediction: What is graded.
            gold: The reference answer.
        """
        for grader in self._graders.values():
            grader.close()
        return self.verdicts(prediction, gold)

    def verdicts(self, prediction: str, gold: str) -> dict[str, bool]:
        """By rules, where the reference answers."""
        answered = {rules: grader.verdict(prediction, gold) for rules, grader in self._graders.items()}
        return {rules: verdict for rules, verdict in answered.items() if verdict is not None}
