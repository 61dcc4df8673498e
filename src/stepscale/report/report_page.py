"""What a run's report consists of, for both renderers: the parts, the claims they settled, the facts of the run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from stepscale.report.claims import CLAIMS, Claim
from stepscale.report.part import Figure, Part

STATUSES = ("held", "did not hold", "inconclusive")
ORDER = (
    "best-of-n",
    "samples",
    "search",
    "revisions",
    "policy",
    "larger-model",
    "supervision",
    "data-loop",
    "rollouts",
    "verifiers",
    "labels",
)
"""The parts of the page, by name; further ones come after them."""

_LEADING = 3


def in_order(parts: Sequence[Part]) -> list[Part]:
    """The parts as they follow each other on the page."""
    return sorted(parts, key=lambda part: ORDER.index(part.name) if part.name in ORDER else len(ORDER))


@dataclass(frozen=True)
class ReportPage:
    """``facts``: of the run (revision, machine, seed); ``parameters``: by their block."""

    parts: Sequence[Part]
    facts: dict[str, str]
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> list[Part]:
        """The parts with something to show."""
        return [part for part in self.parts if not part.is_empty]

    @property
    def claims(self) -> list[Claim]:
        """All claims of both papers; those that no part settled are "not measured"."""
        settled = {claim.id: claim for part in self.parts for claim in part.claims}
        return [settled.get(claim.id, claim) for claim in CLAIMS]

    @property
    def summary(self) -> list[str]:
        """The lines that a run ends with: what the parts say, then what became of the claims."""
        return [line for part in self.parts for line in part.summary] + claim_lines(self.claims)

    @property
    def leading(self) -> list[tuple[Part, Figure]]:
        """The few figures that stand on top, at most one of each part before any second one."""
        by_part = [[figure for figure in part.figures if figure.leads] for part in self.shown]
        most = max(map(len, by_part), default=0)
        ranked = (
            (part, figures[place])
            for place in range(most)
            for part, figures in zip(self.shown, by_part, strict=True)
            if place < len(figures)
        )
        return list(islice(ranked, _LEADING))

    def settled_by(self, claim_id: str) -> Part | None:
        """The part that settled a claim; the page's template asks."""
        return next((part for part in self.parts if claim_id in {claim.id for claim in part.claims}), None)

    def measure(self, claim_id: str) -> str:
        """The quantity that the paper states of a claim, as measured here."""
        return next((part.measures[claim_id] for part in self.parts if claim_id in part.measures), "")


def claim_lines(claims: Sequence[Claim]) -> list[str]:
    """A1 in full (or all, if there are two at most), and the rest by status."""
    measured = [claim for claim in claims if claim.status != "not measured"]
    lines = [_line(claim) for claim in measured if claim.id == "A1" or len(measured) <= 2]
    if len(measured) > 2:
        by_status = {status: [c.id for c in measured if c.status == status] for status in STATUSES}
        counts = [f"{status} {', '.join(ids)}" for status, ids in by_status.items() if ids]
        lines.append(
            f"{len(measured)} claims were measured: {'; '.join(counts)} (the claims table has each with its interval)"
        )
    return lines


def _line(claim: Claim) -> str:
    parts = f", {notes}" if (notes := deciding_part(claim)) else ""
    return (
        f"{claim.id} {claim.status}: {claim.decided_by} = {claim.estimate:+.3f} [{claim.low:+.3f}, "
        f"{claim.high:+.3f}]{parts} ({claim.claim})"
    )


def deciding_part(claim: Claim) -> str:
    """What stands beside the deciding quantity: why it may not settle the claim, and how many quantities there are.

    Unless the claim held, its upper bound with their number allowed for is shown too. "" for a single quantity that settles.
    """
    notes = [claim.reason] if claim.reason else []
    parts = claim.parts or 1
    if parts > 1:
        notes.append(f"1 of {parts} parts")
        if claim.status != "held":
            notes.append(f"upper bound allowing for {parts}: {claim.high_among:+.3f}")
    return "; ".join(notes)
