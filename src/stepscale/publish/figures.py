"""The figures of the page of results: which of a run's tables are drawn, and how.

In: the data folder of a finished run. Out: one SVG a drawing, its lines named in ``label``. What was not measured is not drawn.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Drawing:
    """A figure: its table in 08_reporting, how it is drawn and what it shows.

    ``kept``: the values of columns whose rows are drawn; ``largest``: the column whose greatest value alone is. ``lines``: the
    column that tells the lines apart, "" where there is one line. ``per``: what the axis counts x in; ``file``: the end of the
    file's name, where a table is drawn more than once. ``marks``: a table of stars, its own ``kept``, and the
    columns of their places.
    """

    table: str
    caption: str
    x: str = "n"
    x_title: str = "generation budget N"
    y: str = "accuracy"
    y_title: str = "accuracy (share of problems)"
    panel: str | None = None
    log: bool = True
    lines: str = "label"
    kept: dict[str, Any] = field(default_factory=dict)
    largest: str | None = None
    marks: tuple[str, dict[str, Any], str, str] | None = None
    per: float = 1.0
    file: str = ""

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.table}{self.file}.svg"


_GENERATIONS = {"unit": "generations"}
_FLOPS: dict[str, Any] = {
    "kept": {"unit": "FLOPs"},
    "x_title": "FLOPs a problem, generator and verifier, in millions",
    "per": 1e6,
    "file": "_by_flops",
}
_STARS = {"bins": "oracle", "version": "v1", "counted": "generations"}

DRAWINGS = (
    Drawing("curves", "Best-of-N on the test problems (A, Figure 3): claim A1"),
    Drawing("heldout_curves", "Best-of-N on held-out problems (A, Table 1): claim A5"),
    Drawing("quintile_curves", "By difficulty, 1 the easiest fifth (A, Figure 6): claim A6", panel="quintile"),
    Drawing(
        "supervision_by_size",
        "Ways to supervise, by labels (A, Figure 4a): claims A3, A4",
        "labelled",
        "labelled samples a problem",
    ),
    Drawing("supervision_by_budget", "Ways to supervise, by N (A, Figure 4b)"),
    Drawing("loop_by_labels", "The data loop, by labels", "labelled", "labelled samples a problem"),
    Drawing(
        "loop_health_by_round",
        "The data loop: AUROC of the selectors on the audit (samples that none learned from, of the "
        "problems that they learn from)",
        "round",
        "round",
        "value",
        "AUROC (0.5: a coin toss)",
        log=False,
        lines="strategy",
        kept={"measure": "audit_auroc"},
    ),
    Drawing("soft_prm_curves", "A PRM of rollouts, best-of-N weighted (B, Figures 13 and 14): claims B8, B9"),
    Drawing(
        "search_curves",
        "Search against the PRM, and compute-optimal search (B, Figures 3 and 4): claims B1, B3",
        kept=_GENERATIONS,
    ),
    Drawing("search_curves", "Search at equal FLOPs, generator and verifier together", **_FLOPS),
    Drawing(
        "search_by_bin",
        "Searches by difficulty, bin 1 the easiest (B, Figure 3 right): claim B2",
        panel="bin",
        lines="strategy",
    ),
    Drawing(
        "revision_positions",
        "pass@1 along a chain of revisions (B, Figure 6 left): claim B4",
        "position",
        "attempt, from 0",
        log=False,
        lines="",
    ),
    Drawing(
        "revision_curves", "Revisions, sequential and parallel (B, Figures 6 and 8): claims B4, B6", kept=_GENERATIONS
    ),
    Drawing("revision_curves", "Revisions at equal FLOPs, generator and verifier together", **_FLOPS),
    Drawing(
        "revision_ratios",
        "Sequential to parallel, by difficulty, at the largest budget (B, Figure 7): claim B5",
        "ratio",
        "sequential attempts for each parallel one",
        lines="bin",
        kept={"select": "verifier"},
        largest="budget",
    ),
    Drawing(
        "flops_match_curves",
        "Compute-optimal, by difficulty; stars: the larger model at equal FLOPs, where inference takes "
        "22, 0.79 and 0.16 times the tokens of pretraining, from left to right; open stars: beyond what was measured of the "
        "small model, so not at equal FLOPs (B, Figure 9): claim B7",
        panel="of",
        lines="bin",
        kept={"bins": "oracle"},
        marks=("flops_match", _STARS, "budget", "larger"),
    ),
)


def drawn_table(folder: Path, name: str, lines: str = "label", kept: dict[str, Any] | None = None) -> pd.DataFrame:
    """Rows of a table of the run, its lines named in ``label``; empty if there is none."""
    path = folder / "08_reporting" / f"{name}.parquet"
    if not path.is_file():
        return pd.DataFrame()
    table = pd.read_parquet(path)
    for column, value in (kept or {}).items():
        table = table[table[column] == value]
    if lines == "bin":
        table = table[table["bin"] > 0].assign(label=lambda rows: "bin " + rows["bin"].astype(str))
    elif lines != "label":
        table = table.assign(label=table[lines] if lines else "")
    if "sequential" in table:
        table = table.assign(ratio=table["sequential"] / table["parallel"])
    return table


def figures_of(folder: Path, figures: Path) -> Iterator[str]:
    """Draw what was measured into ``figures``; Markdown of each, by paths relative to the folder above it."""
    from stepscale.report.static_curves import static_curves

    figures.mkdir(parents=True, exist_ok=True)
    for one in DRAWINGS:
        table = drawn_table(folder, one.table, one.lines, one.kept)
        if table.empty:
            continue
        if one.largest:
            table = table[table[one.largest] == table[one.largest].max()]
        table = table.assign(**{one.x: table[one.x] / one.per})
        stars = None
        if one.marks:
            name, kept, x, y = one.marks
            stars = drawn_table(folder, name, one.lines, kept).rename(columns={x: one.x, y: one.y})
        drawn = static_curves(table, one.x, one.x_title, one.y, one.y_title, one.panel, one.log, stars)
        (figures / one.name).write_text(drawn, encoding="utf-8")
        yield f"### {one.caption}\n\n![{one.caption}]({figures.name}/{one.name})\n"
