"""Do probabilities mean what they say? Reliability bins, and the expected calibration error, with intervals over problems.

In: predicted probabilities, what came out (0, 1, or a share for soft labels) and the problem of each, all [n]. Knows nothing
of verifiers.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.estimators.checking import checked_numbers
from stepscale.estimators.clustered import RESAMPLES, Bounds, percentiles, problem_resamples, share_interval

_BINS = 10


def reliability(
    predicted: ArrayLike, outcome: ArrayLike, problem_ids: Sequence[str], resamples: int = RESAMPLES, seed: int = 0
) -> pd.DataFrame:
    """Predicted and observed probabilities in ten bins of equal width; empty ones are left out.

    The steps of one problem are alike, so the problems are resampled, not the steps. A bin of which every problem has the same
    share has an interval of no width.

    Args:
        predicted: Probabilities in [0, 1] [n].
        outcome: 0, 1, or a share for soft labels [n].
        problem_ids: The problem of each [n].
        resamples: Number of bootstrap resamples over problems.
        seed: Decides the resamples.

    Returns:
        A row per bin: predicted (mean), observed (share), low and high (95 % over problems), n.

    Raises:
        InputError: Lengths differ, or a number is outside of [0, 1].
    """
    p, y, bin_of = _binned(predicted, outcome, problem_ids)
    problems = problem_resamples(problem_ids, resamples, seed)
    rows = []
    for b in np.unique(bin_of):
        inside = bin_of == b
        low, high = share_interval(problems, y * inside, inside)
        n, share = int(inside.sum()), float(y[inside].mean())
        rows.append({"predicted": p[inside].mean(), "observed": share, "low": low, "high": high, "n": n})
    return pd.DataFrame(rows, columns=["predicted", "observed", "low", "high", "n"])


def expected_error(bins: pd.DataFrame) -> float:
    """Expected calibration error: the mean distance of predicted from observed over the bins, weighted by ``n``; nan of none.

    Args:
        bins: As ``reliability`` gives them.
    """
    if not len(bins):
        return float("nan")
    return float((bins["n"] * (bins["predicted"] - bins["observed"]).abs()).sum() / bins["n"].sum())


def expected_error_interval(
    predicted: ArrayLike, outcome: ArrayLike, problem_ids: Sequence[str], resamples: int = RESAMPLES, seed: int = 0
) -> Bounds:
    """95 % interval of ``expected_error`` over problems, mirrored at the estimate (the basic bootstrap), not below 0.

    Chance adds to an absolute distance: the estimate lies above the truth, and resamples lie above the estimate by about as much.
    Their percentiles would always miss the error of a well calibrated verifier. A small estimate may lie above its interval.

    Args:
        predicted: Probabilities [n].
        outcome: Whether it came true [n].
        problem_ids: The problem of each [n].
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.

    Raises:
        InputError: As for ``reliability``.
    """
    p, y, bin_of = _binned(predicted, outcome, problem_ids)
    if not len(p):
        return float("nan"), float("nan")
    in_bin = bin_of[:, None] == np.arange(_BINS)
    gaps = (p - y)[:, None] * in_bin
    problems = problem_resamples(problem_ids, resamples, seed)
    low, high = percentiles(np.abs(problems.sums(gaps)).sum(axis=1) / problems.sums(np.ones((len(p), 1)))[:, 0])
    estimate = np.abs(gaps.sum(axis=0)).sum() / len(p)
    return max(0.0, float(2 * estimate - high)), max(0.0, float(2 * estimate - low))


def _binned(
    predicted: ArrayLike, outcome: ArrayLike, problem_ids: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Both as floats, and the bin of each."""
    p, y = checked_numbers(predicted, "predicted"), checked_numbers(outcome, "outcome")
    if p.ndim != 1 or p.shape != y.shape or not all(((v >= 0) & (v <= 1)).all() for v in (p, y)):
        raise InputError("predicted and outcome must be as many numbers in [0, 1], one per item; pass probabilities")
    if len(problem_ids) != len(p):
        raise InputError(f"{len(problem_ids)} problem_ids for {len(p)} predictions; give the problem of each")
    return p, y, np.minimum((p * _BINS).astype(np.int64), _BINS - 1)
