"""The report as one self-contained HTML page: nothing is fetched from anywhere, and all text of models is escaped."""

from collections.abc import Iterator
from importlib.resources import files
from itertools import chain
from typing import Any

from stepscale.report.drawing import page_panels
from stepscale.report.number_formats import PLAIN, SHARE, interval
from stepscale.report.part import Figure, Part, View, anchor
from stepscale.report.report_page import ReportPage, deciding_part, effect_and_power, estimate, quantity_row
from stepscale.report.style import line_colors, shade


def html_page(page: ReportPage) -> str:
    """The report as one page of HTML: summary, claims and leading figures, then every part folded below its question.

    Args:
        page: What it shows.
    """
    from jinja2 import Environment

    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        files("stepscale.report").joinpath("report.html.j2").read_text(encoding="utf-8")
    )
    leading = page.leading
    on_top = {anchor(part.name, figure.title) for part, figure in leading}
    return template.render(
        title="StepScale report",
        page=page,
        leading=[(part, rendered_figure(part, figure)) for part, figure in leading],
        parts=[(part, _figures(part, on_top)) for part in page.filled_parts],
        anchor=anchor,
        shade=shade,
        deciding_part=deciding_part,
        effect_and_power=effect_and_power,
        estimate=estimate,
        quantity_row=quantity_row,
    )


def _figures(part: Part, on_top: set[str]) -> list[dict[str, Any]]:
    return [rendered_figure(part, figure) for figure in part.figures if anchor(part.name, figure.title) not in on_top]


def rendered_figure(part: Part, figure: Figure) -> dict[str, Any]:
    """A figure as the template shows it: its views with drawings, legend and numbers.

    Args:
        part: The part of the report that holds it.
        figure: The figure.
    """
    name = anchor(part.name, figure.title)
    return {
        "name": name,
        "title": figure.title,
        "reading": figure.reading,
        "views": [_rendered_view(figure, view, f"{name}-{place}") for place, view in enumerate(figure.views)],
    }


def _rendered_view(figure: Figure, view: View, name: str) -> dict[str, Any]:
    colors = line_colors(view.names)
    in_legend = dict.fromkeys(line.name for panel in view.panels for line in panel.series if line.in_legend)
    return {
        "unit": view.unit,
        "panels": page_panels(figure, view, name),
        "legend": [(label, colors[label]) for label in in_legend],
        "numbers": list(_numbers(figure, view)),
    }


def _numbers(figure: Figure, view: View) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """The numbers of each panel: its title, the places on the axis, and a row for each series."""
    shape = SHARE if figure.percent else PLAIN
    for panel in view.panels:
        places = dict.fromkeys(chain.from_iterable(line.x for line in panel.series))
        order = list(places) if view.scale == "category" else sorted(places, key=float)
        rows = []
        for line in panel.series:
            low, high = (bound or (float("nan"),) * len(line.y) for bound in (line.low, line.high))
            points = zip(line.x, line.y, low, high, strict=True)
            cells = {x: interval(y, least, most, shape) for x, y, least, most in points}
            rows.append([line.name, *(cells.get(x, "") for x in order)])
        yield panel.title, [x if isinstance(x, str) else f"{x:.3g}" for x in order], rows
