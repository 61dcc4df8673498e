"""What the report says about the data loop, the labels it leaves, the PRM of rollouts, and steps by position."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from stepscale.report.learning_curves import learning_curves
from stepscale.report.measured import BOUNDS, over
from stepscale.report.report import FigureSection, Part
from stepscale.report.scaling_curves import largest_error, scaling_curves
from stepscale.report.style import error_bars, line_colours, new_figure
from stepscale.studies.data_loop.label_balance import label_balance

_HEALTH = {
    "chosen_overconfidence": "too sure of what it chose",
    "chosen_faultless": "faultless among the chosen",
    "chosen_auroc": "AUROC, chosen",
    "audit_overconfidence": "too sure of the audit",
    "audit_auroc": "AUROC, audit",
    "wrong_answers": "wrong answers",
    "first_error": "first error at step",
    "distinct_errors": "errors worded like no other",
}


def loop_part(sizes: pd.DataFrame, health: pd.DataFrame, differences: Sequence[Mapping[str, Any]]) -> Part:
    """Accuracy and audit of each strategy round by round, and tables; empty if the loop was not run."""
    if sizes.empty:
        return Part([], {})
    n, problems, seeds = (int(sizes[name].iloc[0]) for name in ("n", "n_problems", "seeds"))
    learned = (
        f"Lightman et al. 2023, 4.2, left open whether retraining the selector between rounds works. Best-of-{n} on {problems} "
        f"test problems, {seeds} seed(s), after each round. How to read this: at one place all strategies have as many labels; "
        f"a collapse would be a line that falls. Bands are 95 % intervals over {over(seeds)}."
    )
    sections = [
        FigureSection("The data loop, by labels", learned, learning_curves(sizes)),
        FigureSection("The data loop: selectors on the audit", _told_of_audit(health), _audit(health)),
    ]
    told = [
        {
            "difference": row["difference"],
            "points [95 %]": f"{100 * row['estimate']:+.1f} [{100 * row['low']:+.1f}, {100 * row['high']:+.1f}]",
            "problems": row["n_problems"],
            "seeds": row["seeds"],
        }
        for row in differences
    ]
    by_round = "The data loop: selectors by round, with 95 % intervals"
    return Part(sections, {f"The data loop: differences at N={n}": told, by_round: selectors(health)})


def selectors(health: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of the table of ``scaling.loop_comparison.health_by_round``, one a strategy and round; unknown numbers are blank."""
    rows = []
    for (strategy, round_), own in health.groupby(["strategy", "round"], sort=False):
        found = {row["measure"]: row for row in own.to_dict("records")}
        rows.append(
            {"strategy": strategy, "round": round_}
            | {shown: _interval(found[name]) for name, shown in _HEALTH.items()}
            | {
                "samples chosen": found["wrong_answers"]["n"],
                "samples of the audit": found["audit_faultless"]["n"],
                "problems": int(own["n_problems"].max()),
                "seeds": int(own["seeds"].max()),
            }
        )
    return rows


def release_part(counts: pd.DataFrame | None, given: bool = False) -> Part:
    """The released labels, round by round; empty if none were released. ``given``: the pool came with its labels."""
    if counts is None or counts.empty:
        return Part([], {})
    first = "as it was given" if given else "drawn at random"
    told = (
        "The data set left behind (Lightman et al. 2023, D and Table 3: 85.1 % of the solutions of phase 1 and 13.2 % of phase 2 "
        f"end correct). How to read this: round 0 is {first}, later rounds, if any, are what the loop's first strategy chose; "
        "the more wrong solutions it finds, the lower the diamonds. A solution's labels end at its first error."
    )
    return Part([FigureSection("The labels released, by round", told, label_balance(counts))], {})


def rollouts_part(curves: pd.DataFrame, aggregation: str = "product") -> Part:
    """The soft PRM's curves; empty if nothing was rolled out. ``aggregation``: of the run's own PRM beside it."""
    if curves.empty:
        return Part([], {})
    beside = ""
    if "PRM" in set(curves["label"]):
        by = {"product": "product", "min": "minimum", "last": "its last step", "mean": "mean"}[aggregation]
        beside = f"PRM is the run's own, by {by}; "
    told = (
        f"Snell et al. 2024, E and Figure 13, on {int(curves['n_problems'].iloc[0])} test problems: best-of-N weighted by a PRM "
        f"that learned Monte Carlo values of steps, with each way to make one score of them; {beside}ORM by its last token (F "
        "and Figure 14). How to read this: as best-of-N above. The soft PRM learned from as many solutions as were rolled out."
        f"{largest_error(curves)}"
    )
    return Part([FigureSection("A PRM of rollouts", told, scaling_curves(curves))], {})


def positions_part(positions: pd.DataFrame | None) -> Part:
    """Labels and judgement at each step position."""
    if positions is None or positions.empty:
        return Part([], {})
    rows = [
        {str(name).replace("_", " "): _cell(row, str(name)) for name in row if not str(name).endswith(BOUNDS)}
        for row in positions.to_dict("records")
    ]
    return Part([], {"Validation labels and verifiers by step position": rows})


def _told_of_audit(health: pd.DataFrame) -> str:
    own = health[health["measure"] == "audit_auroc"]
    problems, seeds = int(own["n_problems"].max()), int(own["seeds"].max())
    mean = f" of the mean of {seeds} seeds" if seeds > 1 else ", one seed"
    return (
        "How to read this: how well each round's selector tells faultless solutions from faulty ones in a fixed random sample "
        "of the training problems' solutions (AUROC, 0.5 is a coin toss). No selector learned from these, but each learned from "
        "others of the same problems, so nothing is told of new ones. A falling line: a selector spoilt by what it chose. Bars "
        f"are 95 % intervals over {problems} problems{mean}; how differently further seeds would train is not in them."
    )


def _audit(health: pd.DataFrame) -> Any:
    figure = new_figure("round", "AUROC on the audit")
    colours = line_colours(health["strategy"])
    for name, rows in health[health["measure"] == "audit_auroc"].groupby("strategy", sort=False):
        own = colours[str(name)]
        figure.add_scatter(
            x=rows["round"],
            y=rows["value"],
            name=str(name),
            mode="lines+markers",
            line={"color": own, "width": 2.4},
            error_y={**error_bars(rows, "value"), "color": own},
            customdata=rows[["low", "high"]],
            hovertemplate="round %{x}: %{y:.3f} [%{customdata[0]:.3f}, %{customdata[1]:.3f}]",
        )
    figure.update_xaxes(tickvals=sorted(int(r) for r in health["round"].unique()))
    return figure


def _interval(row: Mapping[Any, Any]) -> str:
    return "" if pd.isna(row["value"]) else f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"


def _number(value: float) -> str:
    return "" if value != value else f"{value:.3f}"


def _cell(row: Mapping[Hashable, Any], name: str) -> Any:
    """A number with its interval where there is one; texts and counts as they are."""
    if name.startswith("n_") and row[name] == row[name]:
        return int(row[name])
    if not isinstance(row[name], float):
        return row[name]
    low, high = (_number(row.get(f"{name}{bound}", float("nan"))) for bound in BOUNDS)
    return f"{_number(row[name])} [{low}, {high}]" if low else _number(row[name])
