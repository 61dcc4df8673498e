"""How every figure looks: one palette, one layout, readable on a light and on a dark page."""

from collections.abc import Iterable, Mapping
from itertools import cycle
from typing import Any

COLOURS = {
    "PRM": "#2f6fed",
    "PRM, weighted vote": "#7fb2ff",
    "ORM": "#ea6a12",
    "Majority": "#7b8494",
    "Mean log-likelihood": "#b05cf0",
    "pass@N (ceiling)": "#1fa555",
    "pass@1": "#0d8f86",
    "pass@1 (choosing blindly)": "#0d8f86",
    "neutral is positive": "#2f6fed",
    "neutral is negative": "#ea6a12",
    "Process": "#2f6fed",
    "Process, active learning": "#1fa555",
    "Outcome by PRM_large": "#ea6a12",
    "Outcome by final answer": "#7b8494",
    "negative": "#d6336c",
    "neutral": "#a67c00",
    "positive": "#1fa555",
}
OTHER = "#64748b"
WEIGHTED = ", weighted vote"  # the end of such a method's label
FURTHER = (  # for labels without a colour of their own: strategies, verifiers by name
    "#2f6fed",
    "#ea6a12",
    "#b05cf0",
    "#0d8f86",
    "#d6336c",
    "#a67c00",
    "#7fb2ff",
    "#f4a261",
    "#1fa555",
    "#7b8494",
    "#5b3fb0",
    "#8c564b",
    "#e377c2",
    "#9acd32",
)
GRID = "rgba(128,136,150,0.22)"
INK = "#64748b"  # the page's script replaces it by its own text colour


def new_figure(x: str, y: str, **layout: Any) -> Any:
    """An empty figure with labelled axes; the legend stands above, where it never meets the axis title."""
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.update_layout(
        template="plotly_white",
        xaxis_title=x,
        yaxis_title=y,
        height=430,
        margin={"l": 60, "r": 14, "t": 8, "b": 52},
        font={"family": "system-ui, sans-serif", "size": 13, "color": INK},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={"namelength": -1},
        **layout,
    )
    figure.update_xaxes(gridcolor=GRID, zerolinecolor=GRID, linecolor=GRID, automargin=True)
    figure.update_yaxes(gridcolor=GRID, zerolinecolor=GRID, linecolor=GRID, automargin=True)
    return figure


def colour(label: object) -> str:
    """The colour of a method, verifier or reading, by the label shown."""
    return COLOURS.get(str(label), OTHER)


def line_colours(labels: Iterable[object]) -> dict[str, str]:
    """A colour for each label: its own, or one of FURTHER that no other has; a verifier's weighted vote has the verifier's."""
    names = list(dict.fromkeys(map(str, labels)))
    found = {name: COLOURS[name] for name in names if name in COLOURS}
    further = cycle([c for c in FURTHER if c not in found.values()] or FURTHER)
    for name in names:
        if name not in found:
            found[name] = found.get(name.removesuffix(WEIGHTED)) or next(further)
    return found


def error_bars(rows: Any, value: str) -> Mapping[str, Any]:
    """Plotly error bars from the columns ``value``, low, high."""
    up, down = rows["high"] - rows[value], rows[value] - rows["low"]
    return {"type": "data", "array": up, "arrayminus": down, "thickness": 1.2, "width": 3, "color": OTHER}


def faint(colour: str) -> str:
    """The same colour, nearly transparent."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.13)"
