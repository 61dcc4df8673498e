"""The report as Markdown, from the same parts as the page; figures are SVG files beside it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from stepscale.report.claims import Claim
from stepscale.report.drawing import whole_view
from stepscale.report.part import Figure, Part, TextTable, anchor
from stepscale.report.report_page import ReportPage, deciding_part, effect_and_power, estimate, quantity_row

_CLAIM_COLUMNS = (
    "",
    "claim",
    "in the paper",
    "here: estimate [95 % interval] of the deciding quantity",
    "status",
    "effect",
    "power",
    "problems",
    "seeds",
)


def markdown_page(page: ReportPage, command: str, figures: Path) -> str:
    """The whole page; figures are written into the folder ``figures`` and linked relative to the folder above it.

    Args:
        page: The report.
        command: Shown as what prints the page.
        figures: Folder that figures are written into; they are linked relative to the folder above it.
    """
    figures.mkdir(parents=True, exist_ok=True)
    facts = [f"- {name}: {value}" for name, value in page.facts.items()]
    claims = [_claim_row(page, claim) for claim in page.claims]
    return "\n".join(
        [
            "# Results",
            "",
            f"Of `{command}`; written by `python -m stepscale.publish.page`, not by hand.",
            "",
            *([page.too_small, ""] if page.too_small else []),
            *facts,
            "",
            "How a claim is settled: [estimators](estimators.md#claims). A and B are the two papers (README).",
            "Problems are those that the deciding quantity rests on.",
            "What held, what did not and why: [findings](findings.md).",
            "",
            "## Claims",
            "",
            *_lines(_CLAIM_COLUMNS, claims),
            *_quantities(page),
            *(line for part in page.filled_parts for line in _part(part, figures)),
        ]
    )


def _claim_row(page: ReportPage, claim: Claim) -> list[str]:
    decided = ""
    if claim.decided_by:
        parts = deciding_part(claim)
        decided = f"{claim.decided_by}{estimate(claim)}" + (f" ({parts})" if parts else "")
    cell_text = "; ".join(text for text in (page.measure(claim.id) if decided else "", decided) if text)
    counts = [str(value or "") for value in (claim.n_problems, claim.seeds)]
    return [claim.id, claim.claim, claim.paper, cell_text, claim.status, *effect_and_power(claim), *counts]


def _quantities(page: ReportPage) -> Iterator[str]:
    """Every quantity of every claim that was measured."""
    rows = [{"": claim.id} | quantity_row(row) for claim in page.claims for row in claim.quantities]
    if rows:
        yield from ("### Quantities of the claims", "")
        yield from _lines(tuple(rows[0]), [list(row.values()) for row in rows])


def _part(part: Part, figures: Path) -> Iterator[str]:
    yield from (f"## {part.title}", "")
    if part.text:
        yield from (part.text, "")
    for table in part.tables:
        yield from _table(table)
    for figure in part.figures:
        yield from _figure(part, figure, figures)


def _table(table: TextTable) -> Iterator[str]:
    if table.rows:
        yield from (f"### {table.title}", "")
        if table.note:
            yield from (table.note, "")
        yield from _lines(tuple(table.rows[0]), [list(row.values()) for row in table.rows])


def _figure(part: Part, figure: Figure, figures: Path) -> Iterator[str]:
    yield from (f"### {figure.title}", "", figure.reading, "")
    for view in figure.views:
        name = f"{anchor(part.name, figure.title, view.unit if len(figure.views) > 1 else '')}.svg"
        (figures / name).write_text(whole_view(figure, view), encoding="utf-8")
        against = f", against {view.unit}" if view.unit else ""
        yield from (f"![{figure.title}{against}]({figures.name}/{name})", "")


def _lines(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table, and an empty line after it. A bar within a cell would end it."""
    lines = [columns, ("---",) * len(columns), *rows]
    return [*("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines), ""]
