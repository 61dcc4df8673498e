"""What the report says about solve or verify: accuracy against FLOPs, and both at equal FLOPs."""

from collections.abc import Mapping

import pandas as pd

from stepscale.report.number_formats import POINTS, cell, interval
from stepscale.report.part import Figure, Panel, Part, TextTable, View
from stepscale.report.plots import UNIT_AXES, series

_READING = (
    "arXiv 2504.01005 on {n} test problems. The first line is the most frequent answer among N samples. Each other line judges "
    "samples V times by a critic that writes, for growing numbers of samples, and takes the sample that most judgments pass. "
    "Where it lies above the first line, to verify is the better buy. FLOPs are those of all tokens of generator and critic."
)
_NOTE = (
    "At no more FLOPs than each vote. For one half of the problems samples, judgments and the way to choose were picked on the "
    "other half; shown are those picked on all."
)
_PARTS = (
    "Each part should lie above zero. A judgment that cannot be read to the end counts as half passed. Where most are such, "
    "the critic was not measured, and neither part is settled."
)


def solve_or_verify_part(tables: Mapping[str, pd.DataFrame]) -> Part:
    """The part of the report on solving more often or verifying.

    Args:
        tables: As ``measure`` gives them, by name.
    """
    grid = tables["grid"]
    reading = _READING.format(n=int(grid["n_problems"].max()))
    lines = grid[grid["label"] != "verify: weighted vote"]
    curves = [
        series(rows.sort_values("flops"), f"{label}, V = {v}" if v else str(label), x="flops")
        for (label, v), rows in lines.groupby(["label", "judgments"], sort=False)
    ]
    view = View(x_title=UNIT_AXES["FLOPs"], panels=(Panel(series=tuple(curves)),))
    return Part(
        name="solve-or-verify",
        title="Solve more often, or verify?",
        figures=(Figure(title="A vote of samples against judged samples", reading=reading, views=(view,)),),
        tables=(_matched(tables["matched"]), _quantities(tables["quantities"])),
        summary=tuple(
            f"solve or verify: {row['name']} {interval(row['value'], row['low'], row['high'], POINTS)} ({row['verdict']})"
            for row in tables["quantities"].to_dict("records")
        ),
    )


def _matched(matched: pd.DataFrame) -> TextTable:
    rows = tuple(
        {
            "FLOPs per problem": f"{row['flops']:.3g}",
            "samples of the vote": f"{row['solve_samples']}",
            "vote": f"{row['solve']:.1%}",
            "judged samples, judgments each": f"{row['samples']}, {row['judgments']}",
            "judged": f"{row['verify']:.1%}",
            "judged - vote": cell(row, "difference", POINTS),
        }
        for row in matched.to_dict("records")
    )
    return TextTable(title="Solve or verify at equal FLOPs", rows=rows, note=_NOTE)


def _quantities(quantities: pd.DataFrame) -> TextTable:
    rows = tuple(
        {
            "the claim, in two parts": str(row["name"]),
            "measured": interval(row["value"], row["low"], row["high"], POINTS),
            "it": str(row["verdict"]),
            "judgments not read": f"{row['unread']:.1%}",
        }
        for row in quantities.to_dict("records")
    )
    return TextTable(title="Solve first, verify later", rows=rows, note=_PARTS)
