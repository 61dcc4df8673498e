"""Tables turned into series, panels and views. Knows the columns of result tables, but not how to draw."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from stepscale.report.part import Dash, Figure, Mark, Panel, Scale, Series, View
from stepscale.report.style import COLORS, WEIGHTED
from stepscale.supervision.points import BLIND

SAMPLES = "samples per problem, N (log scale)"
_MAX_BANDS = 8  # lines of one panel beyond which bands would hide each other
UNIT_AXES = {
    "generations": "generations per problem, N (log scale)",
    "tokens": "tokens per problem, generator and verifier (log scale)",
    "FLOPs": "FLOPs per problem, generator and verifier (log scale)",
}


def series(
    rows: pd.DataFrame, name: str, x: str = "n", y: str = "accuracy", mark: Mark = "line", dash: Dash = "solid"
) -> Series:
    """The rows as one series in the order of the table.

    Args:
        rows: With ``low`` and ``high`` where there is a band.
        name: Of the series.
        x: Column of the places.
        y: Column of the values.
        mark: How it is drawn.
        dash: Of its line.
    """
    places = [value if isinstance(value, str) else float(value) for value in rows[x]]
    bounds = {end: tuple(map(float, rows[end])) for end in ("low", "high") if end in rows}
    return Series(name=name, x=tuple(places), y=tuple(map(float, rows[y])), mark=mark, dash=dash, **bounds)


def dash_of(label: str) -> Dash:
    """How a line is drawn: ceilings and baselines are dotted, most others solid.

    The weighted vote of a further verifier is dashed beside its best-of-N.

    Args:
        label: Of the line.
    """
    if "ceiling" in label or label == BLIND:
        return "dotted"
    return "dashed" if label not in COLORS and label.endswith(WEIGHTED) else "solid"


def curve_panel(table: pd.DataFrame, title: str = "", lines: str = "label", x: str = "n", y: str = "accuracy") -> Panel:
    """A panel of curves with their intervals.

    Args:
        table: A row per point.
        title: Of the panel.
        lines: The column that tells the lines apart.
        x: The column of the horizontal axis.
        y: The column of the vertical axis.
    """
    groups = table.sort_values(x, kind="stable").groupby(lines, sort=False)
    rows_of_label = {str(label): rows for label, rows in groups}
    order = dict.fromkeys(map(str, table[lines]))
    band = len(order) <= _MAX_BANDS
    lines_of = [series(rows_of_label[name], name, x, y, dash=dash_of(name)) for name in order]
    return Panel(title=title, series=tuple(line.model_copy(update={"band": band}) for line in lines_of))


def curve_view(
    table: pd.DataFrame, x_title: str = SAMPLES, scale: Scale = "log", unit: str = "", **columns: str
) -> View:
    """One panel with a line for each label, ticks at the values of x where these are few.

    Args:
        table: Rows of all lines.
        x_title: Of the axis.
        scale: Of the axis.
        unit: What is spent, where a figure has a switch of units.
        columns: ``lines``, ``x`` and ``y`` as ``curve_panel`` takes them.
    """
    values = sorted({float(value) for value in table[columns.get("x", "n")]})
    ticks = tuple((value, f"{value:g}") for value in values) if len(values) <= 12 and max(values) < 1e5 else ()
    return View(x_title=x_title, panels=(curve_panel(table, **columns),), scale=scale, unit=unit, ticks=ticks)


def unit_views(curves: pd.DataFrame, axes: Mapping[str, str] = UNIT_AXES) -> tuple[View, ...]:
    """A view for each unit that the curves were counted in.

    Args:
        curves: Columns unit, label, n, accuracy, low, high.
        axes: Title of the horizontal axis by unit.
    """
    by_unit = {unit: curves[curves["unit"] == unit] for unit in UNIT_AXES}
    return tuple(curve_view(rows, axes[unit], unit=unit) for unit, rows in by_unit.items() if len(rows))


def bars_view(table: pd.DataFrame, x: str, y: str, lines: str, x_title: str) -> View:
    """Bars by category, a color for each value of the column ``lines``.

    Args:
        table: A row per bar.
        x: Column of the categories.
        y: Column of the heights.
        lines: Column whose values have a color each.
        x_title: Of the axis.
    """
    rows = table.assign(**{x: table[x].astype(str)})
    bars = [series(group, str(name), x, y, mark="bars") for name, group in rows.groupby(lines, sort=False)]
    return View(x_title=x_title, panels=(Panel(series=tuple(bars)),), scale="category")


def curve_figure(title: str, reading: str, *views: View, leads: bool = False, **options: Any) -> Figure:
    """A figure of one or several views.

    Args:
        title: Of the figure.
        reading: How to read it, in a sentence.
        views: One, or several that a switch chooses from.
        leads: Whether it stands at the head of the report.
        options: Further fields of ``Figure``.
    """
    return Figure(title=title, reading=reading, views=views, leads=leads, **options)


def largest_error(rows: pd.DataFrame) -> str:
    """A sentence on the largest Monte Carlo error of some rows.

    Args:
        rows: Column error, a share in [0, 1], where there is any.

    Returns:
        The sentence, with a blank before it; "" where all is exact.
    """
    most = float(rows["error"].max()) if "error" in rows and rows["error"].notna().any() else 0.0
    if not most > 0:
        return ""
    return f" Votes over random orders of the samples have a Monte Carlo error, here at most {most:.2%}."
