"""What a campaign is: numbered cases, each made of the seed and its number alone, and the kinds of faults it counts."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Fault:
    """A case that went wrong.

    Attributes:
        kind: One of the campaign's ``kinds``.
        case: Its number.
        detail: What happened, and on what.
    """

    kind: str
    case: int
    detail: str


@dataclass
class Findings:
    """What a chunk of cases showed.

    Attributes:
        faults: The cases that went wrong.
        counts: Facts that are no faults, such as cases that a reference answered.
        longest: The longest times met, seconds by name.
    """

    faults: list[Fault] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    longest: dict[str, float] = field(default_factory=dict)

    def count(self, name: str, by: int = 1) -> None:
        """Count a fact."""
        self.counts[name] = self.counts.get(name, 0) + by

    def took(self, name: str, seconds: float) -> None:
        """Note a time; the longest by name stays."""
        self.longest[name] = max(seconds, self.longest.get(name, 0.0))


class Campaign(Protocol):
    """Cases that can be run in any chunks and any order.

    Attributes:
        name: As the command has it.
        kinds: Of faults; each is in the summary, zero or not.
        default_cases: How many, where the command names no number.
        cases_per_chunk: Cases whose findings are saved together; a kill loses one chunk.
    """

    name: str
    kinds: tuple[str, ...]
    default_cases: int
    cases_per_chunk: int

    def run(self, seed: int, cases: range) -> Findings:
        """Run some of the cases.

        Args:
            seed: Of the campaign.
            cases: Their numbers, from 0.
        """
        ...
