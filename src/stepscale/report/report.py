"""The report: one self-contained HTML page, nothing fetched from anywhere, all model text escaped.

In: a headline, figures with a line on how to read each, examples, the claims table, facts of the run. Out: HTML text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from stepscale.report.claims import told_of_parts


@dataclass(frozen=True)
class FigureSection:
    """``figure`` is a plotly figure; ``reading`` says how to read it."""

    title: str
    reading: str
    figure: Any


@dataclass(frozen=True)
class Part:
    """Figures and small tables (by title, rows with the same keys) of one topic; ``notes``: what to know of one, by title."""

    sections: Sequence[FigureSection]
    tables: Mapping[str, Sequence[Mapping[str, Any]]]
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Example:
    """A solution with the PRM's view of it. ``steps``: (text, P(step correct), labeler's rating or None after its end)."""

    kind: str
    remark: str
    problem: str
    steps: Sequence[tuple[str, float, int | None]]
    answer: str
    gold: str


def build_report(
    title: str,
    headline: Sequence[str],
    sections: Sequence[FigureSection],
    examples: Sequence[Example],
    claims: Sequence[Mapping[str, Any]],
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    facts: Mapping[str, str],
    notes: Mapping[str, str] | None = None,
    rated: bool = True,
) -> str:
    """The page. ``tables`` are small ones by title, each a list of rows with the same keys; ``notes`` stand below titles.

    ``rated``: the PRM's view of a step is that it is not wrong; else, of a PRM of values, that the answer will be right.
    """
    from jinja2 import Environment
    from plotly.offline import get_plotlyjs

    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        files("stepscale.report").joinpath("report.html.j2").read_text(encoding="utf-8")
    )
    drawn = [
        {
            "title": section.title,
            "reading": section.reading,
            "html": section.figure.to_html(
                full_html=False, include_plotlyjs=False, config={"displayModeBar": False, "responsive": True}
            ),
        }
        for section in sections
    ]
    return page.render(
        title=title,
        headline=headline,
        sections=drawn,
        examples=examples,
        claims=claims,
        tables=tables,
        facts=facts,
        notes=notes or {},
        rated=rated,
        labelled=any(rating is not None for example in examples for _, _, rating in example.steps),
        plotly=get_plotlyjs(),
        shade=shade,
        told_of_parts=told_of_parts,
    )


def shade(probability: float) -> str:
    """A background from red (0) through amber to green (1)."""
    return f"hsl({round(120 * min(max(probability, 0.0), 1.0))} 70% 50% / 0.28)"
