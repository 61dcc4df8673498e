"""What settles claims B1, B2 and B3: quantities that should all lie above their thresholds, each with its interval.

In: the accuracy of every problem under every strategy and budget, and difficulty bins. Out: named intervals for
``claims.settle``, all paired by problem; policies are cross-validated (``compute_optimal``). Several settings of one method
may have been run (beam search with M = sqrt(N) and M = 4). Their mean stands for it, so that nothing is picked by its result.
The caller names the settings by budget, for two that are the same search at one of them count once there.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.curve import Curve
from stepscale.estimators.difficulty import Bins
from stepscale.estimators.intervals import bootstrap_interval, groups_interval
from stepscale.estimators.quantities import ASSUMED, Quantity, quantity
from stepscale.estimators.strategy_results import StrategyResults
from stepscale.studies.strategies.policies import gain_of_bins, generations_saved

Settings = Mapping[int, Sequence[str]]  # budget -> strategies of one method, each a search of its own there
NOT_WORSE = 0.01  # B1: one point of accuracy, by which lookahead may differ and still be no better
EASY = 2  # B2: in Figure 3 right, bins 1 and 2 are those where best-of-N catches up, 3 and 4 those where beams win
MIDDLE = 4


def b1_quantities(
    results: StrategyResults, baseline: str, beams: Settings, lookaheads: Settings, resamples: int, seed: int
) -> dict[str, Quantity]:
    """Beam search leads best-of-N weighted at the smallest budget, by less at the largest; lookahead is no better (B, 5.3).

    Lookahead against beam search is the mean over the budgets both have.

    Args:
        results: Accuracy of every strategy at every budget.
        baseline: Name of best-of-N weighted.
        beams: Beam searches by budget.
        lookaheads: Lookahead searches by budget.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.

    Raises:
        InputError: There are fewer than two budgets with beam searches, or no lookahead.
    """
    budgets = searched_budgets(results, beams)
    shared_budgets = [k for k in budgets if k in searched_budgets(results, lookaheads)]
    if len(budgets) < 2 or not shared_budgets:
        raise InputError(
            "claim B1 compares beam search at two budgets or more, and lookahead; add budgets or strategies"
        )
    lead = {k: _mean(results, beams, k) - _accuracy(results, baseline, k) for k in budgets}
    first, last = budgets[0], budgets[-1]
    over = np.mean([_mean(results, lookaheads, k) - _mean(results, beams, k) for k in shared_budgets], axis=0)
    small, large = results.budgets[first], results.budgets[last]

    def part(values: Floats, effect: float, above: float = 0.0) -> Quantity:
        return quantity(bootstrap_interval(values, resamples, seed), effect, above)

    return {
        f"beam - best-of-N weighted at N={small}": part(lead[first], ASSUMED),
        f"the same at N={small} - at N={large}": part(lead[first] - lead[last], ASSUMED),
        "beam - lookahead": part(-over, 0.0, -NOT_WORSE),
    }


def b2_quantities(
    results: StrategyResults, baseline: str, beams: Settings, bins: Bins, resamples: int, seed: int
) -> dict[str, Quantity]:
    """A strategy for each bin beats one for all; beam search gains more in bins 3 and 4 than in bins 1 and 2 (B, 5.3).

    All at the largest budget; what beam search gains is over best-of-N weighted.

    Args:
        results: Accuracy of every strategy at every budget.
        baseline: Name of best-of-N weighted.
        beams: Beam searches by budget.
        bins: Difficulty bin of each problem [problems].
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    last = searched_budgets(results, beams)[-1]
    budget = results.budgets[last]
    lead = _mean(results, beams, last) - _accuracy(results, baseline, last)
    easy, middle = bins <= EASY, (bins > EASY) & (bins <= MIDDLE)
    quantities = {
        f"a strategy for each bin - one for all at N={budget}": gain_of_bins(results, bins, last, resamples, seed),
        f"beam - best-of-N weighted on bins 3, 4 - the same on bins 1, 2 at N={budget}": groups_interval(
            lead, middle, easy, resamples, seed
        ),
    }
    return {name: quantity(interval, ASSUMED) for name, interval in quantities.items()}


def b3_quantities(
    results: StrategyResults,
    baseline: Curve,
    budgets: Sequence[int],
    bins: Mapping[str, Bins],
    resamples: int,
    seed: int,
) -> dict[str, Quantity]:
    """``generations_saved`` against best-of-N weighted, for each kind of bins (B, 5.3 and Figure 4).

    Args:
        results: Accuracy of every strategy at every budget.
        baseline: Curve of best-of-N weighted at many N.
        budgets: Those that were searched at.
        bins: By kind the bin of each problem [problems].
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    return generations_saved(results, baseline, "best-of-N weighted", budgets, bins, resamples, seed)


def searched_budgets(results: StrategyResults, settings: Settings) -> list[int]:
    """Indices of the budgets at which all of some searches were run, rising.

    Args:
        results: Accuracy of every strategy at every budget.
        settings: The searches by budget.
    """
    named = [k for k, budget in enumerate(results.budgets) if settings.get(budget)]
    return [k for k in named if not np.isnan(_mean(results, settings, k)).any()]


def _mean(results: StrategyResults, settings: Settings, k: int) -> Floats:
    """Accuracy [problems] at budget number ``k``, the mean over the settings there."""
    names = settings[results.budgets[k]]
    return np.asarray(np.mean([_accuracy(results, name, k) for name in names], axis=0))


def _accuracy(results: StrategyResults, strategy: str, k: int) -> Floats:
    return np.asarray(results.accuracy[results.strategies.index(strategy), k])
