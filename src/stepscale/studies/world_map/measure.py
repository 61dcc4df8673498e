"""The map: in each world which strategy wins at each N and by how much, where beam search over-optimizes, and the rule of thumb.

In: outcomes of worlds, problem by problem. Differences are paired by problem, with 95 % intervals; a test of the rule resamples
worlds. The winner of a world is chosen on the problems that its lead is measured on, so its lead leans upwards.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.closed_form import best_of_n_per_problem
from stepscale.estimators.intervals import bootstrap_interval, paired_interval, verdict
from stepscale.estimators.voting import majority_per_problem, weighted_per_problem
from stepscale.parameters.world_map import WorldMapBlock
from stepscale.studies.strategies.samples import REPORT, ScoredGrid, scored_grid
from stepscale.studies.world_map.rule import FEATURES, advice, fit_rule
from stepscale.studies.world_map.strategies import BEAM, BEST, MAJORITY, STRATEGIES, WEIGHTED, solution_auroc
from stepscale.studies.world_map.tables import ABOUT, CURVES, RULE, TESTS, WINNERS, WORLD

HELD_OUT, SAMPLES, IDEAL = "worlds off the grid", "the run's samples", "the best strategy of each world"
OF_SAMPLES = "votes and best-of-N"
AMONG = {
    "all strategies": STRATEGIES,
    "without a reviser": (MAJORITY, WEIGHTED, BEST, BEAM),
    OF_SAMPLES: (MAJORITY, WEIGHTED, BEST),
}
"""The strategies that a user may have; each set has a rule of its own."""
_MIN_PROBLEMS = 2


def measure_map(outcomes: pd.DataFrame, options: WorldMapBlock, resamples: int, seed: int) -> dict[str, pd.DataFrame]:
    """The tables of the map.

    Args:
        outcomes: ``OUTCOMES`` of the grid and of the worlds off it.
        options: The depth of the rule.
        resamples: Bootstrap resamples of problems, or of worlds.
        seed: Of the resamples.

    Returns:
        ``winners`` by world and N, ``curves`` of gains over majority, the ``rule``, and its ``tests`` on worlds off the grid.
    """
    grid, held_out = outcomes[~outcomes["held_out"]], outcomes[outcomes["held_out"]]
    winners = [_winner(rows, resamples, seed) for _, rows in grid.groupby(["world", "n"], sort=False)]
    rules = {among: fit_rule(cases_of(grid), strategies, options.depth) for among, strategies in AMONG.items()}
    n_problems = int(held_out["problem"].nunique())
    tests = [_tests(rule, cases_of(held_out), among, n_problems, resamples, seed) for among, rule in rules.items()]
    rule = pd.concat([of_kind.assign(among=among) for among, of_kind in rules.items()], ignore_index=True)
    return {
        "winners": pd.DataFrame(winners)[list(WINNERS.columns)],
        "curves": _curves(grid, resamples, seed),
        "rule": rule[list(RULE.columns)],
        "tests": pd.concat(tests, ignore_index=True),
    }


def cases_of(outcomes: pd.DataFrame) -> pd.DataFrame:
    """What the rule is learned from.

    Args:
        outcomes: An accuracy per world, N, strategy and problem.

    Returns:
        A row per (world, N): what the world is like, and the mean accuracy of each strategy as a column.
    """
    keys = ["world", "n", *(name for name in ABOUT)]
    return outcomes.pivot_table(index=keys, columns="strategy", values="accuracy", sort=False).reset_index()


def _winner(rows: pd.DataFrame, resamples: int, seed: int) -> dict[str, object]:
    by_problem = rows.pivot(index="problem", columns="strategy", values="accuracy")
    ranked = by_problem.mean().reindex(STRATEGIES).sort_values(ascending=False, kind="stable")
    first, second = ranked.index[:2]

    def lead(strategy: str, baseline: str) -> dict[str, float]:
        cells = paired_interval(by_problem[strategy].to_numpy(), by_problem[baseline].to_numpy(), resamples, seed)
        return {"": float(cells.mean), "_low": float(cells.low), "_high": float(cells.high)}

    leads = {"lead": lead(first, second), "over_majority": lead(first, MAJORITY), "beam_lead": lead(BEAM, WEIGHTED)}
    world = {name: rows[name].iloc[0] for name in (*WORLD, *ABOUT, "n")}
    return {
        **world,
        "n_problems": len(by_problem),
        "winner": first,
        "accuracy": float(ranked.iloc[0]),
        "runner_up": second,
        **{f"{name}{end}": value for name, values in leads.items() for end, value in values.items()},
        "over_optimizes": verdict(leads["beam_lead"]["_low"], leads["beam_lead"]["_high"], len(by_problem)) == "loses",
    }


def _curves(grid: pd.DataFrame, resamples: int, seed: int) -> pd.DataFrame:
    """Gains over majority by labels seen; worlds that differ in slips and flipped labels alone are averaged, and resampled."""
    cases = cases_of(grid).merge(grid[list(WORLD)].drop_duplicates("world"), on="world")
    keys = ["labels", "level", "misconceptions", "n"]
    rows = []
    for values, group in cases.groupby(keys, sort=True):
        worlds = grid[grid["world"].isin(group["world"]) & (grid["n"] == values[-1])]
        by_problem = worlds.pivot(index=["world", "problem"], columns="strategy", values="accuracy")
        for strategy in STRATEGIES:
            if strategy != MAJORITY:
                gain = (by_problem[strategy] - by_problem[MAJORITY]).to_numpy()
                cells = bootstrap_interval(gain, resamples, seed).cells("gain")
                rows.append(dict(zip(keys, values, strict=True)) | {"label": strategy, "n_worlds": len(group)} | cells)
    return pd.DataFrame(rows)[list(CURVES.columns)]


def _tests(
    rule: pd.DataFrame, cases: pd.DataFrame, among: str, n_problems: int, resamples: int, seed: int
) -> pd.DataFrame:
    """The rule against every strategy always taken and against the best one of each world; worlds are resampled."""
    advised = [
        advice(rule, dict(zip(FEATURES, values, strict=True))) for values in cases[list(FEATURES)].to_numpy(float)
    ]
    by_rule = np.array([cases[name].iloc[place] for place, name in enumerate(advised)])
    among_values = {name: cases[name].to_numpy(float) for name in AMONG[among]}
    among_values[IDEAL] = cases[list(AMONG[among])].to_numpy(float).max(axis=1)
    rows = []
    for name, accuracy in among_values.items():
        by_world = pd.Series(by_rule - accuracy).groupby(cases["world"].to_numpy()).mean()
        cells = bootstrap_interval(by_world.to_numpy(), resamples, seed).cells("difference")
        counts = {"n_worlds": len(by_world), "n_problems": n_problems}
        rows.append(
            {"on": HELD_OUT, "among": among, "against": name, "accuracy": float(by_rule.mean()), **cells, **counts}
        )
    return pd.DataFrame(rows)[list(TESTS.columns)]


def advised(
    rule: pd.DataFrame, samples: pd.DataFrame, budgets: Sequence[int]
) -> tuple[dict[str, float], dict[int, str]]:
    """What scored samples are like, by feature of the rule but N; and what the rule among votes and best-of-N advises, by N.

    Args:
        rule: ``RULE``, fitted on the grid.
        samples: ``SCORED_SAMPLES`` with scores, and steps per sample in a column ``n_steps``.
        budgets: N; those beyond the samples are left out.
    """
    return _advised(rule, scored_grid(samples, list(dict.fromkeys(samples["problem_id"])), REPORT), samples, budgets)


def _advised(
    rule: pd.DataFrame, scored: ScoredGrid, samples: pd.DataFrame, budgets: Sequence[int]
) -> tuple[dict[str, float], dict[int, str]]:
    grid = scored.grid
    case = {
        "pass_at_1": float(samples["is_correct"].fillna(False).mean()),
        "auroc": solution_auroc(scored.prm[grid.mask], np.asarray(grid.correct, float)[grid.mask]),
        "steps": float(samples["n_steps"].mean()),
    }
    assert {*case, "n"} == set(FEATURES)
    among = rule[rule["among"] == OF_SAMPLES]
    return case, {n: advice(among, case | {"n": n}) for n in budgets if n <= grid.correct.shape[1]}


def rule_on_samples(
    rule: pd.DataFrame, samples: pd.DataFrame, budgets: Sequence[int], resamples: int, seed: int
) -> dict[str, pd.DataFrame]:
    """The rule on recorded samples with the run's PRM, fitted among the strategies that samples can tell: votes and best-of-N.

    Args:
        rule: ``RULE``, fitted on the grid.
        samples: ``SCORED_SAMPLES``, with steps per sample in a column ``n_steps``.
        budgets: N of the map; those beyond the samples are left out.
        resamples: Bootstrap resamples of problems.
        seed: Of the resamples.

    Returns:
        ``tests``: rule minus each of those strategies, the mean over budgets, paired by problem; none where nothing was scored.
    """
    ids = list(dict.fromkeys(samples["problem_id"]))
    scored = scored_grid(samples, ids, REPORT)
    grid = scored.grid
    ns = [n for n in budgets if n <= grid.correct.shape[1]]
    if scored.scores is None or not ns or len(ids) < _MIN_PROBLEMS:
        return {}
    of_strategy: dict[str, Floats] = {
        MAJORITY: majority_per_problem(grid.answers, grid.correct, ns, grid.mask, seed).per_problem,
        WEIGHTED: weighted_per_problem(grid.answers, scored.prm, grid.correct, ns, grid.mask, seed).per_problem,
        BEST: best_of_n_per_problem(scored.prm, grid.correct, ns, grid.mask),
    }
    _, chosen = _advised(rule, scored, samples, ns)
    by_rule = np.stack([of_strategy[chosen[n]][:, i] for i, n in enumerate(ns)], axis=1).mean(axis=1)
    rows = []
    for name, accuracy in of_strategy.items():
        cells = paired_interval(by_rule, accuracy.mean(axis=1), resamples, seed).cells("difference")
        counts = {"n_worlds": 0, "n_problems": len(ids)}
        rows.append(
            {"on": SAMPLES, "among": OF_SAMPLES, "against": name, "accuracy": float(by_rule.mean()), **cells, **counts}
        )
    return {"tests": pd.DataFrame(rows)[list(TESTS.columns)]}
