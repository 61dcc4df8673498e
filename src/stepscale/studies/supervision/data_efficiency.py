"""How many labels one way of choosing them saves against another (Lightman et al. 2023, 4.2 and Figure 4a).

In: what two arms reached at several numbers of labeled samples per problem. Out: their lines of best fit, best-of-N accuracy
on log2 of the samples, and the saving, each with a bootstrap interval over problems and seeds. Samples are those really
labeled: a problem may have fewer than were asked for, and a selector's own labels count too (the paper does not tell whether
it counts them). Two measures:

- *ratio of slopes*, the paper's: how much faster accuracy rises with a doubling of the labels;
- *labels saved*, the horizontal shift: how many times as many labels the control needs to reach the same accuracy, averaged
  over the sizes on the log scale: 2 ** (gain of accuracy at equal labels / slope of the control), where the control's line
  tells its accuracy at the arm's labels. The two are the same only where the lines meet at no labels at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.intervals import Interval
from stepscale.estimators.resampling import percentile_bounds
from stepscale.supervision.points import Learning, learning, resampled_means

APART = ", without sizes at which they share over half of their labels"  # of a fit that is for information
_SLOPE = "slope of the {}, accuracy per doubling"
_INTERCEPT = "intercept of the {}, accuracy at one labeled sample"
_MIN_SLOPE = 1e-12  # a slope of equal accuracies comes out as some 1e-17, not as 0


@dataclass(frozen=True)
class Line:
    """accuracy = ``intercept`` + ``slope`` * log2(samples per problem).

    Attributes:
        slope: Accuracy gained per doubling of labels.
        intercept: Accuracy at one labeled sample per problem.
    """

    slope: Interval
    intercept: Interval


@dataclass(frozen=True)
class LabelEfficiency:
    """An arm against its control, over problems and seeds.

    Attributes:
        arm: Its accuracy by doublings of labels.
        control: Likewise.
        gain: Accuracy over the control's line at equal labels, mean over the arm's sizes.
        slope_ratio: The arm's slope over the control's.
        log2_saved: Doublings of labels that the control needs to catch up.
        saved: 2 ** ``log2_saved``: times as many labels (inf: never).
        n_problems: Problems of the test samples.
        seeds: Trainings of each cell.
        doublings: Of labels between the control's least and most: what its line was measured over.
    """

    arm: Line
    control: Line
    gain: Interval
    slope_ratio: Interval
    log2_saved: Interval
    saved: Interval
    n_problems: int
    seeds: int
    doublings: float


def data_efficiency(
    points: pd.DataFrame,
    arm: str,
    control: str,
    n: int,
    resamples: int = 2000,
    seed: int = 0,
    selector_counts: bool = True,
) -> LabelEfficiency:
    """How many labels an arm saves against another, on the sizes that both have.

    Where the control does not rise, the saving is infinite if the arm lies above it, and minus infinity (in doublings) below.

    Args:
        points: Points of all arms.
        arm: Name of the arm.
        control: Name of the arm that it is compared with.
        n: Samples to choose from.
        resamples: Bootstrap resamples.
        seed: Decides them.
        selector_counts: Whether the labels that a selector learned from are among an arm's labels.

    Raises:
        InputError: Fewer than two common sizes, or other problems or seeds in the two arms.
    """
    # 1. accuracies of both arms at their common sizes x [2, sizes], in every resample and on the whole
    treated, controlled = _common(learning(points, arm, n), learning(points, control, n))
    x = np.log2([learned.labeled if selector_counts else learned.chosen for learned in (treated, controlled)])
    accuracies = np.stack([treated.accuracy, controlled.accuracy])
    resampled = resampled_means(accuracies, resamples, seed)  # [resamples, 2, sizes]
    mean = accuracies.mean(axis=(-2, -1))[None]

    def interval(of_lines: Floats, estimate: Floats) -> Interval:
        # a quantile that is one of the values: between two it would be nan where one is infinite
        bounds = percentile_bounds(of_lines, method="inverted_cdf")
        return Interval(estimate[0], *bounds, accuracies.shape[3], resampled=of_lines)

    # lines of best fit, and what the arm gains and saves: of the resamples, and of the mean
    slope, slope_mean = _slopes(resampled, x), _slopes(mean, x)
    start, start_mean = resampled.mean(-1) - slope * x.mean(-1), mean.mean(-1) - slope_mean * x.mean(-1)
    gain, gain_mean = _gain(resampled, start, slope, x), _gain(mean, start_mean, slope_mean, x)
    ratio, ratio_mean = _ratio(slope[:, 0], slope[:, 1]), _ratio(slope_mean[:, 0], slope_mean[:, 1])
    saved, saved_mean = _ratio(gain, slope[:, 1]), _ratio(gain_mean, slope_mean[:, 1])
    lines = [Line(interval(slope[:, i], slope_mean[:, i]), interval(start[:, i], start_mean[:, i])) for i in range(2)]
    return LabelEfficiency(
        lines[0],
        lines[1],
        interval(gain, gain_mean),
        interval(ratio, ratio_mean),
        interval(saved, saved_mean),
        interval(_power(saved), _power(saved_mean)),
        accuracies.shape[3],
        accuracies.shape[2],
        float(np.ptp(x[1])),
    )


def efficiency_table(efficiency: LabelEfficiency, arm: str, control: str) -> list[dict[str, object]]:
    """The measures as JSON-ready rows: arm, control, measure, estimate, low, high, n_problems, seeds.

    What has no bound is "inf" or "-inf"; ``float`` reads both.

    Args:
        efficiency: As ``data_efficiency`` gives it.
        arm: Name of the arm.
        control: Name of the arm that it is compared with.
    """
    measures = {
        _SLOPE.format("arm"): efficiency.arm.slope,
        _SLOPE.format("control"): efficiency.control.slope,
        _INTERCEPT.format("arm"): efficiency.arm.intercept,
        _INTERCEPT.format("control"): efficiency.control.intercept,
        "gain of accuracy at equal labels": efficiency.gain,
        "ratio of slopes": efficiency.slope_ratio,
        "labels saved, times (horizontal shift)": efficiency.saved,
    }
    about: dict[str, object] = {"arm": arm, "control": control}
    counts = {"n_problems": efficiency.n_problems, "seeds": efficiency.seeds}
    return [
        about | {"measure": name, "estimate": _finite(q.mean), "low": _finite(q.low), "high": _finite(q.high)} | counts
        for name, q in measures.items()
    ]


def fitted_lines(rows: Sequence[Mapping[Any, Any]]) -> dict[str, tuple[float, float]]:
    """The lines of best fit of arm and control.

    Args:
        rows: Of ``efficiency_table``, for one pair of arms.

    Returns:
        (slope, intercept) by the arm's name: best-of-N accuracy on log2 of the labeled samples per problem.
    """
    by_measure = {row["measure"]: row for row in rows}
    lines = {}
    for who in ("arm", "control"):
        slope, intercept = (by_measure.get(name.format(who)) for name in (_SLOPE, _INTERCEPT))
        if slope and intercept:
            lines[str(slope[who])] = float(slope["estimate"]), float(intercept["estimate"])
    return lines


def _common(treated: Learning, controlled: Learning) -> tuple[Learning, Learning]:
    sizes = tuple(sorted(set(treated.sizes) & set(controlled.sizes)))
    if len(sizes) < 2 or treated.accuracy.shape[1:] != controlled.accuracy.shape[1:]:
        shapes = [arm.accuracy.shape[1:] for arm in (treated, controlled)]
        raise InputError(
            f"a line of best fit needs two sizes or more that both arms have, on the same problems and seeds; they "
            f"have {treated.sizes} and {controlled.sizes}, {shapes[0]} and {shapes[1]} seeds and problems"
        )
    return _at_sizes(treated, sizes), _at_sizes(controlled, sizes)


def _at_sizes(learned: Learning, sizes: tuple[int, ...]) -> Learning:
    places = [learned.sizes.index(size) for size in sizes]
    labeled, chosen = (tuple(counts[i] for i in places) for counts in (learned.labeled, learned.chosen))
    return Learning(sizes, learned.accuracy[places], labeled, chosen)


def _slopes(means: Floats, x: Floats) -> Floats:
    """Least-squares slopes [..., 2] of ``means`` [..., 2, sizes] over ``x`` [2, sizes]."""
    centered = x - x.mean(axis=-1, keepdims=True)
    return np.asarray((means * (centered / (centered**2).sum(axis=-1, keepdims=True))).sum(axis=-1))


def _gain(means: Floats, start: Floats, slope: Floats, x: Floats) -> Floats:
    """The arm's mean accuracy less that of the control's line at the same labels [...]."""
    return np.asarray(means[:, 0].mean(axis=-1) - start[:, 1] - slope[:, 1] * x[0].mean())


def _ratio(above: Floats, below: Floats) -> Floats:
    """``above`` / ``below``; where ``below`` is not positive, but for rounding, infinity with the sign of ``above``."""
    rising = below > _MIN_SLOPE
    endless = np.where(above > 0, np.inf, -np.inf)
    return np.where(rising, above / np.where(rising, below, 1.0), np.where(above == 0, 0.0, endless))


def _power(log2: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(2.0**log2)


def _finite(value: Floats) -> float | str:
    """JSON has no infinity."""
    return float(value) if np.isfinite(value) else str(float(value))
