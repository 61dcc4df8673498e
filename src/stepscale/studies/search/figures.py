"""What the report says about search (Snell et al. 2024, 5): Figures 3 and 4, accuracy by tokens and FLOPs, tables."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from stepscale.report.cost_tables import cost_tables
from stepscale.report.policy_tables import CHOSEN_NOTE, SAVINGS_NOTE, chosen_rows, savings_rows
from stepscale.report.report import FigureSection, Part
from stepscale.report.scaling_curves import POINT, error_at, largest_error, scaling_curves
from stepscale.report.style import error_bars, line_colours, new_figure

_AXES = {
    "generations": "generations a problem, N (log scale)",
    "tokens": "tokens a problem, generator and verifier (log scale)",
    "FLOPs": "FLOPs a problem, generator and verifier (log scale)",
}
_POLICIES = ("compute-optimal", "uniform")
_BASELINE = "best-of-N weighted"
_CLOSED_FORM = (_BASELINE, "best-of-N", "majority")
_SAVED = "What search saves over best-of-N weighted with N samples"
_CHOSEN = "Which search for which difficulty: chosen in oracle bins, at equal generations"
_ONLINE = "A policy that pays for its own estimate of difficulty, at equal cost"
_ONLINE_NOTE = (
    "The online policy's parameters are chosen on one half of the problems and measured on the other, so are the choices of the "
    "policies it is compared with; the intervals are over problems and hold all of these choices fixed. In generations what "
    "the PRM reads is free. In FLOPs generator and PRM are paid together: N samples cost what they cost best-of-N, a search "
    "after probes what it costs alone, so the online policy's spending is an upper bound; its budget is what best-of-N weighted "
    "spends at the same N, and its parameters are chosen for that budget."
)
_SIGNS = "Signs of over-optimisation in the solutions that won"
_SIGNS_NOTE = (
    "Snell et al. 2024, 5.3: where beam search falls behind best-of-N at large budgets, it chooses very short solutions and ones "
    "that repeat themselves. In brackets the paired difference from best-of-N weighted at the same N and on the same problems, "
    "whose winners are those of groups of N recorded samples, with its 95 % interval over problems."
)
_SHOWN_SIGNS = {
    "short": "of 1-2 steps",
    "repeating": "say a step twice",
    "repeated steps": "repeated steps",
    "mean steps": "steps",
}


def search_part(
    curves: pd.DataFrame,
    at_cost: pd.DataFrame,
    by_bin: pd.DataFrame,
    savings: pd.DataFrame,
    online: pd.DataFrame,
    chosen: pd.DataFrame,
    signs: pd.DataFrame,
    filtering: Sequence[str] = (),
) -> Part:
    """The figures and tables; nothing without searches. ``filtering``: the searches that expand beams that are alike once."""
    if curves.empty:
        return Part([], {})
    problems = int(curves["n_problems"].iloc[0])
    is_policy = curves["label"].str.startswith(_POLICIES)
    sections, filters = [], _filters(by_bin, filtering)
    for unit, axis in _AXES.items():
        told = (
            f"Snell et al. 2024, Figure 3 left; {problems} test problems, against {axis.removesuffix(' (log scale)')}. How to "
            "read this: best-of-N and votes in closed form from the recorded samples, searches as they were run; bands are 95 % "
            f"intervals over problems.{filters}{largest_error(curves[~is_policy])}"
        )
        sections.append(FigureSection(f"Search, against {unit}", told, _figure(curves[~is_policy], unit)))
    last = int(by_bin["n"].max())
    sections.append(
        FigureSection(
            "Search, by difficulty",
            "Snell et al. 2024, Figure 3 right. How to read this: accuracy in each fifth of the problems by the generator's pass "
            f"rate (1: easiest), at every budget that was searched, up to {last} generations; bars are 95 % intervals."
            + filters
            + largest_error(by_bin),
            bins_figure(by_bin),
        )
    )
    for unit in _AXES:
        among = (
            ""
            if unit == "generations"
            else f" (each with the largest N that costs no more {unit} there than {_BASELINE} with N)"
        )
        told = (
            "Snell et al. 2024, Figure 4. How to read this: in each difficulty bin and at each budget N the strategy that"
            f"{among} is best on one half of its problems is measured on the other half; further left at the same height is "
            f"cheaper. Neither the bins nor the choice are paid for here.{largest_error(curves[is_policy])}"
        )
        wanted = is_policy | curves["label"].isin([_BASELINE, "majority"])
        sections.append(FigureSection(f"Compute-optimal search, against {unit}", told, _figure(curves[wanted], unit)))
    policies = {_SAVED: savings_rows(savings), _CHOSEN: chosen_rows(chosen), _ONLINE: _online(online)}
    notes = {_SAVED: SAVINGS_NOTE, _CHOSEN: CHOSEN_NOTE, _ONLINE: _ONLINE_NOTE, _SIGNS: _SIGNS_NOTE}
    return Part(sections, {**cost_tables(at_cost, "Accuracy"), **policies, _SIGNS: _signs(signs)}, notes)


def _filters(by_bin: pd.DataFrame, filtering: Sequence[str]) -> str:
    """A sentence on the searches that leave out copies of a beam; nothing where none does."""
    if not filtering:
        return ""
    others = set(by_bin["strategy"]) - set(filtering) - set(_CLOSED_FORM)
    which = f" in {'; '.join(filtering)}" if others else ""
    return f" Open beams that are alike are expanded once{which} (filter_duplicates), which is not in the paper."


def bins_figure(by_bin: pd.DataFrame) -> Any:
    """Accuracy of each strategy in each bin; columns bin, strategy, n, accuracy, low, high (the last three in 0..1)."""
    searched = set(by_bin.loc[~by_bin["strategy"].isin(_CLOSED_FORM), "n"])
    rows = by_bin[by_bin["n"].isin(searched)]
    colours = line_colours(rows["strategy"])
    figure = new_figure("difficulty bin, and within it N, generations a problem", "accuracy (% of problems)")
    for name, own in rows.groupby("strategy", sort=False):
        own = own.sort_values(["bin", "n"])
        figure.add_bar(
            x=[[f"bin {b}" for b in own["bin"]], [f"N={n}" for n in own["n"]]],
            y=own["accuracy"],
            name=str(name),
            marker_color=colours[str(name)],
            error_y=error_bars(own, "accuracy"),
            customdata=own[["low", "high"]].assign(error=error_at(own)),
            hovertemplate=f"%{{x}}: {POINT}",
        )
    figure.update_yaxes(tickformat=".0%")
    return figure


def _figure(curves: pd.DataFrame, unit: str) -> Any:
    figure = scaling_curves(curves[curves["unit"] == unit])
    figure.update_xaxes(title=_AXES[unit])
    if unit != "generations":
        figure.update_xaxes(tickvals=None, ticktext=None)
        figure.update_traces(hovertemplate=f"%{{x:.3s}}: {POINT}", selector={"mode": "lines+markers"})
    return figure


def _online(online: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "counted in": row["unit"],
            "budget, and what it spent": f"{row['budget']:,.4g}: {row['cost']:,.4g}",
            "accuracy [95 %] ± Monte Carlo error": f"{row['accuracy']:.1%} [{row['low']:.1%}, {row['high']:.1%}] "
            f"± {row['error']:.1%}",
            "stopped when sure": f"{row['stopped']:.0%}",
            "minus": row["other"],
            "difference [95 %]": f"{row['difference']:+.1%} [{row['difference_low']:+.1%}, {row['difference_high']:+.1%}]",
            "": row["verdict"],
        }
        for row in online.to_dict("records")
    ]


def _signs(signs: pd.DataFrame) -> list[dict[str, Any]]:
    """A row a strategy and budget, a column a sign."""
    return [
        {"strategy": strategy, "N": n, "solutions": int(own["n_solutions"].iloc[0])}
        | {_SHOWN_SIGNS[str(row["sign"])]: _sign(row) for row in own.to_dict("records")}
        for (strategy, n), own in signs.groupby(["strategy", "budget"], sort=False)
    ]


def _sign(row: dict[Any, Any]) -> str:
    shape = ".2f" if row["sign"] == "mean steps" else ".1%"
    told = format(row["value"], shape)
    if pd.isna(row["difference"]):
        return told
    gap, low, high = (format(row[name], "+" + shape) for name in ("difference", "difference_low", "difference_high"))
    return f"{told} ({gap} [{low}, {high}])"
