"""The claims of both papers, and how a result settles one: by its interval, never by hand.

A claim is a set of quantities, its parts, that should all be above zero (differences of accuracies). It held if every
interval lies above zero, did not hold if any lies below by more than chance gives among so many, else it is inconclusive.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from statistics import NormalDist
from typing import Any

from stepscale.estimators.intervals import Interval


@dataclass(frozen=True)
class Claim:
    """A row of the claims table.

    ``estimate``, ``low``, ``high``, ``n_problems``: of the deciding quantity, one of ``parts``. ``high_among``: its upper bound
    with the number of parts allowed for; the claim did not hold where one of these lies below zero.
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


CLAIMS = (
    Claim(
        "A1",
        "Best-of-N: PRM beats ORM beats majority, and the gap widens with N",
        "78.2 / 72.4 / 69.6 at N=1860 (A, Fig. 3)",
    ),
    Claim(
        "A2", "Product or minimum, neutral as + or -: close; product, + best", "78.2 / 77.6 / 77.4 / 77.8 (A, Table 4)"
    ),
    Claim(
        "A3",
        "Same data: process beats outcome by PRM_large beats outcome by final answer",
        "at every data size (A, Fig. 4)",
    ),
    Claim("A4", "Active learning needs fewer labels", "2.6x fewer (A, Fig. 4a)"),
    Claim("A5", "The PRM's lead holds out of distribution", "72.9 / 63.8 / 61.3 at N=100 (A, Table 1)"),
    Claim(
        "A6",
        "PRM ahead in every difficulty quintile; the ORM degrades with N on the easiest",
        "every quintile (A, Fig. 6)",
    ),
    Claim("B1", "Beam search beats best-of-N at small budgets and fades at large; lookahead is no better", "B, Fig. 3"),
    Claim("B2", "Which search is better depends on difficulty", "B, Fig. 3 right"),
    Claim(
        "B3", "Compute-optimal search needs (> 1x) fewer generations than best-of-N weighted", "4x fewer (B, Fig. 4)"
    ),
    Claim("B4", "Revisions: pass@1 rises along the chain beyond 4; sequential beats parallel", "B, Fig. 6"),
    Claim("B5", "The ideal sequential to parallel ratio depends on difficulty", "B, Fig. 7"),
    Claim(
        "B6", "Compute-optimal revisions need (> 1x) fewer generations than parallel best-of-N", "4x fewer (B, Fig. 8)"
    ),
    Claim("B7", "Small model with test-time compute beats a 14x larger one on easy problems or small R", "B, Fig. 9"),
    Claim("B8", "Soft-label PRM: last step at least as good as minimum or product", "B, Fig. 13"),
    Claim("B9", "PRM over ORM, widening with N", "B, Fig. 14"),
    Claim("B10", "Revision ORM with history at least as good as without", "B, Fig. 15"),
)


def settle(claim_id: str, quantities: Mapping[str, Interval], seeds: int) -> Claim:
    """The claim with its status, and the quantity that decides it.

    Held: every interval lies above zero; did not hold: one, widened for their number, lies below zero; else inconclusive. The
    deciding quantity is the one nearest to failing: whose bound (the upper one if the claim did not hold) is lowest in units
    of its interval's width.
    """
    claim = next(claim for claim in CLAIMS if claim.id == claim_id)
    lows = {name: float(q.low) for name, q in quantities.items()}
    highs = {name: float(q.high) for name, q in quantities.items()}
    widened = {name: _high_among(len(quantities), q) for name, q in quantities.items()}
    if all(low > 0 for low in lows.values()):
        status, bounds = "held", lows
    elif any(high < 0 for high in widened.values()):
        status, bounds = "did not hold", widened
    else:
        status, bounds = "inconclusive", lows
    name = min(quantities, key=lambda key: bounds[key] / max(highs[key] - lows[key], 1e-12))
    decisive = quantities[name]
    return replace(
        claim,
        status=status,
        estimate=float(decisive.mean),
        low=lows[name],
        high=highs[name],
        high_among=widened[name],
        parts=len(quantities),
        n_problems=decisive.n_problems,
        seeds=seeds,
        decided_by=name,
    )


def _high_among(parts: int, quantity: Interval) -> float:
    """The upper bound that one of ``parts`` true quantities exceeds no more often than a single one its own (Bonferroni).

    The distance of the 95 % bound from the mean, stretched as a normal distribution's would be; never below that bound, should a
    percentile interval lie wholly below its estimate.
    """
    quantile = NormalDist().inv_cdf
    stretch = quantile(1 - 0.025 / parts) / quantile(0.975)
    return max(float(quantity.high), float(quantity.mean + (quantity.high - quantity.mean) * stretch))


def told_of_parts(claim: Mapping[str, Any]) -> str:
    """Of how many quantities the deciding one is; unless the claim held, its upper bound with that allowed for. "" for one."""
    parts = claim.get("parts") or 1
    if parts == 1:
        return ""
    bound = "" if claim["status"] == "held" else f"; upper bound allowing for {parts}: {claim['high_among']:+.3f}"
    return f"1 of {parts} parts{bound}"


def claims_table(settled: Mapping[str, Claim]) -> list[dict[str, Any]]:
    """All claims as JSON-ready rows; those not settled are "not measured"."""
    return [asdict(settled.get(claim.id, claim)) for claim in CLAIMS]
