"""How every figure looks: one palette, readable on a light and on a dark page."""

from collections.abc import Iterable
from itertools import cycle

COLORS = {
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
WEIGHTED = ", weighted vote"  # the end of such a method's label
FURTHER = (  # for labels without a color of their own: strategies, verifiers by name
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


def line_colors(labels: Iterable[object]) -> dict[str, str]:
    """A color for each label: its fixed one, or an unused one of FURTHER.

    Args:
        labels: Names of lines; a verifier's weighted vote gets the color of its verifier.

    Returns:
        Color by label, such as "#2f6fed".
    """
    names = list(dict.fromkeys(map(str, labels)))
    colors = {name: COLORS[name] for name in names if name in COLORS}
    free = cycle([color for color in FURTHER if color not in colors.values()] or FURTHER)
    for name in names:
        if name not in colors:
            colors[name] = colors.get(name.removesuffix(WEIGHTED)) or next(free)
    return colors


def shade(probability: float) -> str:
    """A background from red (0) through amber to green (1), as a color of CSS.

    Args:
        probability: What lies outside of [0, 1] counts as the nearer end.
    """
    return f"hsl({round(120 * min(max(probability, 0.0), 1.0))} 70% 50% / 0.28)"
