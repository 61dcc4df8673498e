"""What the report says about PRM search over revisions: accuracy by generations and FLOPs, and whether it wins."""

from typing import Any

import pandas as pd

from stepscale.report.measured import monte_carlo
from stepscale.report.report import FigureSection, Part
from stepscale.report.scaling_curves import POINT, largest_error, scaling_curves

_AXES = {
    "generations": "attempts a problem, N (log scale)",
    "FLOPs": "FLOPs a problem, generator and verifier (log scale)",
}


def revision_search_part(curves: pd.DataFrame, leads: pd.DataFrame) -> Part:
    """The figures and the table; nothing without searches over revisions."""
    if curves.empty:
        return Part([], {})
    problems = int(curves["n_problems"].iloc[0])
    told = (
        f"Past Snell et al. 2024, 8; {problems} test problems. How to read this: a chain of attempts, then a search against "
        "the PRM over what the revision model writes after it, all paid for; beside it the same model's attempts chosen by its "
        "ORM and by the same PRM, and the generator's own best-of-N weighted and beam searches. Each beam search keeps or leaves "
        "out copies (filter_duplicates) as its own plan says, so they may differ in that too. Bands are 95 % intervals over "
        f"problems.{largest_error(curves)}"
    )
    sections = [
        FigureSection(f"PRM search over revisions, against {unit}", told, search_figure(curves, unit)) for unit in _AXES
    ]
    return Part(sections, {"PRM search over revisions at equal cost": [_row(row) for row in leads.to_dict("records")]})


def search_figure(curves: pd.DataFrame, unit: str) -> Any:
    """Accuracy against one unit, a line a strategy."""
    figure = scaling_curves(curves[curves["unit"] == unit])
    figure.update_xaxes(title=_AXES[unit])
    if unit != "generations":
        figure.update_xaxes(tickvals=None, ticktext=None)
        figure.update_traces(hovertemplate=f"%{{x:.3s}}: {POINT}", selector={"mode": "lines+markers"})
    return figure


def _row(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        "strategy": row["strategy"],
        "N": row["n"],
        "at equal": row["unit"],
        "accuracy": f"{row['accuracy']:.1%}",
        "minus": row["minus"],
        "difference [95 %] ± Monte Carlo error": f"{row['difference']:+.1%} [{row['low']:+.1%}, {row['high']:+.1%}]"
        f"{monte_carlo(row)}",
        "": row["verdict"],
    }
