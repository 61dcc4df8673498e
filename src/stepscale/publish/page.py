"""The page of results of a finished run: ``python -m stepscale.publish.page data > docs/results.md``

In: the data folder of a finished ``kedro run``. Out: Markdown on standard output, ours beside the paper's claim by claim, and
the curves as SVG files in the folder ``--figures``. Every number is read from the run's tables; what it did not measure is
said to be not measured, and no status is set here.
"""

import json
import re
from collections.abc import Mapping, Sequence
from html import unescape
from pathlib import Path
from typing import Any

import click
import pandas as pd

from stepscale.errors import InputError
from stepscale.publish.figures import drawn_table, figures_of
from stepscale.publish.tables import saved_factor, tables_of
from stepscale.report.claims import told_of_parts
from stepscale.studies.supervision.data_efficiency import APART, in_digits
from stepscale.studies.supervision.supervision_claims import RULES

_SAVED = {"B3": "search_savings", "B6": "revision_savings"}
_CURVES = {"A1": "curves", "A5": "heldout_curves"}
_FACTS = ("git revision", "written", "versions", "machine", "parameters: seed")


def facts_of(folder: Path) -> dict[str, str]:
    """Revision, time, versions, machine and seed of the run, as its report states them. Raises InputError without one."""
    path = folder / "08_reporting" / "report.html"
    if not path.is_file():
        raise InputError(f"{path} is not there: finish `kedro run --params data_root={folder}` first")
    page = path.read_text(encoding="utf-8")
    found = {unescape(name): unescape(value) for name, value in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page)}
    return {name.removeprefix("parameters: "): found[name] for name in _FACTS if name in found}


def own_figure(claim: Mapping[str, Any], folder: Path) -> str:
    """What stands beside the paper's figure: for A1, A2, A4, A5, B3 and B6 the same quantity with its interval, else nothing."""
    if claim["id"] in _CURVES:
        return _best_of_n(drawn_table(folder, _CURVES[claim["id"]]))
    if claim["id"] == "A2":
        path = folder / "08_reporting" / "scoring_table.json"
        found = {
            (row["aggregation"], row["neutral as"]): row
            for row in (json.loads(path.read_text()) if path.is_file() else [])
        }
        return _in_percent([found[rule] for rule in RULES]) if found.keys() >= set(RULES) else ""
    if claim["id"] == "A4":
        path = folder / "08_reporting" / "labels_saved.json"
        rows = json.loads(path.read_text()) if path.is_file() else []
        return "; ".join(
            f"{row['measure']}: {in_digits(row['estimate'], 2)} [{in_digits(row['low'], 2)}, {in_digits(row['high'], 2)}]"
            for row in rows
            if row["measure"].startswith(("ratio", "labels")) and not row["measure"].endswith(APART)
        )
    if claim["id"] in _SAVED:
        return saved_factor(folder, _SAVED[claim["id"]], "compute-optimal, predicted bins")
    return ""


def _best_of_n(curves: pd.DataFrame) -> str:
    """PRM / ORM / majority at the largest N, in percent as the paper has them; "" where there are no curves."""
    if curves.empty:
        return ""
    last = curves[curves["n"] == curves["n"].max()].set_index("label", drop=False)
    shown = [name for name in ("PRM", "ORM", "Majority") if name in last.index]
    return _in_percent([dict(row) for row in last.loc[shown].to_dict("records")])


def _in_percent(rows: Sequence[Mapping[str, Any]]) -> str:
    """Accuracies with their intervals at one N, in percent as the paper has them; "" where there are none."""
    shown = [
        "{:.1f} [{:.1f}, {:.1f}]".format(*(100 * row[name] for name in ("accuracy", "low", "high"))) for row in rows
    ]
    return f"{' / '.join(shown)} at N={rows[0]['n']}" if shown else ""


def claim_row(claim: Mapping[str, Any], folder: Path) -> str:
    """A row of the table."""
    decided = ""
    if claim["estimate"] is not None:
        decided = f"{claim['decided_by']} = {claim['estimate']:+.3f} [{claim['low']:+.3f}, {claim['high']:+.3f}]"
        parts = told_of_parts(claim)
        decided += f" ({parts})" if parts else ""
    ours = "; ".join(part for part in (own_figure(claim, folder) if decided else "", decided) if part)
    counts = [str(claim[name] or "") for name in ("n_problems", "seeds")]
    return "| " + " | ".join([claim["id"], claim["claim"], claim["paper"], ours, claim["status"], *counts]) + " |"


def page(folder: Path, command: str, figures: Path) -> str:
    """The whole page. Raises InputError if the run is not finished."""
    facts = facts_of(folder)
    claims = json.loads((folder / "08_reporting" / "claims.json").read_text())
    told = [f"- {name}: {value}" for name, value in facts.items()]
    head = "| | claim | in the paper | here: estimate [95 % interval] of the deciding quantity | status | problems | seeds |"
    return "\n".join(
        [
            "# Results",
            "",
            f"Of `{command}`; written by `python -m stepscale.publish.page`, not by hand.",
            "",
            *told,
            "",
            "How a claim is settled: [estimators](estimators.md#claims). A and B are the two papers (README).",
            "Problems are those that the deciding quantity rests on.",
            "What held, what did not and why: [findings](findings.md).",
            "",
            "## Claims",
            "",
            head,
            "|" + "---|" * 7,
            *(claim_row(claim, folder) for claim in claims),
            "",
            *tables_of(folder),
            "## Figures",
            "",
            "Bands are 95 % intervals.",
            "",
            *figures_of(folder, figures),
        ]
    )


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--command", default="kedro run", show_default=True, help="The command that made the run, to be shown.")
@click.option("--figures", default=Path("docs/figures"), show_default=True, type=click.Path(path_type=Path))
def main(folder: Path, command: str, figures: Path) -> None:
    """Print the page of results of the run whose data lies in FOLDER."""
    try:
        click.echo(page(folder, command, figures))
    except InputError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
