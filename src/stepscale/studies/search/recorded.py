"""Recorded samples and searches as the candidates that ``estimators.online_outcomes`` replays.

In: a grid of scored samples, or rows of search_candidates. Out: ``Candidates`` [problems, candidates] whose costs are in
generations; and what the same samples and searches cost in FLOPs. Knows nothing about policies.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.online_outcomes import Candidates, Prices
from stepscale.estimators.samples import SampleGrid
from stepscale.search.plan import SearchPlan


def recorded_pool(grid: SampleGrid, scores: Floats) -> Candidates:
    """Whole samples; each costs one generation.

    Args:
        grid: Answers and correctness [problems, samples].
        scores: [problems, samples].
    """
    return Candidates(grid.answers, scores, grid.correct, grid.mask, np.ones(grid.mask.shape))


def recorded_run(candidates: pd.DataFrame, strategy: str, ids: Sequence[str], budget: int) -> Candidates:
    """What one search strategy wrote for each of ``ids``, for ``budget`` generations.

    Args:
        candidates: What each search wrote.
        strategy: Name of the search.
        ids: Problem ids.
        budget: Generations per problem.

    Raises:
        InputError: A problem lacks it.
    """
    run = candidates[candidates["strategy"] == strategy]
    if set(ids) - set(run["problem_id"]):
        raise InputError(
            f"search {strategy!r} was not run on all of the {len(ids)} problems; run test_time_search again"
        )
    shape = (len(ids), int(run["slot"].max()) + 1)
    rows = run["problem_id"].map({name: i for i, name in enumerate(ids)})
    run, rows = run[rows.notna()], rows[rows.notna()].astype(int)
    answers, scores = np.full(shape, None, object), np.zeros(shape)
    correct, mask = np.zeros(shape, bool), np.zeros(shape, bool)
    cells = rows.to_numpy(), run["slot"].to_numpy(int)
    may_win = (run["answer"].notna() & run["score"].notna()).to_numpy()
    answers[cells] = run["answer"].where(may_win, None).to_numpy(object)
    scores[cells] = run["score"].fillna(0).to_numpy(float)
    correct[cells] = run["is_correct"].fillna(False).to_numpy(bool) & may_win
    mask[cells] = may_win
    return Candidates(answers, scores, correct, mask, np.full(len(ids), float(budget)))


def recorded_runs(candidates: pd.DataFrame, plan: SearchPlan, ids: Sequence[str]) -> dict[str, Candidates]:
    """What every search whose candidates are scored wrote for each of ``ids``, by strategy and budget ("... at 16").

    Args:
        candidates: What each search wrote.
        plan: Which searches were run.
        ids: Problem ids.

    Raises:
        InputError: A problem lacks one.
    """
    return {
        f"{name} at {budget}": recorded_run(candidates, method.strategy, ids, budget)
        for name, budget, method in plan.scored_searches
    }


def recorded_prices(
    costs: pd.DataFrame,
    searches: pd.DataFrame,
    ids: Sequence[str],
    sample_counts: Sequence[int],
    strategies: Sequence[str],
) -> Prices:
    """FLOPs of generator and verifier together, of samples and of each search strategy's run.

    Samples and a run after them are priced apart, though both read the prompt: their sum is an upper bound.

    Args:
        costs: Rows of ``sample_costs``, so that N samples cost here what they cost best-of-N. A number that has no
            row costs as many times the largest one below it (or as much as the smallest).
        searches: Results of the searches, with their FLOPs.
        ids: Problem ids.
        sample_counts: Numbers of samples.
        strategies: Names of the searches.
    """
    total = costs["generator_flops"] + costs["verifier_flops"]
    priced = costs.assign(total=total).pivot(index="problem_id", columns="n", values="total").loc[list(ids)]
    sizes = [int(n) for n in priced.columns]
    nearest_sizes = [max((n for n in sizes if n <= count), default=min(sizes)) for count in sample_counts]
    samples = np.stack(
        [priced[n] * max(count / n, 1.0) for count, n in zip(sample_counts, nearest_sizes, strict=True)], axis=1
    )
    spent = searches.assign(total=searches["generator_flops"] + searches["verifier_flops"])
    by_run = [spent[spent["strategy"] == name].set_index("problem_id")["total"].loc[list(ids)] for name in strategies]
    runs = np.stack(by_run, axis=1) if by_run else np.empty((len(ids), 0))
    return Prices(np.asarray(samples, float), np.asarray(runs, float))
