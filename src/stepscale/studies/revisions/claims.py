"""What settles claims B4, B5, B6 and B10: quantities that should all lie above their thresholds, each with its interval.

In: graded chains, or a row for each (problem, ratio, budget) from ``revisions.grid``. Out: named intervals for
``claims.settle``. All are over problems, paired by problem; policies are cross-validated (``compute_optimal``).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.difficulty import Bins
from stepscale.estimators.intervals import bootstrap_interval, groups_interval, paired_interval
from stepscale.estimators.quantities import ASSUMED, Quantity, quantity
from stepscale.estimators.strategy_results import StrategyResults, strategy_results
from stepscale.studies.revisions.chain_rates import accuracy_by_position
from stepscale.studies.strategies.policies import gain_of_bins, generations_saved

PARALLEL, SEQUENTIAL = "parallel", "sequential"  # as revisions.grid names them
TRAINED = 4  # attempts in context that the revision model is trained on: positions 0 to 4
NOT_WORSE = 0.01  # B10: one point


def b4_quantities(
    chains: pd.DataFrame, ratios: Mapping[str, pd.DataFrame], resamples: int, seed: int
) -> dict[str, Quantity]:
    """Pass@1 rises over the trained positions, and beyond them; sequential beats parallel (Snell et al. 2024, 6.1).

    Args:
        chains: Attempts by problem, chain and position.
        ratios: By what selects, accuracies by ratio; sequential minus parallel is the mean over the budgets above 1.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.

    Returns:
        Beyond the trained positions: the mean of all later ones over the last trained one.

    Raises:
        InputError: No chain is longer than the trained positions.
    """
    values = accuracy_by_position(chains)
    if values.shape[1] <= TRAINED + 1:
        raise InputError(f"claim B4 needs chains longer than {TRAINED + 1} attempts, not {values.shape[1]}")
    quantities = {
        f"pass@1 of attempt {TRAINED + 1} - of attempt 1": paired_interval(
            values[:, TRAINED], values[:, 0], resamples, seed
        ),
        f"pass@1 of attempts {TRAINED + 2} to {values.shape[1]} - of attempt {TRAINED + 1}": paired_interval(
            values[:, TRAINED + 1 :].mean(axis=1), values[:, TRAINED], resamples, seed
        ),
    }
    for select, rows in ratios.items():
        lead = over_budgets(rows, SEQUENTIAL) - over_budgets(rows, PARALLEL)
        quantities[f"sequential - parallel, {select}"] = bootstrap_interval(lead, resamples, seed)
    return {name: quantity(interval, ASSUMED) for name, interval in quantities.items()}


def b5_quantities(rows: pd.DataFrame, bins: Bins, resamples: int, seed: int) -> dict[str, Quantity]:
    """A ratio for each bin beats one for all; sequential over balanced revisions gains more on easy bins than on hard ones.

    All at the largest budget (6.2: easy problems want pure sequential revisions, hard ones a balance).

    Args:
        rows: Ratio results: a row per problem, ratio and budget.
        bins: Difficulty bin of each problem [problems], 1 the easiest.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    results, budget = strategy_results(rows), int(rows["budget"].max())
    last = results.budgets.index(budget)
    lead = (
        results.accuracy[results.strategies.index(SEQUENTIAL), last] - results.accuracy[_balanced(rows, results), last]
    )
    middle = (1 + int(bins.max())) / 2
    quantities = {
        f"a ratio for each bin - one for all at N={budget}": gain_of_bins(results, bins, last, resamples, seed),
        f"sequential - balanced on easy bins - the same on hard bins at N={budget}": groups_interval(
            lead, bins < middle, bins > middle, resamples, seed
        ),
    }
    return {name: quantity(interval, ASSUMED) for name, interval in quantities.items()}


def _balanced(rows: pd.DataFrame, results: StrategyResults) -> int:
    """The strategy at the largest budget whose number of chains is nearest to their length."""
    at_last = rows[rows["budget"] == rows["budget"].max()]
    uneven = (np.log(at_last["sequential"]) - np.log(at_last["parallel"])).abs()
    return results.strategies.index(str(at_last.loc[uneven.idxmin(), "strategy"]))


def b6_quantities(rows: pd.DataFrame, bins: Mapping[str, Bins], resamples: int, seed: int) -> dict[str, Quantity]:
    """``generations_saved`` by the compute-optimal ratio against parallel best-of-N, for each kind of bins (6.2, Figure 8).

    At the budgets above 1; a budget is compared if parallel attempts still rise at four times as many.

    Args:
        rows: Ratio results: a row per problem, ratio and budget.
        bins: By kind the bin of each problem [problems].
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    results = strategy_results(rows)
    baseline = results.curve(PARALLEL, None, resamples, seed)
    budgets = [n for n in results.budgets if n > 1]
    return generations_saved(results, baseline, "parallel best-of-N", budgets, bins, resamples, seed)


def b10_quantities(with_history: pd.DataFrame, without: pd.DataFrame, resamples: int, seed: int) -> dict[str, Quantity]:
    """Sequential revisions chosen by the ORM that sees earlier attempts are no worse than by the one that does not.

    To within ``NOT_WORSE``, as the mean over the budgets above 1 (J and Figure 15).

    Args:
        with_history: Ratio results where the ORM that sees earlier attempts chooses.
        without: The same where the one that does not chooses.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    lead = over_budgets(with_history, SEQUENTIAL) - over_budgets(without, SEQUENTIAL)
    return {"with history - without": quantity(bootstrap_interval(lead, resamples, seed), 0.0, -NOT_WORSE)}


def over_budgets(rows: pd.DataFrame, strategy: str) -> Floats:
    """Accuracy [problems] of a strategy, the mean over its budgets above 1; problems in the order of the table.

    Args:
        rows: Ratio results: a row per problem, ratio and budget.
        strategy: Name of the ratio.

    Raises:
        InputError: The strategy has no budget above 1.
    """
    spread = rows[(rows["strategy"] == strategy) & (rows["budget"] > 1)]
    if spread.empty:
        raise InputError(f"revision ratios have no {strategy} above a budget of 1; give larger budgets")
    return spread.groupby("problem_id", sort=False)["accuracy"].mean().to_numpy(float)
