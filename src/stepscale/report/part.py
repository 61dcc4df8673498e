"""A study's results as data: text, figures, tables, worked examples and the claims it settled.

A part is written by the pipeline of its study and read by two renderers, ``html_page`` and ``markdown``. It holds numbers and
words alone, so a renderer may draw it by any means and nothing in it can run.
"""

import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from stepscale.errors import InputError
from stepscale.report.claims import Claim

Mark = Literal["line", "points", "bars", "stack", "stars"]
Dash = Literal["solid", "dashed", "dotted"]
Scale = Literal["log", "linear", "category"]


class ReportData(BaseModel):
    """Base of all pieces of a part: frozen, refuses unknown keys, keeps NaN and infinity in JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Series(ReportData):
    """Values of one name. ``low`` and ``high`` bound ``y`` (95 %) where there are any; ``hollow`` points are drawn open.

    ``band``: whether a line's bounds are drawn; with many lines they would hide each other and are only in the table of numbers.
    """

    name: str
    x: tuple[float | str, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    mark: Mark = "line"
    dash: Dash = "solid"
    hollow: tuple[bool, ...] = ()
    in_legend: bool = True
    band: bool = True


class Panel(ReportData):
    """Series on one pair of axes."""

    series: tuple[Series, ...]
    title: str = ""


class View(ReportData):
    """One way to look at a figure: its panels against one ``unit``.

    ``ticks``: places on the x-axis with what is written there. ``vertical_lines``: places of lines with their names; files call
    them "rules".
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    x_title: str
    panels: tuple[Panel, ...]
    unit: str = ""
    scale: Scale = "log"
    ticks: tuple[tuple[float, str], ...] = ()
    vertical_lines: tuple[tuple[float, str], ...] = Field((), alias="rules")

    @property
    def names(self) -> list[str]:
        """The names of all series, in order, each once."""
        return list(dict.fromkeys(line.name for panel in self.panels for line in panel.series))


class Figure(ReportData):
    """A figure with a switch between its ``views``. ``reading`` says how to read it; a leading figure is on top of the page."""

    title: str
    reading: str
    views: tuple[View, ...]
    y_title: str = "accuracy (% of problems)"
    percent: bool = True
    leads: bool = False


class TextTable(ReportData):
    """Rows with the same keys, every cell as it is printed."""

    title: str
    rows: tuple[dict[str, str], ...]
    note: str = ""


class ExampleStep(ReportData):
    """A step of a solution, the PRM's probability for it, and the labeler's rating (None after the first wrong step)."""

    text: str
    probability: float
    rating: int | None = None


class WorkedExample(ReportData):
    """A solution with the PRM's view of it."""

    kind: str
    remark: str
    problem: str
    steps: tuple[ExampleStep, ...]
    answer: str
    gold: str


class Part(ReportData):
    """What one study found.

    ``measures``: for a claim, the quantity that the paper states, as measured here. ``summary``: lines for the end of a run.
    ``examples_note``: the meaning of the PRM's probability. ``too_small``: what is too small here to settle a claim, and why.
    """

    name: str
    title: str
    text: str = ""
    figures: tuple[Figure, ...] = ()
    tables: tuple[TextTable, ...] = ()
    claims: tuple[Claim, ...] = ()
    measures: dict[str, str] = {}
    summary: tuple[str, ...] = ()
    too_small: tuple[str, ...] = ()
    examples: tuple[WorkedExample, ...] = ()
    examples_note: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.figures or self.tables or self.claims or self.examples)


def anchor(*words: str) -> str:
    """A name that links can point to, such as ``search-by-difficulty``."""
    return re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")


def read_part(path: Path) -> Part:
    """The part in a file.

    Args:
        path: A file that the run wrote.

    Raises:
        InputError: It holds something else; the line names the file.
    """
    try:
        return Part.model_validate_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        fault = str(error).splitlines()[0]
        raise InputError(f"{path}: not a part of a report ({fault}); run its study again") from None
