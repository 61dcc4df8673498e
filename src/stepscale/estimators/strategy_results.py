"""What every strategy reaches and costs: accuracies on a grid of strategies, budgets and problems, checked when it is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd

from stepscale.errors import InputError, in_short
from stepscale.estimators.arrays import Floats
from stepscale.estimators.checking import check_columns, checked_budgets, checked_numbers
from stepscale.estimators.curve import Curve
from stepscale.estimators.curve import curve as make_curve
from stepscale.estimators.names import checked_ids


@dataclass(frozen=True)
class StrategyResults:
    """What every strategy reaches at every budget.

    Attributes:
        strategies: Names.
        budgets: Generations per problem, rising.
        ids: Problem ids.
        accuracy: Expected accuracy [strategies, budgets, problems]; NaN, for all problems, where a strategy has no run.
        costs: By unit ("tokens", "flops", ...) what each problem cost, of the shape of ``accuracy``.

    Raises:
        InputError: Shapes differ, two strategies or problems have one name, budgets do not rise, or an accuracy
            is infinite. Or a strategy has results of some problems only, or a result has no cost above 0.
    """

    strategies: tuple[str, ...]
    budgets: tuple[int, ...]
    ids: tuple[str, ...]
    accuracy: Floats
    costs: Mapping[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("strategies", "ids"):
            object.__setattr__(self, name, checked_ids(getattr(self, name), name))
        object.__setattr__(self, "budgets", checked_budgets(self.budgets))
        shape = (len(self.strategies), len(self.budgets), len(self.ids))
        object.__setattr__(self, "accuracy", checked_numbers(self.accuracy, "accuracy"))
        if not isinstance(self.costs, Mapping):
            raise InputError(f"costs must be a mapping from units to arrays, not {in_short(self.costs)}")
        costs = {unit: checked_numbers(cost, f"costs in {unit}") for unit, cost in self.costs.items()}
        object.__setattr__(self, "costs", costs)
        absent = np.isnan(self.accuracy)
        if any(values.shape != shape for values in (self.accuracy, *self.costs.values())) or 0 in shape:
            raise InputError(f"strategy results must be [strategies, budgets, problems] = {shape}")
        self._check_axes()
        partly = absent.any(axis=2) & ~absent.all(axis=2)
        if partly.any():
            s, k = np.argwhere(partly)[0]
            strategy, n = f"strategy {self.strategies[s]!r} at budget {self.budgets[k]}", int((~absent[s, k]).sum())
            raise InputError(f"{strategy} has results of only {n} of {len(self.ids)} problems; run it on all of them")
        for unit, cost in self.costs.items():
            if not (cost[~absent] > 0).all():
                raise InputError(f"some results have no cost in {unit} above 0; give each its cost or leave {unit} out")
        if absent.all(axis=2).all(axis=0).any():
            raise InputError(f"at some of the budgets {self.budgets} no strategy has a result; leave these budgets out")

    def _check_axes(self) -> None:
        for names, axis in ((self.strategies, "strategies"), (self.ids, "problems")):
            if len(set(names)) < len(names):
                raise InputError(f"strategy results: two of the {axis} have one name; give each its own")
        if any(n <= m for m, n in pairwise(self.budgets)):
            raise InputError(f"strategy results: budgets must rise, not {list(self.budgets)}")
        if np.isinf(self.accuracy).any():
            raise InputError("strategy results: accuracies must be finite, or NaN where a strategy has no run")

    def curve(self, strategy: str, unit: str | None = None, resamples: int = 2000, seed: int = 0) -> Curve:
        """The curve of one strategy, against generations or the mean cost in ``unit``.

        Args:
            strategy: One of ``strategies``.
            unit: One of the units of ``costs``; None: generations.
            resamples: Number of bootstrap resamples over problems.
            seed: Decides the resamples.

        Returns:
            Accuracy with its interval, at the budgets that the strategy was run with.

        Raises:
            InputError: The strategy or the unit is unknown.
        """
        if strategy not in self.strategies or not (unit is None or unit in list(self.costs)):
            raise InputError(f"no strategy {strategy!r} with costs in {unit!r}; there are {', '.join(self.strategies)}")
        row = self.accuracy[self.strategies.index(strategy)]
        run = ~np.isnan(row).all(axis=1)
        budgets = np.asarray(self.budgets, float)[run]
        x = budgets if unit is None else self.costs[unit][self.strategies.index(strategy)][run].T
        return make_curve(row[run].T, x, resamples, seed)


def strategy_results(rows: pd.DataFrame, units: Sequence[str] = ()) -> StrategyResults:
    """Results from a tidy table; problems and strategies keep the order in which they first appear.

    Args:
        rows: Table with problem_id, strategy, budget, accuracy and a column for each unit. Rows of one key are averaged.
        units: Units of cost.

    Returns:
        The results, on a grid of strategies, budgets and problems.

    Raises:
        InputError: A column is absent, or as for ``StrategyResults``.
    """
    units = checked_ids(units, "units")
    check_columns(rows, ("problem_id", "strategy", "budget", "accuracy", *units), "a table of strategy results")
    strategies, ids = (tuple(dict.fromkeys(checked_ids(rows[name], name))) for name in ("strategy", "problem_id"))
    if rows[["problem_id", "strategy"]].isna().to_numpy().any():
        raise InputError("a table of strategy results has rows without problem_id or strategy; fill them in")
    budgets = tuple(sorted(checked_budgets(rows["budget"].unique())))
    index = pd.MultiIndex.from_product([strategies, budgets, ids])
    numbers = rows.assign(**{name: checked_numbers(rows[name], name) for name in ("accuracy", *units)})
    means = numbers.groupby(["strategy", "budget", "problem_id"])[["accuracy", *units]].mean().reindex(index)
    shape = (len(strategies), len(budgets), len(ids))
    grids = {name: means[name].to_numpy(float).reshape(shape) for name in ("accuracy", *units)}
    return StrategyResults(strategies, budgets, ids, grids.pop("accuracy"), grids)


def check_results(results: object) -> None:
    """Check that these are results on a grid.

    Args:
        results: What was handed in.

    Raises:
        InputError: They are something else, such as the table that ``strategy_results`` reads.
    """
    if not isinstance(results, StrategyResults):
        raise InputError(
            f"StrategyResults are needed, not {type(results).__name__}; strategy_results makes them of a table"
        )
