"""What a run's report consists of, for both renderers: the parts, the claims they settled, the facts of the run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from stepscale.estimators.intervals import MIN_PROBLEMS_TO_SETTLE
from stepscale.report.claims import CLAIMS, Claim, Measured
from stepscale.report.number_formats import LEAD, interval
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
    "pool",
    "step-benchmarks",
    "labels",
)
"""The parts of the page, by name; further ones come after them."""

_MAX_LEADING_FIGURES = 3
USUAL = 0.95  # level of an interval that is not stated


def in_order(parts: Sequence[Part]) -> list[Part]:
    """Parts in the order in which they stand on the page: that of ``ORDER``, then the others.

    Args:
        parts: In any order.
    """
    return sorted(parts, key=lambda part: ORDER.index(part.name) if part.name in ORDER else len(ORDER))


@dataclass(frozen=True)
class ReportPage:
    """A run's report.

    Attributes:
        parts: Of the page, in order.
        facts: Of the run (revision, machine, seed).
        parameters: By their block.
    """

    parts: Sequence[Part]
    facts: dict[str, str]
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def filled_parts(self) -> list[Part]:
        """The parts with something to show."""
        return [part for part in self.parts if not part.is_empty]

    @property
    def claims(self) -> list[Claim]:
        """All claims of both papers; those that no part settled are "not measured"."""
        settled = {claim.id: claim for part in self.parts for claim in part.claims}
        return [settled.get(claim.id, claim) for claim in CLAIMS]

    @property
    def too_small(self) -> str:
        """One line on what is too small to settle a claim: the model, the pool, the samples or the problems; "" if nothing is."""
        reasons = [reason for part in self.filled_parts for reason in part.too_small]
        few = [
            claim.id
            for claim in self.claims
            if claim.n_problems is not None and claim.n_problems < MIN_PROBLEMS_TO_SETTLE
        ]
        if few:
            reasons.append(f"fewer than {MIN_PROBLEMS_TO_SETTLE} problems decide {', '.join(few)}")
        return f"TOO SMALL FOR A CLAIM: {'; '.join(reasons)}" if reasons else ""

    @property
    def summary(self) -> list[str]:
        """The lines that a run ends with: what is too small, what the parts say, and the status of the claims."""
        first = [self.too_small] if self.too_small else []
        return [*first, *(line for part in self.parts for line in part.summary), *claim_lines(self.claims)]

    @property
    def leading(self) -> list[tuple[Part, Figure]]:
        """The few figures on top of the page; each part gives one before any part gives a second."""
        by_part = [[figure for figure in part.figures if figure.leads] for part in self.filled_parts]
        most = max(map(len, by_part), default=0)
        ranked = (
            (part, figures[place])
            for place in range(most)
            for part, figures in zip(self.filled_parts, by_part, strict=True)
            if place < len(figures)
        )
        return list(islice(ranked, _MAX_LEADING_FIGURES))

    def settled_by(self, claim_id: str) -> Part | None:
        """The part that settled a claim, for the page's template.

        Args:
            claim_id: Such as "A1".

        Returns:
            The part; None if the claim was not measured.
        """
        return next((part for part in self.parts if claim_id in {claim.id for claim in part.claims}), None)

    def measure(self, claim_id: str) -> str:
        """The quantity that the paper states of a claim, as measured here.

        Args:
            claim_id: Such as "A1".

        Returns:
            Text with its interval; "" if no part measured it.
        """
        return next((part.measures[claim_id] for part in self.parts if claim_id in part.measures), "")


def claim_lines(claims: Sequence[Claim]) -> list[str]:
    """The status of the claims in a few lines: A1 in full (or all, if there are at most two), the rest by status.

    Args:
        claims: Measured or not; those that were not are left out.
    """
    measured = [claim for claim in claims if claim.status != "not measured"]
    lines = [claim_line(claim) for claim in measured if claim.id == "A1" or len(measured) <= 2]
    if len(measured) > 2:
        by_status = {status: [c.id for c in measured if c.status == status] for status in STATUSES}
        counts = [f"{status} {', '.join(ids)}" for status, ids in by_status.items() if ids]
        lines.append(
            f"{len(measured)} claims were measured: {'; '.join(counts)} (the claims table has each with its interval)"
        )
    return lines


def claim_line(claim: Claim) -> str:
    """One line on a claim: its status, its deciding quantity and remarks on it.

    Args:
        claim: A claim that was measured.
    """
    notes = [deciding_part(claim)]
    if claim.status == "inconclusive" and claim.power is not None:
        notes.append(f"power {claim.power:.0%}")
    after = "".join(f", {note}" for note in notes if note)
    return f"{claim.id} {claim.status}: {claim.decided_by}{estimate(claim)}{after} ({claim.claim})"


def estimate(claim: Claim) -> str:
    """The value of the quantity that decides a claim.

    Args:
        claim: Any claim.

    Returns:
        As `` = +0.058 [+0.010, +0.100]``; "" where it has none (a saving off a flat curve).
    """
    if claim.estimate is None or claim.low is None or claim.high is None:
        return ""
    return f" = {interval(claim.estimate, claim.low, claim.high, LEAD)}"


def effect_and_power(claim: Claim) -> tuple[str, str]:
    """The paper's size of the quantity that decides a claim, and the power to find it.

    Args:
        claim: Any claim.

    Returns:
        (size, chance to hold the claim if all its quantities had that size, in percent), as text; "" where unknown.
    """
    effect = "" if claim.effect is None else f"{claim.effect:+.3f}"
    return effect, "" if claim.power is None else f"{claim.power:.0%}"


def quantity_row(row: Measured) -> dict[str, str]:
    """A quantity of a claim as a table shows it.

    Args:
        row: The quantity.

    Returns:
        Text by column head.
    """
    bounds = "" if row.estimate is None else interval(row.estimate, row.low or 0.0, row.high or 0.0, LEAD)
    bound = f"> {row.above:+.3f}" if row.decides else "none: reported only"
    return {
        "quantity": row.name,
        "estimate [interval]": bounds + (f" at {row.level:.0%}" if bounds and row.level != USUAL else ""),
        "threshold": bound,
        "problems": str(row.n_problems or ""),
        "effect": "" if row.effect is None else f"{row.effect:+.3f}",
        "power": "" if row.power is None else f"{row.power:.0%}",
        "note": "; ".join(text for text in (row.unmet, row.note) if text),
    }


def deciding_part(claim: Claim) -> str:
    """Remarks on the deciding quantity: why it cannot settle the claim, and how many quantities there are.

    Unless the claim held, its upper bound with their number allowed for is shown too. "" for a single quantity that settles.

    Args:
        claim: A claim that was measured.
    """
    notes = [claim.reason] if claim.reason else []
    if claim.above:
        notes.append(f"to exceed {claim.above:+.3f}")
    parts = claim.parts or 1
    if parts > 1:
        notes.append(f"1 of {parts} parts")
        if claim.status != "held" and claim.high_among is not None:
            notes.append(f"upper bound allowing for {parts}: {claim.high_among:+.3f}")
    return "; ".join(notes)
