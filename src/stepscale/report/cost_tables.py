"""Accuracy at equal spending as tables of the report, for searches and revisions alike."""

from typing import Any

import pandas as pd

from stepscale.report.measured import monte_carlo


def cost_tables(rows: pd.DataFrame, of: str) -> dict[str, list[dict[str, Any]]]:
    """For tokens and FLOPs a table: a row a strategy, a column a spending that the baseline covers.

    ``rows``: as ``scaling.equal_cost.accuracy_at_cost`` gives them, with their ``unit``; ``of``: what the titles begin with. What
    votes over random orders add is stated beside an accuracy, and at the most twice that lies in a difference.
    """
    tables: dict[str, list[dict[str, Any]]] = {}
    for (unit, baseline), own in rows.groupby(["unit", "minus"], sort=False):
        own = own.dropna(subset=["accuracy"])
        told = own.apply(
            lambda row: (
                f"{row['accuracy']:.1%}{monte_carlo(row)} ({row['difference']:+.1%} [{row['difference_low']:+.1%}, "
                f"{row['difference_high']:+.1%}])"
            ),
            axis=1,
        )
        by_cost = own.assign(told=told).pivot_table("told", "label", "cost", aggfunc="first", sort=False)
        tables[f"{of} at equal {unit} a problem (minus {baseline} [95 %])"] = [
            {"strategy": label, **{f"{cost:,.3g}": told for cost, told in cells.fillna("").items()}}
            for label, cells in by_cost.iterrows()
        ]
    return tables
