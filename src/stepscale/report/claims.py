"""The claims of both papers, and how a result settles one: by its interval, never by hand.

A claim is a set of quantities, its parts, that should all be above zero (differences of accuracies). It held if every
interval lies above zero. It did not hold if any lies below by more than chance gives among so many. Else it is inconclusive.

Two rules keep a claim from being settled by nothing. A bound counts as above or below zero only beyond ``NOISE``, for sums of
floats that should be zero are seldom exactly so. A part that rests on fewer than ``LEAST_PROBLEMS`` problems settles nothing: the
bootstrap of few or equal differences is too narrow, or has no width at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist

from stepscale.errors import InputError
from stepscale.estimators.intervals import NOISE, Interval

LEAST_PROBLEMS = 30  # that each part of a claim must rest on to settle it


@dataclass(frozen=True)
class Claim:
    """A row of the claims table.

    Attributes:
        id: A1 to A6 are of Lightman et al. 2023, B1 to B10 of Snell et al. 2024.
        claim: What is claimed.
        paper: The paper's figure for it.
        status: "held", "did not hold", "inconclusive" or "not measured".
        estimate: Of the deciding quantity, one of ``parts``.
        low: Lower bound of its 95 % interval.
        high: Upper bound of its 95 % interval.
        high_among: Its upper bound with the number of parts allowed for; a claim did not hold where one lies below zero.
        parts: Number of quantities.
        n_problems: How many problems the deciding quantity rests on.
        seeds: Number of trainings or runs.
        decided_by: Name of the deciding quantity.
        reason: Why the claim is inconclusive whatever its intervals say; "" otherwise.
    """

    id: str
    claim: str
    paper: str
    status: str = "not measured"
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    high_among: float | None = None
    parts: int | None = None
    n_problems: int | None = None
    seeds: int | None = None
    decided_by: str = ""
    reason: str = ""


# id | what is claimed | the paper's figure for it
_TABLE = """
A1 | Best-of-N: PRM beats ORM beats majority, and the gap widens with N | 78.2 / 72.4 / 69.6 at N=1860 (A, Fig. 3)
A2 | Product or minimum, neutral as + or -: close; product, + best | 78.2 / 77.6 / 77.4 / 77.8 (A, Table 4)
A3 | Same data: process beats outcome by PRM_large beats outcome by final answer | at every data size (A, Fig. 4)
A4 | Active learning needs fewer labels | 2.6x fewer (A, Fig. 4a)
A5 | The PRM's lead holds out of distribution | 72.9 / 63.8 / 61.3 at N=100 (A, Table 1)
A6 | PRM ahead in every difficulty quintile; the ORM degrades with N on the easiest | every quintile (A, Fig. 6)
B1 | Beam search beats best-of-N at small budgets and fades at large; lookahead is no better | B, Fig. 3
B2 | Which search is better depends on difficulty | B, Fig. 3 right
B3 | Compute-optimal search needs (> 1x) fewer generations than best-of-N weighted | 4x fewer (B, Fig. 4)
B4 | Revisions: pass@1 rises along the chain beyond 4; sequential beats parallel | B, Fig. 6
B5 | The ideal sequential to parallel ratio depends on difficulty | B, Fig. 7
B6 | Compute-optimal revisions need (> 1x) fewer generations than parallel best-of-N | 4x fewer (B, Fig. 8)
B7 | Small model with test-time compute beats a 14x larger one on easy problems or small R | B, Fig. 9
B8 | Soft-label PRM: last step at least as good as minimum or product | B, Fig. 13
B9 | PRM over ORM, widening with N | B, Fig. 14
B10 | Revision ORM with history at least as good as without | B, Fig. 15
"""
_ROWS = (row.split(" | ") for row in _TABLE.strip().splitlines())
CLAIMS = tuple(Claim(name, claim, paper) for name, claim, paper in _ROWS)


def settle(claim_id: str, quantities: Mapping[str, Interval], seeds: int) -> Claim:
    """The claim with its status, and the quantity that decides it.

    Held: every interval lies above zero. Did not hold: one, widened for their number, lies below zero. Else inconclusive. A part
    of too few problems neither holds nor fails; a claim that no other part refutes is then inconclusive, for that reason. The
    deciding quantity is the one nearest to failing: whose bound (the upper one if the claim did not hold) is lowest in units of
    its interval's width. Where parts have too few problems it is one of these.

    Args:
        claim_id: One of the ids of ``CLAIMS``.
        quantities: The parts by name; ``n_problems`` None means that its number of problems is not known.
        seeds: Number of trainings or runs that the quantities rest on.

    Raises:
        InputError: There is no such claim, or no quantity.
    """
    claim = next((claim for claim in CLAIMS if claim.id == claim_id), None)
    if claim is None or not quantities:
        raise InputError(f"claim {claim_id!r} needs one quantity or more; claims are {', '.join(c.id for c in CLAIMS)}")
    # 1. the bounds of every part, the upper one once more with the number of parts allowed for
    lows = {name: float(part.low) for name, part in quantities.items()}
    highs = {name: float(part.high) for name, part in quantities.items()}
    widened = {name: _high_among(len(quantities), part) for name, part in quantities.items()}
    sizes = {name: part.n_problems for name, part in quantities.items()}
    few = {name: n for name, n in sizes.items() if n is not None and n < LEAST_PROBLEMS}
    # 2. the status
    if any(widened[name] < -NOISE for name in quantities if name not in few):
        status, bounds = "did not hold", {name: high for name, high in widened.items() if name not in few}
    elif few:
        status, bounds = "inconclusive", {name: lows[name] for name in few}
    else:
        status, bounds = "held" if all(low > NOISE for low in lows.values()) else "inconclusive", lows
    # 3. the deciding part
    deciding = min(bounds, key=lambda name: bounds[name] / max(highs[name] - lows[name], 1e-12))
    return replace(
        claim,
        status=status,
        estimate=float(quantities[deciding].mean),
        low=lows[deciding],
        high=highs[deciding],
        high_among=widened[deciding],
        parts=len(quantities),
        n_problems=sizes[deciding],
        seeds=seeds,
        decided_by=deciding,
        reason=f"too few problems ({few[deciding]}, and a claim needs {LEAST_PROBLEMS})" if deciding in few else "",
    )


def _high_among(parts: int, quantity: Interval) -> float:
    """The upper bound that one of ``parts`` true quantities exceeds no more often than a single one its own (Bonferroni).

    The distance of the 95 % bound from the mean, stretched as a normal distribution's would be; never below that bound, should a
    percentile interval lie wholly below its estimate.
    """
    quantile = NormalDist().inv_cdf
    stretch = quantile(1 - 0.025 / parts) / quantile(0.975)
    return max(float(quantity.high), float(quantity.mean + (quantity.high - quantity.mean) * stretch))
