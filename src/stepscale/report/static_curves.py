"""Curves as small SVG files for pages that run no script (docs/results.md): accuracy lines with their 95 % bands.

In: a table with label, x, accuracy and perhaps low and high. Out: the SVG's text, the same bytes for the same table. The
report's own figures are plotly's; drawing those without a browser is not possible.
"""

from collections.abc import Mapping
from io import StringIO
from typing import Any

import pandas as pd

from stepscale.report.style import line_colours

_PANEL = (3.1, 2.9)  # inches
_ALONE = (6.4, 3.9)
_SHORT = 24  # characters of a name of which three stand side by side above one panel


def static_curves(
    table: pd.DataFrame,
    x: str,
    x_title: str,
    y: str = "accuracy",
    y_title: str = "accuracy",
    panel: str | None = None,
    log: bool = True,
    stars: pd.DataFrame | None = None,
) -> str:
    """One line a ``label`` and a panel a value of ``panel``; ``low`` and ``high`` are drawn where the table has them.

    ``stars``: a table of the same columns whose points are drawn as stars in the colours of their lines; open ones where its
    column ``beyond`` is true.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    groups = [("", table)] if panel is None else list(table.groupby(panel))
    width, height = _ALONE if len(groups) == 1 else (_PANEL[0] * len(groups), _PANEL[1])
    colours = line_colours(table["label"])
    with mpl.rc_context({"svg.hashsalt": "stepscale", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(width, height), layout="constrained")
        places = figure.subplots(1, len(groups), sharey=True, squeeze=False)[0]
        for axes, (value, rows) in zip(places, groups, strict=True):
            _draw(axes, rows, x, y, colours)
            if stars is not None:
                _star(axes, stars if panel is None else stars[stars[panel] == value], x, y, colours)
            if log:
                axes.set_xscale("log", base=2)
                axes.xaxis.set_major_formatter("{x:g}")
            axes.set(xlabel=x_title, title=value if isinstance(value, str) else f"{panel} {value!s}")
            axes.grid(alpha=0.25)
        figure.axes[0].set_ylabel(y_title)
        lines, names = figure.axes[0].get_legend_handles_labels()
        columns = 3 if max(map(len, names), default=0) <= _SHORT or len(groups) > 1 else 2
        figure.legend(lines, names, loc="outside upper left", ncols=columns, frameon=False)
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def _draw(axes: Any, rows: pd.DataFrame, x: str, y: str, colours: Mapping[str, str]) -> None:
    for label, line in rows.sort_values(x).groupby("label", sort=False):
        axes.plot(line[x], line[y], marker="o", markersize=3, color=colours[str(label)], label=str(label))
        if {"low", "high"} <= set(line):
            axes.fill_between(line[x], line["low"], line["high"], color=colours[str(label)], alpha=0.12, lw=0)


def _star(axes: Any, points: pd.DataFrame, x: str, y: str, colours: Mapping[str, str]) -> None:
    beyond = points["beyond"].astype(bool) if "beyond" in points else pd.Series(False, points.index)
    for (label, outside), own in points.groupby(["label", beyond]):
        axes.plot(
            own[x], own[y], "*", markersize=10, color=colours[str(label)], fillstyle="none" if outside else "full"
        )
