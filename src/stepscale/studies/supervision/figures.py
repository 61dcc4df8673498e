"""What the report says about supervision (Lightman et al. 2023, 3-5): held-out problems, difficulty, labels, active learning."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stepscale.report.learning_curves import learning_curves
from stepscale.report.measured import measured_rows, over
from stepscale.report.report import FigureSection, Part
from stepscale.report.scaling_curves import largest_error, scaling_curves
from stepscale.studies.best_of_n.quintile_figure import quintile_curves
from stepscale.studies.supervision.blind import LEAD
from stepscale.studies.supervision.data_efficiency import fitted_lines, in_digits
from stepscale.supervision.points import BLIND

AGREEMENT = "PRM_large against the pool's labeler [95 % over problems]"
OVERLAP = "Labels that active learning shares with uniform choice"


def supervision_part(
    heldout: pd.DataFrame,
    quintiles: pd.DataFrame,
    sizes: pd.DataFrame,
    budgets: pd.DataFrame,
    ablations: pd.DataFrame,
    saved: Sequence[Mapping[str, Any]],
    overlap: Sequence[Mapping[str, Any]],
    agreement: Mapping[str, float],
    confounds: str = "",
) -> Part:
    """Table 1 and Figures 6, 4a and 4b of the paper, and small tables; what was not measured is left out.

    ``confounds``: what the arms do not have in common besides supervision, said below Figure 4a.
    """
    sections = _heldout(heldout)
    if len(quintiles):
        told = (
            "Lightman et al. 2023, Figure 6. How to read this: the problems are split into fifths by the generator's own pass "
            f"rate, the easiest first; within each, accuracy against N with 95 % bands.{largest_error(quintiles)}"
        )
        sections.append(FigureSection("By difficulty", told, quintile_curves(quintiles)))
    if len(sizes):
        told = _by_labels(sizes, bool(saved), confounds)
        figure = learning_curves(sizes, fitted_lines(saved))
        sections.append(FigureSection("Ways to supervise, by labels", told, figure))
    if len(budgets):
        largest = int(budgets["per_problem"].iloc[0])
        told = (
            f"Lightman et al. 2023, Figure 4b: the verifiers trained on {largest} labelled samples a problem, against N; bands "
            f"are 95 % intervals over {over(int(budgets['seeds'].iloc[0]))}."
        )
        sections.append(FigureSection("Ways to supervise, by N", told, scaling_curves(budgets)))
    tables: dict[str, Sequence[Mapping[str, Any]]] = {}
    if len(sizes):
        tables["Ways to supervise, by labels"] = by_labels_rows(sizes)
    if saved:
        tables["Active learning against uniform labels"] = saved_rows(saved)
    if overlap:
        tables[OVERLAP] = overlap_rows(overlap)
    if len(ablations):
        tables["Ablations, at the same labels as the arm each varies"] = [
            _varied(row) for _, row in ablations.iterrows()
        ]
    if agreement:
        tables[AGREEMENT] = measured_rows({"value [95 %]": agreement}, "measure")
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


def _by_labels(sizes: pd.DataFrame, has_lines: bool, confounds: str) -> str:
    """What is told of Figure 4a."""
    n, problems, seeds = (int(sizes[name].iloc[0]) for name in ("n", "n_problems", "seeds"))
    told = (
        f"Lightman et al. 2023, Figure 4a: best-of-{n} on {problems} test problems, {seeds} seed(s), against the labelled "
        "samples a problem. How to read this: a higher line learns more from the same labels; bands are 95 % intervals over "
        f"{over(seeds)}."
    )
    if (sizes["label"] == BLIND).any():
        told += " The dotted line is pass@1: a verifier that lies on it chooses no better than blindly (A3 compares arms alone)."
    if has_lines:
        told += " Dashed: the lines of best fit of claim A4."
    return f"{told} {confounds}".rstrip()


def by_labels_rows(sizes: pd.DataFrame) -> list[dict[str, Any]]:
    """Figure 4a as a table: every arm at every size, and pass@1 once."""
    rows = []
    for row in sizes[(sizes["label"] != BLIND) | ~sizes["label"].duplicated()].to_dict("records"):
        trained = row["label"] != BLIND
        rows.append(
            {
                "supervision": row["label"],
                "asked for": int(row["per_problem"]) if trained else "",
                "labelled a problem": f"{row['labelled']:.1f}" if trained else "",
                "best of": int(row["n"]),
                "accuracy [95 %]": f"{row['accuracy']:.1%} [{row['low']:.1%}, {row['high']:.1%}]",
                "minus choosing blindly, points": _points(row) if trained else "",
                "problems": int(row["n_problems"]),
                "seeds": int(row["seeds"]) if trained else "",
            }
        )
    return rows


def _points(row: Mapping[Any, Any]) -> str:
    lead, low, high = (100 * row.get(name, float("nan")) for name in LEAD)
    return f"{lead:+.1f} [{low:+.1f}, {high:+.1f}]" if lead == lead else ""


def saved_rows(saved: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What active learning saves."""
    return [
        {
            "measure": row["measure"],
            "estimate [95 %]": f"{in_digits(row['estimate'])} [{in_digits(row['low'])}, {in_digits(row['high'])}]",
            "problems": row["n_problems"],
            "seeds": row["seeds"],
        }
        for row in saved
    ]


def overlap_rows(overlap: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How far active learning and uniform choice label the same."""
    return [
        {
            "labelled samples a problem": row["per_problem"],
            "share also chosen uniformly [95 %]": f"{row['overlap']:.1%} [{row['low']:.1%}, {row['high']:.1%}]",
            "problems": row["n_problems"],
            "seeds": row["seeds"],
        }
        for row in overlap
    ]


def _varied(row: Any) -> dict[str, Any]:
    return {
        "ablation": row["label"],
        "labelled samples a problem": int(row["per_problem"]),
        f"best-of-{row['n']} [95 %]": f"{row['accuracy']:.1%} [{row['low']:.1%}, {row['high']:.1%}]",
        "against": row["against"],
        "difference, points": f"{100 * row['lead']:+.1f} [{100 * row['lead_low']:+.1f}, {100 * row['lead_high']:+.1f}]",
        "problems": int(row["n_problems"]),
        "seeds": int(row["seeds"]),
    }
