"""What the report says about search (Snell et al. 2024, 5): Figures 3 and 4, accuracy by tokens and FLOPs, two tables."""

from typing import Any

import pandas as pd

from stepscale.figures.cost_tables import cost_tables
from stepscale.figures.report import FigureSection, Part
from stepscale.figures.scaling_curves import scaling_curves
from stepscale.figures.style import error_bars, line_colours, new_figure

_AXES = {
    "generations": "generations a problem, N (log scale)",
    "tokens": "tokens a problem, generator and verifier (log scale)",
    "FLOPs": "FLOPs a problem, generator and verifier (log scale)",
}
_POLICIES = ("compute-optimal", "uniform")
_BASELINE = "best-of-N weighted"


def search_part(
    curves: pd.DataFrame, at_cost: pd.DataFrame, by_bin: pd.DataFrame, savings: pd.DataFrame, online: pd.DataFrame
) -> Part:
    """The figures and tables; nothing without searches."""
    if curves.empty:
        return Part([], {})
    problems = int(curves["n_problems"].iloc[0])
    is_policy = curves["label"].str.startswith(_POLICIES)
    sections = []
    for unit, axis in _AXES.items():
        told = (
            f"Snell et al. 2024, Figure 3 left; {problems} test problems, against {axis.removesuffix(' (log scale)')}. How to "
            "read this: best-of-N and votes in closed form from the recorded samples, searches as they were run; bands are 95 % "
            "intervals over problems."
        )
        sections.append(FigureSection(f"Search, against {unit}", told, _figure(curves[~is_policy], unit)))
    last = int(by_bin["n"].max())
    sections.append(
        FigureSection(
            "Search, by difficulty",
            "Snell et al. 2024, Figure 3 right. How to read this: accuracy in each fifth of the problems by the generator's pass "
            f"rate (1: easiest), at every budget that was searched, up to {last} generations; bars are 95 % intervals.",
            bins_figure(by_bin),
        )
    )
    for unit in _AXES:
        told = (
            "Snell et al. 2024, Figure 4. How to read this: in each difficulty bin and at each budget the strategy that is best "
            "on one half of its problems is measured on the other half; further left at the same height is cheaper. Neither the "
            "bins nor the choice are paid for here."
        )
        wanted = is_policy | curves["label"].isin([_BASELINE, "majority"])
        sections.append(FigureSection(f"Compute-optimal search, against {unit}", told, _figure(curves[wanted], unit)))
    return Part(sections, {**cost_tables(at_cost, "Accuracy"), **_tables(savings, online)})


def bins_figure(by_bin: pd.DataFrame) -> Any:
    """Accuracy of each strategy in each bin; columns bin, strategy, n, accuracy, low, high (the last three in 0..1)."""
    searched = set(by_bin.loc[~by_bin["strategy"].isin([_BASELINE, "best-of-N", "majority"]), "n"])
    rows = by_bin[by_bin["n"].isin(searched)]
    colours = line_colours(rows["strategy"])
    figure = new_figure("difficulty bin, and N within it", "accuracy (% of problems)")
    for name, own in rows.groupby("strategy", sort=False):
        own = own.sort_values(["bin", "n"])
        figure.add_bar(
            x=[[f"bin {b}" for b in own["bin"]], [f"N={n}" for n in own["n"]]], y=own["accuracy"], name=str(name),
            marker_color=colours[str(name)], error_y=error_bars(own, "accuracy"), hovertemplate="%{x}: %{y:.1%}",
        )  # fmt: skip
    figure.update_yaxes(tickformat=".0%")
    return figure


def _figure(curves: pd.DataFrame, unit: str) -> Any:
    figure = scaling_curves(curves[curves["unit"] == unit])
    figure.update_xaxes(title=_AXES[unit])
    if unit != "generations":
        figure.update_xaxes(tickvals=None, ticktext=None)
        figure.update_traces(hovertemplate="%{x:.3s}: %{y:.1%}", selector={"mode": "lines+markers"})
    return figure


def _tables(savings: pd.DataFrame, online: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    tables = {
        "What search saves over best-of-N weighted at its largest budget": [
            {
                "policy": row["policy"],
                "unit": row["unit"],
                "times less [95 %]": f"{row['factor']:.2f} [{row['low']:.2f}, {row['high']:.2f}] ({row['status']})",
                "accuracy to match": f"{row['accuracy']:.1%}",
            }
            for row in savings.to_dict("records")
        ]
    }
    if len(online):
        tables["A policy that pays for its own estimate of difficulty, at equal generations"] = [
            {
                "budget, and what it spent": f"{row['budget']}: {row['cost']:.1f}",
                "accuracy [95 %] ± Monte Carlo error": f"{row['accuracy']:.1%} [{row['low']:.1%}, {row['high']:.1%}] "
                f"± {row['error']:.1%}",
                "stopped when sure": f"{row['stopped']:.0%}",
                "minus": row["other"],
                "difference [95 %]": f"{row['difference']:+.1%} [{row['difference_low']:+.1%}, {row['difference_high']:+.1%}]",
                "": row["verdict"],
            }
            for row in online.to_dict("records")
        ]
    return tables
