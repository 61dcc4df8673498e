"""The best use of one verifier's scores: which aggregation, and which answer selection by difficulty.

In: the accuracy of every answer selection among N samples, problem by problem. Out: each verifier's curves under the aggregation
that the other half of the problems chooses. And the compute-optimal policy over {best-of-N, weighted vote} x aggregations and
majority (Snell et al. 2024, 3.2), in oracle and in predicted difficulty bins, with what it saves. All choices are made on one
half of the problems and measured on the other; the bootstrap repeats both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.compute_optimal import ComputeOptimal, compute_optimal
from stepscale.estimators.cost_optimal import cost_optimal
from stepscale.estimators.curve import Curve, curve
from stepscale.estimators.difficulty import N_BINS, Bins, oracle_easiness, predicted_easiness, quantile_bins
from stepscale.estimators.efficiency import efficiency_table
from stepscale.estimators.samples import SampleGrid
from stepscale.estimators.strategy_results import StrategyResults
from stepscale.estimators.voting import Vote
from stepscale.studies.best_of_n.comparison import are_shares
from stepscale.studies.samples.scored_selections import BEST, MAJORITY, REWARD, WEIGHTED, ScoredSelection, Scores

SAMPLES, TOKENS = "samples", "tokens"
ORACLE, PREDICTED = "compute-optimal, oracle bins", "compute-optimal, predicted bins"
UNIFORM = "one way for all problems"
POLICIES = (ORACLE, PREDICTED, UNIFORM)
MIN_PROBLEMS_FOR_BINS = 2 * N_BINS
"""Five bins of two halves need as many."""

_NAMES = {BEST: "best-of-N", WEIGHTED: "weighted vote", MAJORITY: "majority"}


@dataclass(frozen=True)
class Optimal:
    """One verifier's policies on these problems.

    Attributes:
        results: Every answer selection, as a strategy.
        bins: Difficulty bin of each problem [problems] by policy; all 1 for ``UNIFORM``.
        policies: By policy, chosen at equal numbers of samples.
        chosen: Best-of-N and the weighted vote, each under the aggregation that the other half chooses, by method.
        curves: By (unit, label).
        baseline: The label whose samples are saved: the weighted vote so chosen, or majority where scores cannot be summed.
    """

    results: StrategyResults
    bins: dict[str, Bins]
    policies: dict[str, ComputeOptimal]
    chosen: dict[str, ComputeOptimal]
    curves: dict[tuple[str, str], Curve]
    baseline: str


def selection_label(selection: ScoredSelection) -> str:
    """The name of an answer selection, as in "weighted vote, product".

    Args:
        selection: Method and aggregation; none for a vote of counts.
    """
    return ", ".join([_NAMES[selection.method], *([selection.aggregation] if selection.aggregation else [])])


def chosen_label(method: str) -> str:
    """The name of a method under the aggregation that the other half of the problems chooses.

    Args:
        method: ``BEST`` or ``WEIGHTED``.
    """
    return f"{_NAMES[method]}, chosen aggregation"


def strategies(
    votes: Mapping[ScoredSelection, Vote], verifier: str, ids: Sequence[str], ns: Sequence[int], tokens: Floats | None
) -> StrategyResults:
    """One verifier's answer selections, and majority.

    Args:
        votes: Votes by answer selection.
        verifier: Its name.
        ids: Problem ids.
        ns: Samples per problem to choose from.
        tokens: Mean tokens of a sample [problems]; None where they are not counted.
    """
    selections = [one for one in votes if one.verifier == verifier or one.method == MAJORITY]
    accuracy = np.stack([np.clip(votes[selection].per_problem.T, 0.0, 1.0) for selection in selections])
    costs = {}
    if tokens is not None:
        costs[TOKENS] = np.broadcast_to(np.outer(ns, tokens), accuracy.shape)
    return StrategyResults(tuple(map(selection_label, selections)), tuple(ns), tuple(ids), accuracy, costs)


def difficulty(grid: SampleGrid, scores: Scores) -> dict[str, Floats]:
    """Easiness [problems]: oracle by pass@1, predicted by the verifier's mean final score (Snell et al. 2024, 3.2).

    A verifier of steps counts by its last step, as in the paper; any other by its single score.

    Args:
        grid: Correctness [problems, samples].
        scores: By aggregation [problems, samples].

    Returns:
        Easiness by kind of estimate.
    """
    final = scores["last"] if "last" in scores else scores[REWARD]
    if not are_shares(final[grid.mask]):
        final = final - final[grid.mask].min()  # a place without an answer, which counts as 0, is as hard as the worst
    return {
        "oracle": oracle_easiness(grid.correct, grid.mask),
        "predicted": predicted_easiness(final, grid.mask),
    }


def optimal(results: StrategyResults, easiness: Mapping[str, Floats], resamples: int, seed: int) -> Optimal:
    """All policies of one verifier.

    Args:
        results: As ``strategies`` gives them.
        easiness: As ``difficulty`` gives it.
        resamples: Number of bootstrap resamples over problems.
        seed: Decides halves, ties of difficulty and resamples.

    Raises:
        InputError: There are fewer than ``MIN_PROBLEMS_FOR_BINS`` problems.
    """
    one_bin = np.ones(len(results.ids), np.int64)
    bins = {name: quantile_bins(values, results.ids, seed=seed) for name, values in easiness.items()}
    of_policy = {ORACLE: bins["oracle"], PREDICTED: bins["predicted"], UNIFORM: one_bin}
    policies = {name: compute_optimal(results, member, resamples, seed) for name, member in of_policy.items()}
    chosen = {
        method: compute_optimal(_only(results, _NAMES[method]), one_bin, resamples, seed)
        for method in (BEST, WEIGHTED)
        if any(name.startswith(_NAMES[method]) for name in results.strategies)
    }
    curves = {(SAMPLES, "majority"): results.curve("majority", None, resamples, seed)}
    curves |= {(SAMPLES, chosen_label(method)): policy.curve for method, policy in chosen.items()}
    curves |= {(SAMPLES, name): policy.curve for name, policy in policies.items()}
    if TOKENS in results.costs:
        curves[TOKENS, "majority"] = results.curve("majority", TOKENS, resamples, seed)
        for method, policy in chosen.items():
            curves[TOKENS, chosen_label(method)] = curve(policy.per_problem, policy.spent[TOKENS], resamples, seed)
        for name, member in of_policy.items():
            curves[TOKENS, name] = cost_optimal(results, member, "majority", TOKENS, resamples, seed).curve
    baseline = chosen_label(WEIGHTED) if WEIGHTED in chosen else "majority"
    return Optimal(results, of_policy, policies, chosen, curves, baseline)


def savings_rows(best: Optimal) -> pd.DataFrame:
    """How many times less each policy spends than the baseline, at each of the baseline's budgets and in each unit.

    Args:
        best: The policies of one verifier.

    Returns:
        Rows of ``efficiency_table``, with policy, unit, n and over (the baseline).
    """
    parts = []
    for (unit, label), policy in best.curves.items():
        if label in POLICIES:
            table = efficiency_table(best.curves[unit, best.baseline], policy)
            parts.append(table.assign(policy=label, unit=unit, n=list(best.results.budgets), over=best.baseline))
    return pd.concat(parts, ignore_index=True)


def chosen_rows(best: Optimal) -> pd.DataFrame:
    """What every policy chose.

    Args:
        best: The policies of one verifier.

    Returns:
        A row per policy, bin, half and budget.
    """
    parts = [policy.chosen.assign(policy=name) for name, policy in best.policies.items()]
    parts += [policy.chosen.assign(policy=chosen_label(method)) for method, policy in best.chosen.items()]
    return pd.concat(parts, ignore_index=True)


def _only(results: StrategyResults, name: str) -> StrategyResults:
    """The strategies of one method alone."""
    picked = [i for i, strategy in enumerate(results.strategies) if strategy.startswith(name)]
    costs = {unit: cost[picked] for unit, cost in results.costs.items()}
    names = tuple(results.strategies[i] for i in picked)
    return StrategyResults(names, results.budgets, results.ids, results.accuracy[picked], costs)
