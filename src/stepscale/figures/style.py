"""How every figure looks: one palette, one layout."""

from typing import Any

COLOURS = {
    "PRM": "#2563eb",
    "PRM, weighted vote": "#60a5fa",
    "ORM": "#ea580c",
    "Majority": "#6b7280",
    "Mean log-likelihood": "#a855f7",
    "pass@N (ceiling)": "#16a34a",
    "pass@1": "#0f766e",
}


def new_figure(x: str, y: str, **layout: Any) -> Any:
    """An empty figure with labelled axes."""
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.update_layout(
        template="plotly_white", xaxis_title=x, yaxis_title=y, height=430, margin={"l": 62, "r": 16, "t": 16, "b": 56},
        font={"family": "system-ui, sans-serif", "size": 13}, legend={"orientation": "h", "y": -0.22},
        paper_bgcolor="rgba(0,0,0,0)", **layout,
    )  # fmt: skip
    return figure


def faint(colour: str) -> str:
    """The same colour, nearly transparent."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.13)"
