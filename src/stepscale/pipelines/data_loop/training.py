"""Nodes of the data loop that train: the selectors of a round, and the verifiers at the end.

Runs of the loop (a strategy and a seed) that have labeled the same samples share one training.
"""

from collections.abc import Iterator
from typing import Any, TypedDict

import pandas as pd

from stepscale.formats.tables import SOLUTION_KEY
from stepscale.parameters import LoopSettings
from stepscale.pipelines.cells import CellJob, CellSettings, run_cells, with_problems
from stepscale.pipelines.data_loop.nodes import RUN, pool_of
from stepscale.supervision.arms import Arm
from stepscale.supervision.cells import Cell
from stepscale.supervision.experiment import LabeledPool, TestSamples
from stepscale.supervision.loop_options import LoopOptions
from stepscale.supervision.selection import candidates, chosen

SCORES = [*RUN, *SOLUTION_KEY, "is_correct", "score", "doubt"]


class TrainedSelectors(TypedDict):
    """Scores of the pool by which a round chooses, and points of the selectors on the test samples."""

    scores: pd.DataFrame
    points: pd.DataFrame


def train_first_selectors(
    problems: pd.DataFrame, solutions: pd.DataFrame, keys: pd.DataFrame, labels: pd.DataFrame, settings: LoopSettings
) -> TrainedSelectors:
    """Selectors of round 1, which have learned from round 0: as ``train_selectors``, with none before.

    Args:
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        keys: Samples chosen so far, a row per run, round and sample.
        labels: Step labels, a row per rated step.
        settings: Settings of the loop, of training and of measuring.
    """
    return train_selectors(problems, solutions, keys, labels, pd.DataFrame(columns=SCORES), settings)


def train_selectors(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    keys: pd.DataFrame,
    labels: pd.DataFrame,
    before: pd.DataFrame,
    settings: LoopSettings,
) -> TrainedSelectors:
    """Train a selector on all labels so far.

    Args:
        problems: Texts by problem_id.
        solutions: The pool's solutions.
        keys: Samples that were labeled so far.
        labels: Their step labels.
        before: The last round's scores, which a strategy uses again whose selector is trained once.
        settings: Settings of the loop, of training and of measuring.

    Returns:
        Scores of the pool by which the round chooses, and points on the test samples.
    """
    loop = settings.loop
    pool = pool_of(problems, solutions, loop)
    whole_pool = with_problems(problems, pool)
    runs = list(_shared(keys))
    reused = [before[(before["seed"] == seed) & before["strategy"].isin(_once(loop, names))] for seed, names, _ in runs]
    fresh = [
        [name for name in names if name not in set(earlier["strategy"])]
        for (_, names, _), earlier in zip(runs, reused, strict=True)
    ]
    jobs = [
        _job(problems, solutions, of_run, labels, loop, seed, shared, whole_pool if names else None)
        for (seed, shared, of_run), names in zip(runs, fresh, strict=True)
    ]
    scores, points = reused, []
    results = run_cells(jobs, _cell_settings(problems, solutions, settings))
    for (seed, names, _), fresh_names, (measured, scored, _) in zip(runs, fresh, results, strict=True):
        points += [measured.assign(arm=name) for name in names]
        if scored is not None:
            by_key = candidates(pool, scored).assign(seed=seed)
            scores += [by_key.assign(strategy=name)[SCORES] for name in fresh_names]
    return {
        "scores": pd.concat([part for part in scores if len(part)], ignore_index=True),
        "points": pd.concat(points, ignore_index=True),
    }


def measure_last(
    problems: pd.DataFrame, solutions: pd.DataFrame, keys: pd.DataFrame, labels: pd.DataFrame, settings: LoopSettings
) -> pd.DataFrame:
    """Points of the verifiers that learned from the labels of all rounds.

    Args:
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        keys: Samples chosen so far, a row per run, round and sample.
        labels: Step labels, a row per rated step.
        settings: Settings of the loop, of training and of measuring.
    """
    runs = list(_shared(keys))
    jobs = [_job(problems, solutions, of_run, labels, settings.loop, seed, shared) for seed, shared, of_run in runs]
    results = run_cells(jobs, _cell_settings(problems, solutions, settings))
    parts = [
        result.points.assign(arm=name) for (_, names, _), result in zip(runs, results, strict=True) for name in names
    ]
    return pd.concat(parts, ignore_index=True)


def _once(loop: LoopOptions, names: list[str]) -> set[str]:
    return {strategy.name for strategy in loop.strategies if strategy.name in names and not strategy.retrained}


def _shared(keys: pd.DataFrame) -> Iterator[tuple[int, list[str], pd.DataFrame]]:
    """(seed, strategies, their samples) of runs that have labeled the same."""
    for seed, of_seed in keys.groupby("seed", sort=False):
        arms_of_problems: dict[frozenset[Any], list[str]] = {}
        for name, of_run in of_seed.groupby("strategy", sort=False):
            solutions = frozenset(of_run[SOLUTION_KEY].itertuples(index=False, name=None))
            arms_of_problems.setdefault(solutions, []).append(str(name))
        for names in arms_of_problems.values():
            yield int(str(seed)), names, of_seed[of_seed["strategy"] == names[0]]


def _job(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    keys: pd.DataFrame,
    labels: pd.DataFrame,
    loop: LoopOptions,
    seed: int,
    strategies: list[str],
    solutions_to_score: TestSamples | None = None,
) -> CellJob:
    """A training on all samples of ``keys``, which these strategies have labeled alike."""
    round_ = int(keys["round"].max()) + 1
    name = f"loop round {round_}, {' and '.join(strategies)}"
    cell = Cell(Arm(name=name, supervision="steps"), 1 + (round_ - 1) * loop.per_problem, seed)
    samples = chosen(solutions, keys)
    sampled_problems = problems[problems["problem_id"].isin(samples["problem_id"])]
    rated = chosen(labels, samples)  # people may leave some out; its selectors learned from these, and no others
    labeled = len(rated[SOLUTION_KEY].drop_duplicates()) / max(1, samples["problem_id"].nunique())
    return CellJob(cell, LabeledPool(sampled_problems, samples, rated), (labeled, 0.0), solutions_to_score)


def _cell_settings(problems: pd.DataFrame, solutions: pd.DataFrame, settings: LoopSettings) -> CellSettings:
    """The test problems' first samples, as many as the largest budget takes."""
    loop = settings.loop
    test = set(problems.loc[problems["split"] == "test", "problem_id"])
    tested = solutions[solutions["problem_id"].isin(test) & (solutions["sample_id"] < max(loop.budgets))]
    return CellSettings(settings.verifiers, with_problems(problems, tested), loop.budgets, loop.least_steps)
