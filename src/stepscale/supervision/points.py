"""What each trained verifier reached, as points (arm, labeled samples per problem, seed), and their means with intervals.

In: the points table: arm str | per_problem int (samples to be labeled per problem) | labeled float (the number really labeled,
the mean over problems) | selector float (further ones that the arm's selector took) | seed int | n int (generation budget) |
problem_id str | accuracy float (expected best-of-n accuracy on that problem) | faultless float (the same where every step must be
right as well; null where steps are not rated). Out: arrays and the tables of Lightman et al. 2023, Figures 4a and 4b. Knows
nothing about training.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.intervals import Interval, interval_of
from stepscale.estimators.resampling import over_repeats, resample_counts

ACTIVE = "Process, active learning"
PROCESS = "Process"
BY_LARGE = "Outcome by PRM_large"
BY_ANSWER = "Outcome by final answer"
LAST_TOKEN = "Outcome by final answer, last token only"
SELECTOR = "PRM_selector"
BLIND = "pass@1 (choosing blindly)"
ARMS = (ACTIVE, PROCESS, BY_LARGE, BY_ANSWER)
"""The four series of Lightman et al. 2023, Figure 4a."""


@dataclass(frozen=True)
class Learning:
    """One arm at one budget.

    Attributes:
        sizes: Labeled samples per problem asked for [S], rising.
        accuracy: Of each test problem [S, seeds, problems].
        labeled: Samples per problem really labeled [S], the selector's among them.
        chosen: The same without these.
    """

    sizes: tuple[int, ...]
    accuracy: Floats
    labeled: tuple[float, ...]
    chosen: tuple[float, ...]


def learning(points: pd.DataFrame, arm: str, n: int) -> Learning:
    """The points of ``arm`` at budget ``n``.

    Args:
        points: As ``measure_cell`` gives them, of all cells.
        arm: Its name.
        n: Samples per problem to choose from.

    Raises:
        InputError: There are none, or a size lacks a seed or a problem.
    """
    rows = points[(points["arm"] == arm) & (points["n"] == n)]
    if rows.empty:
        raise InputError(f"no point of arm {arm!r} at N={n}; there are {sorted(points['arm'].unique())}")
    axes = [np.unique(rows[name].to_numpy()) for name in ("per_problem", "seed", "problem_id")]
    shape = tuple(len(axis) for axis in axes)
    if len(rows) != np.prod(shape) or rows.duplicated(["per_problem", "seed", "problem_id"]).any():
        raise InputError(
            f"arm {arm!r}, N={n}: {len(rows)} points for {shape} (sizes, seeds, problems); finish every cell"
        )
    ordered = rows.sort_values(["per_problem", "seed", "problem_id"])["accuracy"].to_numpy(float)
    counts = rows.groupby("per_problem")[["labeled", "selector"]].mean()
    return Learning(
        tuple(int(size) for size in axes[0]),
        ordered.reshape(shape),
        tuple(counts.sum(axis=1)),
        tuple(counts["labeled"]),
    )


def resampled_means(values: Floats, resamples: int, seed: int) -> Floats:
    """Bootstrap means, for which seeds and problems are drawn again, independently.

    With one seed only the problems are resampled. ``over_repeats`` corrects for the small number of seeds, so a resample may be
    a little outside of what any seed reached. The same draws for the same numbers of seeds and problems, so differences of
    two results of one ``seed`` are paired.

    Args:
        values: Of each problem with each training [..., seeds, problems].
        resamples: How many.
        seed: Decides them.

    Returns:
        Means [resamples, ...].
    """
    n_problems = values.shape[-1]
    by_seed = values @ (resample_counts(n_problems, resamples, seed) / n_problems).T  # [..., seeds, resamples]
    return np.moveaxis(over_repeats(by_seed, values.mean(axis=-1), seed), -1, 0)


def crossed_interval(values: Floats, resamples: int = 2000, seed: int = 0) -> Interval:
    """The mean over seeds and problems and its percentile interval over both.

    Args:
        values: [..., seeds, problems].
        resamples: Bootstrap resamples.
        seed: Decides them.
    """
    means = resampled_means(values, resamples, seed)
    return interval_of(values.mean(axis=(-2, -1)), means, n_problems=values.shape[-1])


def accuracy_interval(accuracy: Floats, resamples: int, seed: int) -> Interval:
    """``crossed_interval`` of accuracies, cut to [0, 1].

    Args:
        accuracy: Accuracies in [0, 1] [..., seeds, problems].
        resamples: Bootstrap resamples.
        seed: Decides them.
    """
    interval = crossed_interval(accuracy, resamples, seed)
    return replace(interval, low=np.clip(interval.low, 0.0, 1.0), high=np.clip(interval.high, 0.0, 1.0))


def by_size(points: pd.DataFrame, n: int, resamples: int, seed: int) -> pd.DataFrame:
    """Figure 4a: accuracy against labeled samples per problem, one row per arm and size.

    Args:
        points: As ``measure_cell`` gives them, of all cells.
        n: Samples per problem to choose from.
        resamples: Bootstrap resamples of seeds and problems.
        seed: Decides them.

    Returns:
        label, per_problem, n, accuracy, low, high (95 %), n_problems, seeds, labeled (samples per problem really labeled).
    """
    parts = []
    for arm in _present(points):
        curve = learning(points, arm, n)
        rows = _rows(arm, [(size, n) for size in curve.sizes], curve.accuracy, resamples, seed)
        parts.append(pd.DataFrame(rows).assign(labeled=curve.labeled))
    return pd.concat(parts, ignore_index=True)


def by_budget(points: pd.DataFrame, per_problem: int, resamples: int, seed: int) -> pd.DataFrame:
    """Figure 4b: accuracy against the budget N, one row per arm and N.

    Args:
        points: As ``measure_cell`` gives them, of all cells.
        per_problem: Labeled samples per problem of the verifiers shown.
        resamples: Bootstrap resamples of seeds and problems.
        seed: Decides them.

    Returns:
        Columns as of ``by_size``.
    """
    rows: list[dict[str, object]] = []
    chosen = points[points["per_problem"] == per_problem]
    for arm in _present(chosen):
        ns = sorted(int(n) for n in chosen.loc[chosen["arm"] == arm, "n"].unique())
        accuracy = np.concatenate([learning(chosen, arm, n).accuracy for n in ns])
        rows += _rows(arm, [(per_problem, n) for n in ns], accuracy, resamples, seed)
    return pd.DataFrame(rows)


def _rows(
    arm: str, places: Sequence[tuple[int, int]], accuracy: Floats, resamples: int, seed: int
) -> list[dict[str, object]]:
    interval = accuracy_interval(accuracy, resamples, seed)
    return [
        {
            "label": arm,
            "per_problem": size,
            "n": n,
            "accuracy": float(interval.mean[i]),
            "low": float(interval.low[i]),
            "high": float(interval.high[i]),
            "n_problems": accuracy.shape[2],
            "seeds": accuracy.shape[1],
        }
        for i, (size, n) in enumerate(places)
    ]


def _present(points: pd.DataFrame) -> list[str]:
    """The arms in the table: the paper's in its order, then any others."""
    present = list(dict.fromkeys(points["arm"]))
    return [arm for arm in ARMS if arm in present] + [arm for arm in present if arm not in ARMS]
