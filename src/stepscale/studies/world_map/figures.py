"""What the report says about the map: one figure, one table, the rule of thumb and how it stood its tests."""

from collections.abc import Mapping

import pandas as pd

from stepscale.estimators.intervals import MIN_PROBLEMS_TO_SETTLE, NOISE
from stepscale.report.number_formats import POINTS, cell
from stepscale.report.part import Figure, Panel, Part, TextTable, View
from stepscale.report.plots import curve_panel
from stepscale.studies.world_map.rule import in_words
from stepscale.studies.world_map.strategies import MAJORITY, STRATEGIES
from stepscale.studies.world_map.tables import WORLD

_READING = (
    "Every world has its own generator, a simulated solver with the world's error rates. It has its own PRM, a logistic "
    "regression learned from so many labeled steps. A line is a strategy's accuracy less that of majority, with its 95 % "
    "band. Above zero it pays to use the PRM; below zero the vote is enough. Panels: problems of different lengths, generators "
    "with the fewest and the most misconceptions. Worlds that differ in slips and flipped labels are averaged. Revisions are "
    "by a synthetic reviser."
)
_NOTE = (
    "The winner by mean accuracy and its lead over the runner-up, paired by problem, with its 95 % interval. It was chosen on "
    "the same problems, so the lead is biased upwards. * beam search is over-optimized there: it lies below best-of-N weighted "
    "with its whole interval."
)


def map_part(tables: Mapping[str, pd.DataFrame], on_samples: Mapping[str, pd.DataFrame]) -> Part:
    """The part of the report on the map.

    Args:
        tables: As ``measure_map`` gives them.
        on_samples: As ``rule_on_samples`` gives them.
    """
    winners, rules = tables["winners"], tables["rule"].groupby("among", sort=False)
    words = {str(among): in_words(rule) for among, rule in rules}
    tests = pd.concat([tables["tests"], *on_samples.values()], ignore_index=True)
    return Part(
        name="world-map",
        title="Which strategy pays in which world?",
        text="Rules of thumb, fitted to the worlds of the grid. "
        + " ".join(f"Among {among}: {rule}." for among, rule in words.items()),
        figures=(_figure(tables["curves"]),),
        tables=(_counts_table(winners), _map_table(winners), _tests_table(tests)),
        summary=tuple(f"map of {winners['world'].nunique()} worlds, {key}: {rule}" for key, rule in words.items()),
    )


def _figure(curves: pd.DataFrame) -> Figure:
    """A view for each N, a panel for each length and for the fewest and most misconceptions."""
    ends = {curves["misconceptions"].min(), curves["misconceptions"].max()}
    end_curves = curves[curves["misconceptions"].isin(ends)]
    views = []
    for n, of_n in end_curves.groupby("n"):
        panels = tuple(
            Panel(series=curve_panel(rows, x="labels", y="gain").series, title=_panel_title(rows))
            for _, rows in of_n.groupby(["level", "misconceptions"])
        )
        ticks = tuple((float(value), f"{value:g}") for value in sorted(curves["labels"].unique()))
        title = "step labels that the PRM learned from (log scale)"
        views.append(View(x_title=title, panels=panels, unit=f"N = {n}", ticks=ticks))
    return Figure(
        title="What the PRM buys over a vote, by what it learned from",
        reading=_READING,
        views=tuple(views),
        y_title="accuracy - majority (points)",
    )


def _panel_title(rows: pd.DataFrame) -> str:
    first = rows.iloc[0]
    return f"level {first['level']:.0f}, misconceptions {first['misconceptions']:.0%}"


def _counts_table(winners: pd.DataFrame) -> TextTable:
    """A row per N: in how many worlds each strategy wins, a vote is enough, and beam search is over-optimized."""
    rows = []
    for n, of_n in winners.groupby("n"):
        clear = of_n[(of_n["over_majority_low"] > NOISE) & (of_n["n_problems"] >= MIN_PROBLEMS_TO_SETTLE)]
        row = {"N": str(n), "worlds": str(len(of_n)), "majority is enough": str(len(of_n) - len(clear))}
        row |= {f"{name} pays": str(int(clear["winner"].eq(name).sum())) for name in STRATEGIES if name != MAJORITY}
        rows.append(row | {"beam search is over-optimized": str(int(of_n["over_optimizes"].sum()))})
    note = (
        "A strategy pays where it wins and its lead over majority lies above zero with its whole 95 % interval. Elsewhere "
        "majority is enough, as far as these problems show."
    )
    return TextTable(title="In how many worlds each strategy pays", rows=tuple(rows), note=note)


def _map_table(winners: pd.DataFrame) -> TextTable:
    """A row per world, a column per N."""
    rows = []
    for _, of_world in winners.groupby("world", sort=False):
        first = of_world.iloc[0]
        row = {name: f"{first[name]:g}" for name in WORLD if name != "world"}
        row |= {"pass@1": f"{first['pass_at_1']:.1%}", "AUROC": f"{first['auroc']:.3f}"}
        for winner_row in of_world.to_dict("records"):
            starred = "*" if winner_row["over_optimizes"] else ""
            row[f"N = {winner_row['n']}"] = f"{winner_row['winner']} {cell(winner_row, 'lead', POINTS)}{starred}"
        rows.append(row)
    return TextTable(title="Which strategy wins in each world, and by how much", rows=tuple(rows), note=_NOTE)


def _tests_table(tests: pd.DataFrame) -> TextTable:
    rows = tuple(
        {
            "on": str(row["on"]),
            "among": str(row["among"]),
            "rule's accuracy": f"{row['accuracy']:.1%}",
            "minus": str(row["against"]),
            "difference": cell(row, "difference", POINTS),
            "worlds": str(row["n_worlds"] or ""),
            "problems": str(row["n_problems"]),
        }
        for row in tests.to_dict("records")
    )
    note = (
        "The rules were fitted to the grid alone. Intervals are over worlds off the grid, and over problems on the run's "
        "samples, which show only votes and best-of-N. The reviser learns of errors from the labeler, at the rates of "
        "world_map."
    )
    return TextTable(title="The rule of thumb where it was not fitted", rows=rows, note=note)
