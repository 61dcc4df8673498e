"""What is killed: a kind of work, as the campaign sees it and as a process of its own does it."""

from abc import ABC, abstractmethod
from pathlib import Path


class Work(ABC):
    """A kind of work. Its ``run`` goes on with what an earlier, killed run left in the folder.

    Attributes:
        name: Of the kind.
    """

    name: str

    def prepare(self, shared: Path) -> None:
        """Make what every run reads, once: models, problems. Most need nothing: rows are made of their numbers."""
        shared.mkdir(parents=True, exist_ok=True)

    @abstractmethod
    def run(self, shared: Path, folder: Path) -> None:
        """Do the work, in a process that may be killed at any moment."""

    @abstractmethod
    def results(self, folder: Path) -> dict[str, bytes]:
        """The final tables, weights or states of a finished run, by name; the same however often it was killed."""

    def faults(self, folder: Path) -> list[tuple[str, str]]:
        """What else is wrong in the folder of a finished run: kinds of faults and details."""
        return []


def note(folder: Path, what: str, name: str) -> None:
    """Add a line to the run's log, which outlives a kill."""
    with (folder / "log").open("a") as log:
        log.write(f"{what} {name}\n")


def made_twice(folder: Path) -> list[tuple[str, str]]:
    """Pieces of work that were begun after they had been noted as made."""
    made_names: set[str] = set()
    faults = []
    for line in (folder / "log").read_text().splitlines() if (folder / "log").is_file() else []:
        what, _, name = line.partition(" ")
        if what == "making" and name in made_names:
            faults.append(("made_twice", name))
        if what == "made":
            made_names.add(name)
    return faults
