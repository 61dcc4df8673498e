"""What the report says about supervision (Lightman et al. 2023, 3-5): held-out problems, difficulty, labels, active learning."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stepscale.figures.learning_curves import learning_curves
from stepscale.figures.quintiles import quintile_curves
from stepscale.figures.report import FigureSection, Part
from stepscale.figures.scaling_curves import largest_error, scaling_curves


def supervision_part(
    heldout: pd.DataFrame, quintiles: pd.DataFrame, sizes: pd.DataFrame, budgets: pd.DataFrame, ablations: pd.DataFrame,
    saved: Sequence[Mapping[str, Any]], agreement: Mapping[str, float],
) -> Part:  # fmt: skip
    """Table 1 and Figures 6, 4a and 4b of the paper, and small tables; what was not measured is left out."""
    sections = _heldout(heldout)
    if len(quintiles):
        told = (
            "Lightman et al. 2023, Figure 6. How to read this: the problems are split into fifths by the generator's own pass "
            f"rate, the easiest first; within each, accuracy against N with 95 % bands.{largest_error(quintiles)}"
        )
        sections.append(FigureSection("By difficulty", told, quintile_curves(quintiles)))
    if len(sizes):
        n, problems, seeds = (int(sizes[name].iloc[0]) for name in ("n", "n_problems", "seeds"))
        told = (
            f"Lightman et al. 2023, Figure 4a: best-of-{n} on {problems} test problems, {seeds} seed(s), against the labelled "
            "samples a problem. How to read this: a higher line learns more from the same labels; bands are 95 % intervals over "
            "problems and seeds."
        )
        sections.append(FigureSection("Ways to supervise, by labels", told, learning_curves(sizes)))
    if len(budgets):
        largest = int(budgets["per_problem"].iloc[0])
        told = f"Lightman et al. 2023, Figure 4b: the verifiers trained on {largest} labelled samples a problem, against N."
        sections.append(FigureSection("Ways to supervise, by N", told, scaling_curves(budgets)))
    tables: dict[str, list[dict[str, Any]]] = {}
    if saved:
        tables["Active learning against uniform labels"] = [_measure(row) for row in saved]
    if len(ablations):
        tables["Ablations, at the same labels as the arm each varies"] = [
            _varied(row) for _, row in ablations.iterrows()
        ]
    if agreement:
        tables["PRM_large against the symbolic labeler"] = [
            {"measure": name.replace("_", " "), "value": f"{value:,.0f}" if name.startswith("n_") else f"{value:.3f}"}
            for name, value in agreement.items()
        ]
    return Part(sections, tables)


def _heldout(curves: pd.DataFrame) -> list[FigureSection]:
    if curves.empty:
        return []
    told = (
        f"Lightman et al. 2023, 5 and Table 1 (claim A5): {int(curves['n_problems'].iloc[0])} problems of a family that no "
        "verifier was trained on. How to read this: as best-of-N on the test problems above. A verifier whose lead there is gone "
        f"here has learnt of its own kinds of problem alone.{largest_error(curves)}"
    )
    return [FigureSection("Best-of-N on held-out problems", told, scaling_curves(curves))]


def _measure(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = [f"{row[name]:.3f}" if row[name] is not None else "endless" for name in ("estimate", "low", "high")]
    return {"measure": row["measure"], "estimate [95 %]": f"{shown[0]} [{shown[1]}, {shown[2]}]", "seeds": row["seeds"]}


def _varied(row: Any) -> dict[str, Any]:
    return {
        "ablation": row["label"], "labelled samples a problem": int(row["per_problem"]),
        f"best-of-{row['n']} [95 %]": f"{row['accuracy']:.1%} [{row['low']:.1%}, {row['high']:.1%}]", "against": row["against"],
        "difference, points": f"{100 * row['lead']:+.1f} [{100 * row['lead_low']:+.1f}, {100 * row['lead_high']:+.1f}]",
        "problems": int(row["n_problems"]), "seeds": int(row["seeds"]),
    }  # fmt: skip
