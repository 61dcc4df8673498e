"""Commands are run, each once, and what they give is held against the table."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence.figures import Figure
from evidence.reading import value_of
from stepscale.errors import InputError

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Redone:
    """A figure measured anew.

    Attributes:
        figure: As stated.
        value: As measured; None where it could not be.
        reason: Why it could not be.
    """

    figure: Figure
    value: float | None
    reason: str = ""

    @property
    def status(self) -> str:
        """In a word: holds, moved, left out or failed."""
        if self.value is None:
            return "left out" if self.reason.startswith("needs") else "failed"
        return "moved" if self.figure.has_moved(self.value) else "holds"


def redo(figures: Sequence[Figure], root: Path = ROOT) -> Iterator[Redone]:
    """Run the commands and compare, figure by figure.

    Args:
        figures: Those to redo. Figures of one command share one run of it.
        root: Where commands are run.

    Yields:
        Each figure with its new value.
    """
    outputs: dict[str, str | None] = {}
    for figure in figures:
        if figure.needs and not os.environ.get(figure.needs):
            yield Redone(figure, None, f"needs data that {figure.needs} names")
            continue
        if figure.command not in outputs:
            outputs[figure.command] = _output(figure.command, root)
        output = outputs[figure.command]
        if output is None:
            yield Redone(figure, None, f"the command ends with an error: {figure.command}")
            continue
        try:
            yield Redone(figure, value_of(figure, output, root))
        except InputError as error:
            yield Redone(figure, None, str(error))


def _output(command: str, root: Path) -> str | None:
    """What the command prints; None if it fails. `python` and the tools are this environment's."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        shlex.split(command), cwd=root, env=os.environ | {"PATH": path}, stdout=subprocess.PIPE, text=True
    )
    return done.stdout if done.returncode == 0 else None
