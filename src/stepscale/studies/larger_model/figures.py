"""What the report says about a larger model at equal FLOPs (Snell et al. 2024, 7): Figure 9 and two tables."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from stepscale.estimators.flops_match import RATIOS
from stepscale.report.number_formats import POINTS, cell
from stepscale.report.part import Figure, Panel, Part, Series, TextTable, View
from stepscale.report.plots import curve_figure, curve_panel
from stepscale.studies.larger_model.measure import settle_b7

_AXES = {"search": "generations per problem, N (log scale)", "revisions": "attempts per problem, N (log scale)"}
_RATIOS = [f"R = {v1:g} (iclr: {iclr:g})" for v1, iclr in zip(*RATIOS.values(), strict=True)]
_READING = (
    "A line is the small model's compute-optimal policy in one difficulty bin (1 is the easiest), with its 95 % band. "
    "A star of the same color is the larger model's greedy answer, at the N for which both cost the same FLOPs, "
    "pretraining included. There inference takes R times as many tokens as pretraining did. Where the line passes "
    "above the star, test-time compute is the better buy. An open star stands beyond what was measured."
)
_BY_BIN = "Test-time compute minus larger model at equal FLOPs, by bin"
_BY_BIN_NOTE = (
    "Differences of accuracy with their 95 % intervals; * stands beyond what was measured. Counted in generations the "
    "small model's policy is chosen at equal generations, counted in FLOPs at equal FLOPs, where it may spend "
    "less than it is granted."
)
_SPENT = "FLOPs of inference per problem, as the ledger counts them (small model: verifier included)"
_VERSION = "v1"  # in the figures: budgets of the other version lie within 2 % of these


def larger_part(searches: Mapping[str, pd.DataFrame], revisions: Mapping[str, pd.DataFrame]) -> Part:
    """The part of the report on the larger model.

    Args:
        searches: Tables of ``match_larger`` with searches, or none.
        revisions: Tables of ``match_larger`` with revisions, or none.
    """
    measured = [tables for tables in (searches, revisions) if tables]
    match, curves, quantities = (
        pd.concat([tables[name] for tables in measured], ignore_index=True)
        for name in ("match", "curves", "quantities")
    )
    stars = match[(match["version"] == _VERSION) & (match["counted"] == "generations")]
    figures = [
        _figure(curves[(curves["of"] == compared) & (curves["bins"] == kind)], group, str(compared), str(kind))
        for (compared, kind), group in stars.groupby(["of", "bins"], sort=False)
    ]
    return Part(
        name="larger-model",
        title="Test-time compute or a larger model?",
        figures=tuple(figures),
        tables=_tables(match),
        claims=tuple(settle_b7(quantities)),
    )


def _figure(curves: pd.DataFrame, stars: pd.DataFrame, compared: str, kind: str) -> Figure:
    """Figure 9: curves by bin, and a star for each bin and R."""
    panel = curve_panel(curves.assign(label="bin " + curves["bin"].astype(str)))
    in_bins = [(f"bin {number}", rows) for number, rows in stars[stars["bin"] > 0].groupby("bin")]
    lines = tuple((float(n), f"R = {r:g}") for r, n in stars.groupby("r")["budget"].first().items())
    view = View(
        x_title=_AXES[compared],
        panels=(Panel(series=(*panel.series, *(_stars(name, rows) for name, rows in in_bins))),),
        ticks=tuple((float(n), f"{n:g}") for n in sorted(curves["n"].unique())),
        vertical_lines=lines,
    )
    title = f"A model {stars['size_ratio'].iloc[0]:.1f} times as large at equal FLOPs: {compared}, {kind} bins"
    reading = f"Snell et al. 2024, Figure 9; {int(stars['n_problems'].max())} test problems. {_READING}"
    return curve_figure(title, reading, view)


def _stars(name: str, rows: pd.DataFrame) -> Series:
    return Series(
        name=name,
        x=tuple(map(float, rows["budget"])),
        y=tuple(map(float, rows["larger"])),
        mark="stars",
        hollow=tuple(map(bool, rows["beyond"])),
        in_legend=False,
    )


def _tables(match: pd.DataFrame) -> tuple[TextTable, ...]:
    """By bin and R, and what is spent; in oracle bins, which are the paper's."""
    oracle = match[match["bins"] == "oracle"]
    by_bin, spent = [], []
    for (compared, counted, version), group in oracle.groupby(["of", "counted", "version"], sort=False):
        unit = "generations, as the paper" if counted == "generations" else "FLOPs, verifier included"
        key = {"of": str(compared), "counted in": unit, "formula": str(version)}
        for number, rows in group.groupby("bin"):
            cells = [_lead(row) for row in rows.sort_values("r").to_dict("records")]
            by_bin.append({**key, "bin": str(number or "all"), **dict(zip(_RATIOS, cells, strict=True))})
        spent += [
            {**key, "R": f"{row['r']:g}", **_spending(row)} for row in group[group["bin"] == 0].to_dict("records")
        ]
    return (
        TextTable(title=_BY_BIN, rows=tuple(by_bin), note=_BY_BIN_NOTE),
        TextTable(title=_SPENT, rows=tuple(spent)),
    )


def _lead(row: Mapping[Any, Any]) -> str:
    return cell(row, "difference", POINTS) + ("*" if row["beyond"] else "")


def _spending(row: Mapping[Any, Any]) -> dict[str, str]:
    granted = f"{row['budget']:.1f} generations" if row["counted"] == "generations" else f"{row['budget']:.3g} FLOPs"
    share = row["verifier_flops"] / row["flops"] if row["flops"] > 0 else float("nan")
    return {
        "granted": granted,
        "small model": f"{row['flops']:.3g}",
        "of it the verifier": f"{share:.0%}",
        "larger model": f"{row['larger_flops']:.3g}",
    }
