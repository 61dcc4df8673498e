"""Views drawn as SVG by matplotlib, for the page and for Markdown alike: the same text for the same numbers.

The page draws every panel as a small SVG of its own, so that panels wrap on a narrow screen, and takes the page's text color.
Markdown gets one SVG with all panels and a legend.
"""

import math
import re
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any, Literal

from stepscale.report.part import Figure, Panel, Series, View
from stepscale.report.style import line_colors

_INK = "#010203"  # stands for the page's text color, which replaces it
_SIZES = {"one": (5.0, 3.4), "several": (2.7, 2.3), "column": (3.1, 2.9), "alone": (6.4, 3.9)}  # inches
_MARGINS = {  # of a panel: by hand, for the layout engine takes twice as long
    "one": {"left": 0.14, "right": 0.98, "top": 0.96, "bottom": 0.16},
    "several": {"left": 0.26, "right": 0.97, "top": 0.88, "bottom": 0.23},
}
_SHARED_STYLES = {  # long styles that every panel repeats, by the class that has them in the page
    "grid": "fill: none; stroke: #b0b0b0; stroke-opacity: 0.25; stroke-width: 0.8; stroke-linecap: square",
    "tick": "fill: currentColor; stroke: currentColor; stroke-width: 0.8",
}
_MAX_SHORT_CHARACTERS = 24  # characters of a name of which three stand side by side above one panel
_DASHES = {"solid": "-", "dashed": "--", "dotted": ":"}


def page_panels(figure: Figure, view: View, name: str) -> list[str]:
    """An SVG for each panel, without a legend and in the page's text color.

    Args:
        figure: The figure.
        view: One of its views.
        name: Keeps the ids of two SVGs apart.
    """
    colors = line_colors(view.names)
    shape = "one" if len(view.panels) == 1 else "several"
    panels = []
    for place, panel in enumerate(view.panels):
        with _settings(f"{name}-{place}", _INK, 10 if shape == "one" else 9):
            canvas = _canvas(_SIZES[shape], None)
            _draw_panel(canvas.subplots(gridspec_kw=_MARGINS[shape]), panel, view, figure, colors)
            panels.append(_inlined(_svg(canvas)))
    return panels


def _inlined(svg: str) -> str:
    """An SVG as part of a page: without its head, in the page's text color, with those ids alone that it refers to itself."""
    body = svg[svg.index("<svg") :].replace(_INK, "currentColor")
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->\s*|\n\s*", lambda match: " " if match.group(0).startswith("\n") else "", body)
    body = re.sub(r' transform="rotate\(-0 [^"]*\)"| font-family: [^;"]*;', "", body)  # the page names the font once
    body = re.sub(r"\d+\.\d{3,}", lambda match: f"{float(match.group(0)):.2f}", body)  # hundredths of a point
    for name, style in _SHARED_STYLES.items():
        body = body.replace(f'style="{style}"', f'class="{name}"')
    used = set(re.findall(r"#([\w.]+)", body))
    return re.sub(r' id="([^"]+)"', lambda match: match.group(0) if match.group(1) in used else "", body)


def whole_view(figure: Figure, view: View) -> str:
    """One SVG with all panels side by side and a legend above them.

    Args:
        figure: The figure.
        view: One of its views.
    """
    colors = line_colors(view.names)
    several = len(view.panels) > 1
    width, height = _SIZES["column" if several else "alone"]
    with _settings("stepscale", "#333333", 9):
        canvas = _canvas((width * len(view.panels), height))
        places = canvas.subplots(1, len(view.panels), sharey=True, squeeze=False)[0]
        for axes, panel in zip(places, view.panels, strict=True):
            _draw_panel(axes, panel, view, figure, colors)
        for axes in places[1:]:
            axes.set_ylabel("")
        handles = {n: h for axes in places for h, n in zip(*axes.get_legend_handles_labels(), strict=True)}
        columns = 3 if several or max(map(len, handles), default=0) <= _MAX_SHORT_CHARACTERS else 2
        canvas.legend(handles.values(), handles.keys(), loc="outside upper left", ncols=columns, frameon=False)
        return _svg(canvas)


def _settings(salt: str, ink: str, size: int) -> Any:
    import matplotlib as mpl

    inked = ("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color", "axes.edgecolor")
    options: dict[str, Any] = {
        "svg.hashsalt": salt,
        "svg.fonttype": "none",
        "font.size": size,
        "font.family": "sans-serif",
    }
    options |= dict.fromkeys(inked, ink) | dict.fromkeys(("axes.spines.top", "axes.spines.right"), False)
    return mpl.rc_context(options)  # type: ignore[arg-type]  # the names of options are literals there


def _canvas(size: tuple[float, float], layout: Literal["constrained"] | None = "constrained") -> Any:
    from matplotlib.figure import Figure as Canvas

    return Canvas(figsize=size, layout=layout, facecolor="none")


def _svg(canvas: Any) -> str:
    text = StringIO()
    canvas.savefig(text, format="svg", metadata={"Date": None}, transparent=True)
    return text.getvalue()


def _draw_panel(axes: Any, panel: Panel, view: View, figure: Figure, colors: Mapping[str, str]) -> None:
    # 1. the series
    for line, places in _placed(panel, view):
        _draw_series(axes, line, places, colors[line.name], panel)
    # 2. vertical lines, named at the top
    for place, name in view.vertical_lines:
        axes.axvline(place, color="#7b8494", linestyle=":", linewidth=1)
        axes.text(place, 1.0, name, transform=axes.get_xaxis_transform(), ha="right", va="top", fontsize="small")
    # 3. scales, ticks and titles
    if view.scale == "log":
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.3g}")
    elif view.scale == "category":
        names = _categories(panel)
        axes.set_xticks(range(len(names)), names, rotation=30 if max(map(len, names), default=0) > 9 else 0)
    if view.ticks:
        axes.set_xticks([place for place, _ in view.ticks], [name for _, name in view.ticks])
        axes.minorticks_off()
    if figure.percent:
        axes.set_ylim(max(axes.get_ylim()[0], -0.02), min(axes.get_ylim()[1], 1.03))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set(xlabel=view.x_title, ylabel=figure.y_title, title=panel.title)
    axes.grid(alpha=0.25)


def _placed(panel: Panel, view: View) -> Iterator[tuple[Series, list[float]]]:
    """Each series with its places on the axis; bars and points of one category stand side by side."""
    if view.scale != "category":
        for line in panel.series:
            yield line, [float(x) for x in line.x]
        return
    names = _categories(panel)
    beside = [line for line in panel.series if line.mark in ("bars", "points")]
    step = 0.8 / max(len(beside), 1)
    for line in panel.series:
        shift = (beside.index(line) - (len(beside) - 1) / 2) * step if line in beside and len(beside) > 1 else 0.0
        yield line, [names.index(str(x)) + shift for x in line.x]


def _categories(panel: Panel) -> list[str]:
    return list(dict.fromkeys(str(x) for line in panel.series for x in line.x))


def _draw_series(axes: Any, line: Series, places: list[float], color: str, panel: Panel) -> None:
    label = line.name if line.in_legend else "_"
    if line.mark == "line":
        style = {"linestyle": _DASHES[line.dash], "marker": "o", "markersize": 3}
        axes.plot(places, line.y, color=color, label=label, **style)
        if line.low and line.band:
            axes.fill_between(places, line.low, line.high, color=color, alpha=0.12, lw=0)
        return
    if line.mark == "stars":
        hollow = line.hollow or (False,) * len(places)
        for x, y, is_open in zip(places, line.y, hollow, strict=True):
            axes.plot(x, y, "*", markersize=10, color=color, fillstyle="none" if is_open else "full", label="_")
        return
    if line.mark == "stack":
        axes.bar(places, line.y, 0.7, bottom=_below(panel, line), color=color, label=label)
        return
    if line.mark == "bars":
        width = 0.8 / max(sum(series.mark == "bars" for series in panel.series), 1)
        axes.bar(places, line.y, width, color=color, label=label)
    bars = [[max(y - low, 0.0) for y, low in zip(line.y, line.low, strict=True)]] if line.low else []
    bars += [[max(high - y, 0.0) for y, high in zip(line.y, line.high, strict=True)]] if line.high else []
    symbol = "D" if not line.low else "o"
    look = {"color": "#64748b" if line.mark == "bars" else color, "elinewidth": 1, "capsize": 2}
    axes.errorbar(places, line.y, yerr=bars or None, fmt="none" if line.mark == "bars" else symbol, label=label, **look)


def _below(panel: Panel, line: Series) -> list[float]:
    """The heights on which a stacked bar stands."""
    stacked = [series for series in panel.series if series.mark == "stack"]
    lower = stacked[: stacked.index(line)]
    return [math.fsum(series.y[i] for series in lower) for i in range(len(line.y))]
