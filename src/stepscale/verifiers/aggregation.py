"""From step scores to a solution's score: product, min, last or mean; neutral as positive or as negative.

Lightman et al. 2023, appendix F and Table 4 (product, neutral as positive, is theirs); Snell et al. 2024, E (last). A
step's score is the probability that it is correct. An unfinished solution's score is the caller's business.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.checking import checked_rows

Aggregation = Literal["product", "min", "last", "mean"]
NeutralIs = Literal["positive", "negative"]
AGGREGATIONS: tuple[Aggregation, ...] = get_args(Aggregation)
NEUTRALS: tuple[NeutralIs, ...] = get_args(NeutralIs)
_ROUNDING = 1e-3  # by which a probability may miss [0, 1]: half precision rounds to less


class ScoreAggregation(NamedTuple):
    """How step scores become a solution's score.

    Attributes:
        aggregation: "product", "min", "last" or "mean".
        neutral_is: What a neutral step counts as.
    """

    aggregation: Aggregation
    neutral_is: NeutralIs = "positive"


def aggregate(
    negative: Sequence[ArrayLike],
    neutral: Sequence[ArrayLike],
    aggregation: Aggregation,
    neutral_is: NeutralIs = "positive",
) -> NDArray[np.float64]:
    """From step scores to a score per solution (Lightman et al. 2023, F; Snell et al. 2024, E).

    Args:
        negative: Of each solution P(-1) of its steps [solutions][steps].
        neutral: Likewise P(0); looked at only where neutral counts as negative.
        aggregation: "product", "min", "last" or "mean".
        neutral_is: What a neutral step counts as.

    Returns:
        Scores [solutions] in [0, 1]; 0 for a solution without steps.

    Raises:
        InputError: An unknown way to aggregate, a score that is not a probability or is masked, or solutions of other lengths in
            ``neutral``.
    """
    if aggregation not in AGGREGATIONS or neutral_is not in NEUTRALS:
        raise InputError(
            f"aggregation {aggregation!r}, neutral {neutral_is!r}: choose from {AGGREGATIONS} and {NEUTRALS}"
        )
    wrong_by_solution = checked_rows(negative, "step scores")
    lengths = np.array([len(steps) for steps in wrong_by_solution], np.int64)
    result = np.zeros(len(lengths))
    if not lengths.sum():
        return result
    wrong = _flat(wrong_by_solution)
    if neutral_is == "negative":
        neutral_by_solution = checked_rows(neutral, "step scores")
        if [len(steps) for steps in neutral_by_solution] != lengths.tolist():
            raise InputError("neutral must have as many scores as negative for each solution, one per step")
        wrong = wrong + _flat(neutral_by_solution)
    right = np.clip(1 - wrong, 0, 1)
    filled = lengths > 0
    starts = np.concatenate([[0], np.cumsum(lengths[filled])[:-1]])
    if aggregation == "last":
        result[filled] = right[starts + lengths[filled] - 1]
    elif aggregation == "min":
        result[filled] = np.minimum.reduceat(right, starts)
    elif aggregation == "mean":
        result[filled] = np.add.reduceat(right, starts) / lengths[filled]
    else:
        with np.errstate(divide="ignore"):  # a step that is surely wrong makes the product 0
            result[filled] = np.exp(np.add.reduceat(np.log(right), starts))
    return result


def _flat(scores: Sequence[Floats]) -> Floats:
    """The scores of all solutions one after another."""
    flat = np.concatenate(scores)
    if not np.isfinite(flat).all():
        raise InputError("step scores must be finite numbers; a score is NaN or infinite")
    if len(flat) and not (flat.min() >= -_ROUNDING and flat.max() <= 1 + _ROUNDING):
        raise InputError(f"step scores must be probabilities; they reach from {flat.min():.4g} to {flat.max():.4g}")
    return flat
