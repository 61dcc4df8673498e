"""Does retraining the selector every round help, or does it collapse? Strategies of the data loop, and their selectors' health.

In: points (``supervision.points``), an arm for each strategy, ``per_problem`` the labels so far; what each selector believed of a
round's samples (``supervision.loop.round_health``). Out: rows with intervals.
"""

from typing import Any

import numpy as np
import pandas as pd

from stepscale.estimators.clustered import (
    ProblemResamples,
    percentiles,
    problem_resamples,
    resampled_auroc,
    resampled_share,
)
from stepscale.supervision.points import crossed_interval, learning

HEALTH = ("strategy", "round", "measure", "value", "low", "high", "n", "n_problems", "seeds")
_BELIEFS = ("believed", "faultless", "overconfidence", "auroc")
_OF_CHOSEN = ("wrong_answers", "first_error", "distinct_errors")
MEASURES = {f"{share}_{name}": (share, name) for share in ("chosen", "audit") for name in _BELIEFS} | {
    name: ("chosen", name) for name in _OF_CHOSEN
}


def loop_differences(points: pd.DataFrame, n: int, resamples: int, seed: int) -> list[dict[str, Any]]:
    """Best-of-n accuracy at the end: the first strategy minus each other at equal labels, and what each one's rounds changed.

    For each strategy the change of the last round, and the end minus round 1: a loss may be spread over several rounds.
    Either one's interval below zero would be a collapse. Intervals are paired, over problems and seeds; with one seed over
    problems alone.

    Args:
        points: Points of the loop: a row per strategy, round, seed, problem and N.
        n: Samples to choose from.
        resamples: Bootstrap resamples.
        seed: Decides them.
    """
    arms = {name: learning(points, name, n) for name in dict.fromkeys(points["arm"])}
    first, *other_arms = arms
    compared = {f"{first} - {rival}": arms[first].accuracy[-1] - arms[rival].accuracy[-1] for rival in other_arms}
    for name, arm in arms.items():
        if len(arm.sizes) > 1:
            compared[f"last round of {name}"] = arm.accuracy[-1] - arm.accuracy[-2]
        if len(arm.sizes) > 3:  # the first size is before round 1; with two rounds this is the last round
            compared[f"end - after round 1 of {name}"] = arm.accuracy[-1] - arm.accuracy[1]
    return [
        {
            "difference": name,
            "n": n,
            **crossed_interval(values, resamples, seed).cells("estimate"),
            "n_problems": values.shape[-1],
            "seeds": values.shape[-2],
        }
        for name, values in compared.items()
    ]


def health_by_round(health: pd.DataFrame, resamples: int, seed: int) -> pd.DataFrame:
    """A row for each strategy, round and measure: means over seeds with 95 % intervals over problems.

    Collapse by over-confidence shows in chosen_overconfidence, by distribution shift in a falling audit_auroc, by lost diversity
    in distinct_errors.

    All seeds have the same problems, so a resample draws a problem for all of them and means are taken within it. The
    variation between trainings with other seeds is not in the interval.

    Args:
        health: Rows of ``supervision.loop.round_health`` of all strategies, seeds and rounds.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.

    Returns:
        Over the samples that the selector chose (chosen_*) and the audit (audit_*), where the labels tell: believed, the mean
        score; faultless, the share whose every step passes; overconfidence: believed - faultless; auroc of the score for being
        faultless. Over the chosen alone: wrong_answers, the share; first_error, the mean place of the first wrong step;
        distinct_errors, the share of the faulty ones whose wrong step is worded like no other's (of all of them, not of a
        resample). ``n``: samples of all seeds; ``seeds``: those in which there is a value.
    """
    rows: list[tuple[Any, ...]] = []
    if health.empty:
        return pd.DataFrame(columns=list(HEALTH))
    for place, group in health.groupby(["strategy", "round"], sort=False):
        resampled, values = problem_resamples(group["problem_id"].tolist(), resamples, seed), _values(group)
        counts = np.vstack(
            [np.ones_like(resampled.counts[:1]), resampled.counts]
        )  # first each problem once: the estimate
        for measure, (share, name) in MEASURES.items():
            used = ((group["of"] == share) & values[name].notna()).to_numpy(bool)
            measured = group[used].assign(value=values.loc[used, name])
            rows.append(
                (*place, measure, *_measured(measured, name, ProblemResamples(resampled.problem[used], counts)))
            )
    return pd.DataFrame(rows, columns=list(HEALTH))


def _values(health: pd.DataFrame) -> pd.DataFrame:
    """The values whose mean each measure is, sample by sample; nan for a sample that does not count."""
    faultless = health["faultless"].astype("float64")
    score = health["score"].where(faultless.notna())
    return pd.DataFrame(
        {
            "believed": score,
            "faultless": faultless,
            "overconfidence": score - faultless,
            "auroc": score,
            "wrong_answers": 1.0 - health["is_correct"].astype("float64"),
            "first_error": health["first_error"],
            "distinct_errors": health["distinct"].astype("float64"),
        }
    )


def _measured(rows: pd.DataFrame, name: str, resamples: ProblemResamples) -> tuple[float | int, ...]:
    """Value, low, high, n, n_problems and seeds of a measure over ``rows``; the first draw gives the value."""
    by_seed, places = [], []
    for seed in rows["seed"].unique():
        is_of_seed = (rows["seed"] == seed).to_numpy(bool)
        group, of_seed = rows[is_of_seed], ProblemResamples(resamples.problem[is_of_seed], resamples.counts)
        if name == "auroc":
            resampled = resampled_auroc(of_seed, group["value"], group["faultless"])
        else:
            resampled = resampled_share(of_seed, group["value"], np.ones(len(group)))
        if not np.isnan(resampled[0]):  # faultless samples alone have no AUROC
            by_seed.append(resampled)
            places.append(of_seed.problem)
    if not by_seed:
        return float("nan"), float("nan"), float("nan"), 0, 0, 0
    means, problem_indices = np.mean(by_seed, axis=0), np.concatenate(places)
    return float(means[0]), *percentiles(means[1:]), len(problem_indices), len(np.unique(problem_indices)), len(by_seed)
