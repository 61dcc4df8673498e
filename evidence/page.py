"""The table of figures as a page of the documentation; ``python -m evidence --page`` writes it."""

from collections.abc import Iterable
from pathlib import Path

from evidence.figures import Figure

PAGE = Path(__file__).resolve().parents[1] / "docs" / "evidence.md"
_HEAD = """\
# Evidence: every figure, and how to redo it

`make evidence` runs the commands below that take under ten minutes and says which figures moved. A figure moved if its new
value lies outside the interval. Figures without an interval have no chance in them and must come out the same.
Figures that need `STEPSCALE_SHARED_DATA` rest on published data that this repository does not hold. The variable names its
folder.
The lab's claims (A1 to B10) take hours. Their figures are of the revision and the seeds named beside them. At a newer revision
the command runs newer seeds, which are other problems.

This page is made from `evidence/figures.toml` by `python -m evidence --page`. A figure more is an entry more there.

| figure | stated | interval | command | seeds | revision | minutes |
|---|---|---|---|---|---|---|
"""


def page_of(figures: Iterable[Figure]) -> str:
    """The page's text."""
    return _HEAD + "".join(f"{_row(figure)}\n" for figure in figures)


def _row(figure: Figure) -> str:
    interval = f"[{figure.low:g}, {figure.high:g}] {figure.interval}" if figure.interval else ""
    needs = f" (`{figure.needs}`)" if figure.needs else ""
    cells = (
        f"[{figure.claim}]({figure.page})",
        f"{figure.value:g}",
        interval,
        f"`{figure.command}`{needs}, `{figure.read}`" + (f" of `{figure.file}`" if figure.file else ""),
        figure.seeds,
        figure.revision,
        f"{figure.minutes:g}",
    )
    return f"| {' | '.join(cells)} |"
