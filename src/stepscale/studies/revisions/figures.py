"""What the report says about revisions (Snell et al. 2024, 6): Figures 6, 7, 8 and 15 of the paper, and small tables."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from stepscale.report.cost_tables import cost_tables
from stepscale.report.policy_tables import CHOSEN_NOTE, SAVINGS_NOTE, chosen_rows, savings_rows
from stepscale.report.report import FigureSection, Part
from stepscale.report.scaling_curves import scaling_curves
from stepscale.report.style import FURTHER, error_bars, line_colours, new_figure

_AXES = {
    "generations": "attempts a problem, N (log scale)",
    "tokens": "tokens a problem, generator and verifier (log scale)",
    "FLOPs": "FLOPs a problem, generator and verifier (log scale)",
}
_SELECTS = ("verifier", "majority")
_SHOWN = "Earlier attempts that late revisions were shown"
_SHOWN_NOTE = (
    "Of attempts that have at least as many answered ones before them in their chain as may be shown at once. A prompt of at "
    "most revisions.data.layout.max_tokens leaves out the oldest that do not fit; Snell et al. 2024, 6, always show the latest "
    "four."
)
_SAVED = "What revisions save over N parallel attempts, chosen by the verifier"
_CHOSEN = "Which ratio of sequential to parallel for which difficulty: chosen in oracle bins, at equal attempts"


def revision_part(
    positions: pd.DataFrame,
    changes: pd.DataFrame,
    ratios: pd.DataFrame,
    curves: pd.DataFrame,
    savings: pd.DataFrame,
    at_cost: pd.DataFrame,
    chosen: pd.DataFrame,
    contexts: pd.DataFrame,
) -> Part:
    """The figures and tables; nothing without revisions."""
    if positions.empty:
        return Part([], {})
    problems = int(positions["n_problems"].iloc[0])
    sections = [
        FigureSection(
            "Revisions: pass@1 along the chain",
            f"Snell et al. 2024, Figure 6 left; {problems} test problems. How to read this: how often the attempt at a place "
            "is right; the first sees no earlier attempt, and from the sixth on (dashed line) more attempts went before than the "
            f"model was trained on. Bars are 95 % intervals over problems.{_room(contexts)}",
            positions_figure(positions),
        ),
        *_order_sections(curves),
        *_ratio_sections(ratios[ratios["select"] == "verifier"]),
        *_optimal_sections(curves),
        *_history_sections(curves),
    ]
    tables = {
        **cost_tables(at_cost, "Revisions: accuracy"),
        "What the next revision changes": _changes(changes),
        _SAVED: savings_rows(savings),
        _CHOSEN: chosen_rows(chosen),
    }
    notes = {_SAVED: SAVINGS_NOTE, _CHOSEN: CHOSEN_NOTE}
    if len(contexts):
        tables[_SHOWN], notes[_SHOWN] = _shown(contexts), _SHOWN_NOTE
    return Part(sections, tables, notes)


def _order_sections(curves: pd.DataFrame) -> list[FigureSection]:
    """Figure 6 right, against attempts and against what they cost: a later attempt reads the earlier ones."""
    told = (
        "Snell et al. 2024, Figure 6 right. How to read this: sequential writes all N attempts in one chain, parallel writes "
        "them apart; each is chosen from by the revision ORM (weighted) or by majority. At equal N a chain costs more, for "
        "each attempt is read after the earlier ones."
    )
    return [
        FigureSection(
            f"Revisions: sequential or parallel, against {unit}",
            told,
            _curves_figure(curves, unit, ("parallel, ", "sequential, "), _SELECTS),
        )
        for unit in _AXES
    ]


def _history_sections(curves: pd.DataFrame) -> list[FigureSection]:
    """Figure 15, against attempts and FLOPs: the history is read by the verifier too."""
    told = (
        "Snell et al. 2024, Figure 15. How to read this: sequential revisions, chosen by an ORM that reads the earlier "
        "attempts and by one that reads each attempt alone; both learned from the same attempts."
    )
    return [
        FigureSection(
            f"Revision ORM with and without history, against {unit}",
            told,
            _curves_figure(curves, unit, ("sequential, ",), ("verifier", "verifier without history")),
        )
        for unit in ("generations", "FLOPs")
    ]


def _ratio_sections(ratios: pd.DataFrame) -> list[FigureSection]:
    """Figure 7: over all problems (bin 0) by budget, and at the largest budget by bin."""
    largest = ratios["budget"].max()
    by_bin = ratios[(ratios["bin"] > 0) & (ratios["budget"] == largest)]
    return [
        FigureSection(
            "Revisions: the ratio, by budget",
            "Snell et al. 2024, Figure 7 left. How to read this: along a line the same number of attempts is split between "
            "longer chains (right) and more chains (left); chosen by the revision ORM.",
            ratios_figure(ratios[ratios["bin"] == 0], "budget", "N = "),
        ),
        FigureSection(
            f"Revisions: the ratio, by difficulty, N = {largest}",
            "Snell et al. 2024, Figure 7 right. How to read this: as above at the largest budget, a line a difficulty bin (1 is "
            "the easiest fifth).",
            ratios_figure(by_bin, "bin", "bin "),
        ),
    ]


def _optimal_sections(curves: pd.DataFrame) -> list[FigureSection]:
    """Figure 8, against attempts and against what they cost."""
    told = (
        "Snell et al. 2024, Figure 8. How to read this: the compute-optimal line takes for each difficulty bin the ratio that "
        "did best on the other half of its problems{among}; how far left it reaches a height is what it saves."
    )
    among = {unit: f" (each with as many attempts as cost no more {unit} there than N parallel ones)" for unit in _AXES}
    among["generations"] = ""
    return [
        FigureSection(
            f"Compute-optimal revisions, against {unit}",
            told.format(among=among[unit]),
            _curves_figure(
                curves, unit, ("parallel, ", "compute-optimal, "), (*_SELECTS, "oracle bins", "predicted bins")
            ),
        )
        for unit in _AXES
    ]


def positions_figure(positions: pd.DataFrame) -> Any:
    """Pass@1 by position; columns position (from 0), accuracy, low, high (the last three in 0..1)."""
    figure = new_figure("attempt in the chain", "pass@1 (% of problems)")
    figure.add_scatter(
        x=positions["position"] + 1,
        y=positions["accuracy"],
        mode="lines+markers",
        name="pass@1",
        line={"color": FURTHER[0]},
        error_y=error_bars(positions, "accuracy"),
        hovertemplate="attempt %{x}: %{y:.1%}",
    )
    figure.add_vline(x=5.5, line={"dash": "dash", "width": 1, "color": FURTHER[1]})
    figure.update_yaxes(tickformat=".0%")
    return figure


def ratios_figure(rows: pd.DataFrame, lines: str, prefix: str) -> Any:
    """Accuracy against sequential / parallel, a line for each value of the column ``lines``."""
    figure = new_figure("sequential attempts / parallel chains (log scale)", "accuracy (% of problems)")
    names = {value: f"{prefix}{value}" for value in sorted(rows[lines].unique())}
    colours = line_colours(names.values())
    for value, name in names.items():
        own = rows[rows[lines] == value].sort_values("sequential")
        figure.add_scatter(
            x=own["sequential"] / own["parallel"],
            y=own["accuracy"],
            mode="lines+markers",
            name=name,
            line={"color": colours[name]},
            error_y={**error_bars(own, "accuracy"), "color": colours[name]},
            customdata=own[["sequential", "parallel"]],
            hovertemplate="%{customdata[0]} in each of %{customdata[1]} chains: %{y:.1%}",
        )
    ratios = sorted((rows["sequential"] / rows["parallel"]).unique())
    shown = [f"{r:g}:1" if r >= 1 else f"1:{1 / r:g}" for r in ratios]
    figure.update_xaxes(type="log", tickvals=ratios, ticktext=shown)
    figure.update_yaxes(tickformat=".0%")
    return figure


def _curves_figure(curves: pd.DataFrame, unit: str, starts: tuple[str, ...], ends: tuple[str, ...]) -> Any:
    """The curves of a unit whose label is one of ``starts`` followed by one of ``ends``."""
    wanted = {start + end for start in starts for end in ends}
    own = curves[(curves["unit"] == unit) & curves["label"].isin(wanted)]
    figure = scaling_curves(own)
    figure.update_xaxes(title=_AXES[unit])
    if unit != "generations":
        figure.update_xaxes(tickvals=None, ticktext=None)
        figure.update_traces(hovertemplate="%{x:.3s}: %{y:.1%}", selector={"mode": "lines+markers"})
    return figure


def _room(contexts: pd.DataFrame) -> str:
    """A sentence on what late attempts were shown; nothing where none is so late."""
    late = contexts[(contexts["bin"] == 0) & contexts["position"].isna()].to_dict("records")
    return "".join(
        f" Of {row['n_attempts']:,} attempts with as many answered ones before them as may be shown, {_share(row)} were shown "
        "all of these; the prompt has no room for the others' (table below)."
        for row in late
    )


def _shown(contexts: pd.DataFrame) -> list[dict[str, Any]]:
    """All late attempts, and those of each difficulty bin."""
    return [
        {
            "problems": "all"
            if row["bin"] == 0
            else f"bin {row['bin']}" + (" (easiest fifth)" if row["bin"] == 1 else ""),
            "shown, mean [95 %]": f"{row['shown']:.2f} [{row['low']:.2f}, {row['high']:.2f}]",
            "shown all [95 %]": _share(row),
            "attempts": f"{row['n_attempts']:,}",
        }
        for row in contexts[contexts["position"].isna()].to_dict("records")
    ]


def _share(row: Mapping[Any, Any]) -> str:
    return f"{row['all_shown']:.1%} [{row['all_low']:.1%}, {row['all_high']:.1%}]"


def _changes(changes: pd.DataFrame) -> list[dict[str, Any]]:
    overall = changes[changes["position"].isna()]
    return [
        {
            "change": "a right answer turns wrong" if row["change"] == "lost" else "a wrong answer turns right",
            "rate [95 %]": f"{row['rate']:.1%} [{row['low']:.1%}, {row['high']:.1%}]",
            "in the paper": f"{row['paper']:.0%}" if row["paper"] == row["paper"] else "",
            "attempts": f"{row['n']:,}",
        }
        for row in overall.to_dict("records")
    ]
