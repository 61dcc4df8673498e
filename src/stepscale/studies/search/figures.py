"""What the report says about search (Snell et al. 2024, 5): Figures 3 and 4 of the paper, and small tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stepscale.report.claims import Claim
from stepscale.report.number_formats import POINTS, SHARE, cell, interval
from stepscale.report.part import Figure, Panel, Part, TextTable, View
from stepscale.report.plots import curve_figure, curve_panel, largest_error, unit_views
from stepscale.search.plan import SearchPlan
from stepscale.studies.difficulty.figures import difficulty_figure, difficulty_tables
from stepscale.studies.strategies.accuracy import CLOSED_FORM, MAJORITY, WEIGHTED
from stepscale.studies.strategies.policy_tables import chosen_table, cost_tables, savings_table, times_fewer

_IS_POLICY = ("compute-optimal", "uniform")
_ONLINE_NOTE = (
    "The online policy draws a few probes, estimates the difficulty from them, and then stops, samples on or searches. "
    "Its parameters are chosen on one half of the problems and measured on the other. So are the choices of the "
    "policies it is compared with. Intervals are over problems and hold all of these choices fixed. In FLOPs generator "
    "and PRM are paid together. A search after probes is charged in full, so the online policy's spending is an upper bound."
)
_METHODS_NOTE = (
    "On the same {n} test problems, with the same generator and PRM. N counts the generations that a method may begin. Tokens "
    "and FLOPs per problem are what it used of both models. Differences are paired by problem; fewer than 30 decide nothing. "
    "Best-of-N and votes come in closed form from the recorded samples, searches as they were run. Votes by a confidence are "
    "here where samples carry it."
)
_SIGNS_NOTE = (
    "Snell et al. 2024, 5.3: where beam search falls behind best-of-N at large budgets, it chooses very short "
    "solutions and ones that repeat themselves. In brackets stands the paired difference from best-of-N weighted at "
    "the same N and on the same problems, with its 95 % interval over problems."
)
_SIGNS = {
    "short": "of 1-2 steps",
    "repeating": "say a step twice",
    "repeated steps": "repeated steps",
    "mean steps": "steps",
}


def search_part(
    tables: Mapping[str, pd.DataFrame],
    online: pd.DataFrame,
    signs: pd.DataFrame,
    difficulty: Mapping[str, pd.DataFrame],
    claims: Sequence[Claim],
    plan: SearchPlan,
) -> Part:
    """The part of the report on search against the PRM.

    Args:
        tables: Tables of the searches.
        online: The online policy beside others.
        signs: Signs of over-optimization.
        difficulty: Tables by kind of difficulty bins.
        claims: Those that searches settle.
        plan: Which searches were run.
    """
    return Part(
        name="search",
        title="Does searching against the PRM beat best-of-N?",
        figures=(
            _optimal_figure(tables["curves"]),
            _bins_figure(tables["by_bin"], _filters(tables["by_bin"], plan.filtering)),
            _search_figure(tables["curves"], _filters(tables["by_bin"], plan.filtering)),
            difficulty_figure(difficulty["policies"], "generations per problem, N (log scale)"),
        ),
        tables=(
            savings_table("What search saves over best-of-N weighted with N samples", tables["savings"]),
            chosen_table("Which search for which difficulty", tables["chosen"]),
            *cost_tables(tables["at_cost"]),
            _online_table(online),
            _signs_table(signs),
            *difficulty_tables(difficulty),
        ),
        claims=tuple(claims),
        measures=times_fewer(claims, "B3"),
    )


def methods_part(comparison: pd.DataFrame) -> Part:
    """The part on methods of later papers: every method at every budget that was searched, with what it cost.

    Args:
        comparison: ``METHODS``.
    """
    rows = tuple(
        {
            "N": str(row["n"]),
            "method": str(row["strategy"]),
            "accuracy [95 %]": cell(row, "accuracy"),
            f"minus {WEIGHTED} [95 %]": cell(row, "difference", POINTS),
            "it": str(row["verdict"]),
            "tokens": f"{row['tokens']:,.0f}",
            "FLOPs": f"{row['flops']:.3g}",
        }
        for row in comparison.to_dict("records")
    )
    note = _METHODS_NOTE.format(n=int(comparison["n_problems"].max()))
    return Part(
        name="later-methods",
        title="What do methods of later papers add?",
        tables=(TextTable(title="Every method at the same budgets", rows=rows, note=note),),
    )


def _search_figure(curves: pd.DataFrame, filters: str) -> Figure:
    """Figure 3 left, against each unit."""
    rows = curves[~curves["label"].str.startswith(_IS_POLICY)]
    reading = (
        f"Snell et al. 2024, Figure 3 left; {int(curves['n_problems'].iloc[0])} test problems. Best-of-N and votes "
        f"come in closed form from the recorded samples, searches as they were run. Bands are 95 % "
        f"intervals over problems.{filters}"
    )
    return curve_figure("Every search by its budget", reading + largest_error(rows), *unit_views(rows))


def _optimal_figure(curves: pd.DataFrame) -> Figure:
    """Figure 4, against each unit."""
    is_policy = curves["label"].str.startswith(_IS_POLICY)
    rows = curves[is_policy | curves["label"].isin([WEIGHTED, MAJORITY])]
    reading = (
        f"Snell et al. 2024, Figure 4; {int(curves['n_problems'].iloc[0])} test problems. For each difficulty bin and "
        "budget the strategy that is best on one half of the problems is measured on the other half. Further left at "
        "the same height is cheaper. Against tokens and FLOPs each strategy may cost no more than best-of-N weighted "
        "with N samples. Neither the bins nor the choice are paid for."
    )
    return curve_figure("Compute-optimal search beside best-of-N", reading, *unit_views(rows), leads=True)


def _bins_figure(by_bin: pd.DataFrame, filters: str) -> Figure:
    """Figure 3 right: a panel for each bin, at the budgets that were searched."""
    searched = set(by_bin.loc[~by_bin["strategy"].isin(CLOSED_FORM.values()), "n"])
    rows = by_bin[by_bin["n"].isin(searched)]
    names = {number: f"bin {number}" for number in sorted(rows["bin"].unique())}
    names[min(names)] += ", easiest fifth"
    panels: list[Panel] = [
        curve_panel(rows[rows["bin"] == number], title, "strategy") for number, title in names.items()
    ]
    ticks = tuple((float(n), str(n)) for n in sorted(searched))
    view = View(x_title="generations per problem, N", panels=tuple(panels), ticks=ticks)
    reading = (
        "Snell et al. 2024, Figure 3 right. Each panel holds a fifth of the problems by the generator's pass rate, at "
        f"every budget that was searched. Bands are 95 % intervals.{filters}"
    )
    return curve_figure("Search by difficulty", reading, view, leads=True)


def _filters(by_bin: pd.DataFrame, filtering: Sequence[str]) -> str:
    """A sentence on the searches that leave out copies of a beam; nothing where none does."""
    if not filtering:
        return ""
    other_strategies = set(by_bin["strategy"]) - set(filtering) - set(CLOSED_FORM.values())
    of_searches = f" in {'; '.join(filtering)}" if other_strategies else ""
    return f" Open beams that are alike are expanded once{of_searches} (filter_duplicates), which is not in the paper."


def _online_table(online: pd.DataFrame) -> TextTable:
    rows = tuple(
        {
            "counted in": row["unit"],
            "budget": f"{row['budget']:,.4g}",
            "spent": f"{row['cost']:,.4g}",
            "accuracy [95 %]": f"{cell(row, 'accuracy')} ± {row['error']:.1%} (Monte Carlo)",
            "stopped when sure": f"{row['stopped']:.0%}",
            "minus": row["other"],
            "difference [95 %]": cell(row, "difference", POINTS),
            "verdict": row["verdict"],
        }
        for row in online.to_dict("records")
    )
    title = "Does a policy that pays for its own estimate of difficulty win?"
    return TextTable(title=title, rows=rows, note=_ONLINE_NOTE)


def _signs_table(signs: pd.DataFrame) -> TextTable:
    """A row for each strategy and budget, a column for each sign."""
    rows = tuple(
        {"strategy": str(strategy), "N": str(n), "solutions": str(int(group["n_solutions"].iloc[0]))}
        | {_SIGNS[str(row["sign"])]: _sign(row) for row in group.to_dict("records")}
        for (strategy, n), group in signs.groupby(["strategy", "budget"], sort=False)
    )
    return TextTable(title="Signs of over-optimization in the solutions that won", rows=rows, note=_SIGNS_NOTE)


def _sign(row: Mapping[Any, Any]) -> str:
    shape = ".2f" if row["sign"] == "mean steps" else SHARE
    if pd.isna(row["difference"]):
        return format(row["value"], shape)
    gap = interval(row["difference"], row["difference_low"], row["difference_high"], f"+{shape}")
    return f"{row['value']:{shape}} ({gap})"
