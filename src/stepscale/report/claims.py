"""The claims of both papers, and how a result settles one: by its interval, never by hand.

A claim is a set of quantities, its parts, that should all lie above their thresholds: zero, or minus a margin. It held if every
interval lies above. It did not hold if any lies below by more than chance gives among so many. Else it is inconclusive.

Three rules keep a claim from being settled by weak evidence. A bound counts as above or below only beyond ``NOISE``, since sums
of floats that should be zero are seldom exactly zero. A part that rests on fewer than ``MIN_PROBLEMS_TO_SETTLE`` problems settles
nothing: the bootstrap of few or equal differences is too narrow, or has no width at all. Nor does a part settle anything if its
precondition is not met.

Beside its status stands its power: the chance that this run would have held the claim, had every part the size of the paper's
effect (``estimators.quantities``).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from math import isnan
from statistics import NormalDist

from stepscale.errors import InputError
from stepscale.estimators.intervals import MIN_PROBLEMS_TO_SETTLE, NOISE, Interval
from stepscale.estimators.quantities import Quantity, power, quantity


@dataclass(frozen=True)
class Measured:
    """A measured quantity of a claim, in plain numbers; None for what is not known.

    Attributes:
        name: What it is.
        estimate: Its value; ``low`` and ``high`` bound it at ``level``, ``error`` is its standard error.
        n_problems: How many problems it rests on.
        above: The threshold that it should exceed.
        effect: Its size in the paper.
        power: The chance to show that it is above, were it of that size.
        decides: Whether it is a part of the claim; otherwise it is reported beside.
        unmet: The precondition that fails; "" where all are met.
        note: What a reader must know about it.
    """

    name: str
    estimate: float | None
    low: float | None
    high: float | None
    level: float
    error: float | None
    n_problems: int | None
    above: float
    effect: float | None
    power: float | None
    decides: bool
    unmet: str
    note: str


@dataclass(frozen=True)
class Claim:
    """A row of the claims table.

    Attributes:
        id: A1 to A6 are of Lightman et al. 2023, B1 to B10 of Snell et al. 2024.
        claim: What is claimed.
        paper: The paper's figure for it.
        status: "held", "did not hold", "inconclusive" or "not measured".
        estimate: Of the deciding quantity, one of ``parts``.
        low: Lower bound of its interval.
        high: Upper bound of its interval.
        high_among: Its upper bound with the number of parts allowed for; a claim did not hold where one lies below its threshold.
        above: The threshold of the deciding quantity.
        effect: Its size in the paper.
        power: The chance to hold the claim, were all its quantities of that size.
        parts: Number of quantities.
        n_problems: How many problems the deciding quantity rests on.
        seeds: Number of trainings or runs.
        decided_by: Name of the deciding quantity.
        reason: Why the claim is inconclusive whatever its intervals say; "" otherwise.
        quantities: All of its parts, and what is reported beside them.
    """

    id: str
    claim: str
    paper: str
    status: str = "not measured"
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    high_among: float | None = None
    above: float | None = None
    effect: float | None = None
    power: float | None = None
    parts: int | None = None
    n_problems: int | None = None
    seeds: int | None = None
    decided_by: str = ""
    reason: str = ""
    quantities: tuple[Measured, ...] = ()


# id | what is claimed | the paper's figure for it
_TABLE = """
A1 | Best-of-N: PRM beats ORM beats majority, and the gap widens with N | 78.2 / 72.4 / 69.6 at N=1860 (A, Fig. 3)
A2 | Product or minimum, neutral as + or -: within 2 points; product, + within 1 of best | 78.2 / 77.6 / 77.4 / 77.8 (A, Table 4)
A3 | Same data: process beats outcome by PRM_large beats outcome by final answer | at every data size (A, Fig. 4)
A4 | Active learning needs fewer labels (> 1.6x) | 2.6x fewer (A, Fig. 4a)
A5 | The PRM's lead holds out of distribution | 72.9 / 63.8 / 61.3 at N=100 (A, Table 1)
A6 | PRM ahead over the difficulty quintiles, behind in none; the ORM degrades with N on the easiest | every quintile (A, Fig. 6)
B1 | Beam search beats best-of-N at small budgets and fades at large; lookahead is no better | B, Fig. 3
B2 | Which search is better depends on difficulty | B, Fig. 3 right
B3 | Compute-optimal search needs fewer generations (> 2x) than best-of-N weighted | up to 4x fewer (B, Fig. 4)
B4 | Revisions: pass@1 rises along the chain beyond 4; sequential beats parallel | B, Fig. 6
B5 | The ideal sequential to parallel ratio depends on difficulty | B, Fig. 7
B6 | Compute-optimal revisions need fewer generations (> 2x) than parallel best-of-N | up to 4x fewer (B, Fig. 8)
B7 | Small model with test-time compute beats a 14x larger one on easy problems or small R | B, Fig. 9
B8 | Soft-label PRM: last step at least as good as minimum or product | B, Fig. 13
B9 | PRM over ORM, widening with N | B, Fig. 14
B10 | Revision ORM with history at least as good as without | B, Fig. 15
"""
_ROWS = (row.split(" | ") for row in _TABLE.strip().splitlines())
CLAIMS = tuple(Claim(name, claim, paper) for name, claim, paper in _ROWS)


def settle(
    claim_id: str, quantities: Mapping[str, Interval], seeds: int, beside: Mapping[str, Interval] | None = None
) -> Claim:
    """The claim with its status, its power, and the quantity that decides it.

    Held: every interval lies above its threshold. Did not hold: one, widened for their number, lies below. Else inconclusive.
    A part of too few problems, or one whose precondition is not met, neither holds nor fails; a claim that no other part
    refutes is then inconclusive, for that reason. The deciding quantity is the one nearest to failing: whose bound (the upper
    one if the claim did not hold) is lowest in units of its interval's width. Where parts cannot settle it is one of these.

    Args:
        claim_id: One of the ids of ``CLAIMS``.
        quantities: The parts by name; ``n_problems`` None means that its number of problems is not known.
        seeds: Number of trainings or runs that the quantities rest on.
        beside: What is reported and decides nothing.

    Raises:
        InputError: There is no such claim, or no quantity.
    """
    claim = next((claim for claim in CLAIMS if claim.id == claim_id), None)
    if claim is None or not quantities:
        raise InputError(f"claim {claim_id!r} needs one quantity or more; claims are {', '.join(c.id for c in CLAIMS)}")
    # 1. the distance of every part's bounds from its threshold, the upper one with the number of parts allowed for
    parts = {name: _as_quantity(part) for name, part in quantities.items()}
    lows = {name: float(part.low) - part.above for name, part in parts.items()}
    highs = {name: float(part.high) - part.above for name, part in parts.items()}
    widened = {name: _high_among(len(parts), part) - part.above for name, part in parts.items()}
    unfit = {name: reason for name, part in parts.items() if (reason := _unfit(part))}
    # 2. the status, and the deciding part
    status, bounds = _status(lows, widened, unfit)
    deciding = min(bounds, key=lambda name: _or_lowest(bounds[name] / max(highs[name] - lows[name], 1e-12)))
    part = parts[deciding]
    rows = [_measured(name, interval, decides=True) for name, interval in parts.items()]
    rows += [_measured(name, _as_quantity(interval), decides=False) for name, interval in (beside or {}).items()]
    return replace(
        claim,
        status=status,
        estimate=_json_number(part.mean),
        low=_json_number(part.low),
        high=_json_number(part.high),
        high_among=_json_number(widened[deciding] + part.above),
        above=part.above,
        effect=part.effect,
        power=0.0 if unfit else power(list(parts.values())),
        parts=len(parts),
        n_problems=part.n_problems,
        seeds=seeds,
        decided_by=deciding,
        reason=unfit.get(deciding, ""),
        quantities=tuple(rows),
    )


def _status(
    lows: Mapping[str, float], widened: Mapping[str, float], unfit: Collection[str]
) -> tuple[str, Mapping[str, float]]:
    """The status, and the bounds of the parts of which one decides it.

    Args:
        lows: Lower bound of each part, less its threshold.
        widened: Its upper bound with the number of parts allowed for, less its threshold.
        unfit: Parts that settle nothing.
    """
    fit_highs = {name: high for name, high in widened.items() if name not in unfit}
    if any(high < -NOISE for high in fit_highs.values()):
        return "did not hold", fit_highs
    if unfit:
        return "inconclusive", {name: lows[name] for name in unfit}
    return "held" if all(low > NOISE for low in lows.values()) else "inconclusive", lows


def _as_quantity(part: Interval) -> Quantity:
    """The part itself, or an interval that should lie above zero."""
    return part if isinstance(part, Quantity) else quantity(part)


def _unfit(part: Quantity) -> str:
    """Why a part cannot settle the claim; "" if it can."""
    if part.n_problems is not None and part.n_problems < MIN_PROBLEMS_TO_SETTLE:
        return f"too few problems ({part.n_problems}, and a claim needs {MIN_PROBLEMS_TO_SETTLE})"
    return part.unmet


def _measured(name: str, part: Quantity, decides: bool) -> Measured:
    estimate, low, high = (_json_number(value) for value in (part.mean, part.low, part.high))
    chance = (0.0 if _unfit(part) else power([part])) if decides else None
    error = None if part.error is None else _json_number(part.error)
    fields = (part.level, error, part.n_problems, part.above, part.effect, chance, decides, part.unmet, part.note)
    return Measured(name, estimate, low, high, *fields)


def _json_number(value: object) -> float | None:
    """A number as JSON takes it."""
    number = float(value)  # type: ignore[arg-type]
    return None if isnan(number) else number


def _or_lowest(value: float) -> float:
    return float("-inf") if isnan(value) else value


def _high_among(parts: int, part: Quantity) -> float:
    """The upper bound with the number of ``parts`` allowed for (Bonferroni).

    The distance of the interval's bound from the mean, stretched as a normal distribution's would be; never below that bound,
    should a percentile interval lie wholly below its estimate.
    """
    quantile, tail = NormalDist().inv_cdf, (1 - part.level) / 2
    stretch = quantile(1 - tail / parts) / quantile(1 - tail)
    return max(float(part.high), float(part.mean + (part.high - part.mean) * stretch))
