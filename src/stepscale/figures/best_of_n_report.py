"""What the report says about best-of-N: the headline from the numbers, and which figures follow."""

import platform
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stepscale.figures.levels import accuracy_by_level
from stepscale.figures.reliability import reliability_curves
from stepscale.figures.report import Example, FigureSection, build_report
from stepscale.figures.scaling_curves import scaling_curves


def headline(curves: pd.DataFrame, claims: Sequence[Mapping[str, Any]]) -> list[str]:
    """A few lines with the result, as they are printed at the end of a run and at the top of the report."""
    top = curves[curves["n"] == curves["n"].max()].set_index("label")
    n, problems = int(curves["n"].max()), int(top["n_problems"].iloc[0])
    shown = [f"{name} {_percent(top.loc[name])}" for name in ("PRM", "ORM", "Majority") if name in top.index]
    rest = [f"{name} {top.loc[name, 'accuracy']:.1%}" for name in ("pass@N (ceiling)",) if name in top.index]
    lines = [f"best-of-{n} on {problems} problems: {', '.join(shown)}; {', '.join(rest)}"]
    for claim in claims:
        if claim["status"] != "not measured":
            lines.append(
                f"{claim['id']} {claim['status']}: {claim['decided_by']} = {claim['estimate']:+.3f} "
                f"[{claim['low']:+.3f}, {claim['high']:+.3f}] ({claim['claim']})"
            )
    return lines


def _percent(row: pd.Series) -> str:
    return f"{row['accuracy']:.1%} [{row['low']:.1%}, {row['high']:.1%}]"


def page(
    lines: Sequence[str], curves: pd.DataFrame, levels: pd.DataFrame, rules: Sequence[Mapping[str, Any]],
    claims: Sequence[Mapping[str, Any]], calibration: pd.DataFrame, metrics: Mapping[str, Mapping[str, float]],
    examples: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any],
) -> str:  # fmt: skip
    """The whole report as HTML."""
    n, problems = int(curves["n"].max()), int(curves["n_problems"].max())
    sections = [
        FigureSection(
            "Best-of-N by what chooses",
            f"{problems} test problems, {n} samples each. Expected accuracy if N of the samples are drawn; bands are 95 % "
            "intervals. The ceiling is reached by a verifier that always knows.",
            scaling_curves(curves),
        ),
        FigureSection(
            "By level",
            f"The same at N={n}, by the problems' level. pass@1 is the generator alone.",
            accuracy_by_level(levels),
        ),
        FigureSection(
            "Calibration",
            "On validation problems. PRM: a step is correct, against the labeler. ORM: the final answer is right, at the "
            "solution's last token. Bars: 95 % Wilson intervals.",
            reliability_curves(calibration),
        ),
    ]
    tables = {
        f"Scoring rules of the PRM at N={n} (Lightman et al. 2023, Table 4)": [_rounded(row) for row in rules],
        "Verifiers on validation problems": [
            {"metric": name.replace("_", " ")} | {kind.upper(): _number(values.get(name)) for kind, values in metrics.items()}
            for name in dict.fromkeys(name for values in metrics.values() for name in values)
        ],
    }
    shown = [
        Example(e["kind"], e["remark"], e["problem"], [tuple(step) for step in e["steps"]], e["answer"], e["gold"])
        for e in examples
    ]
    facts = {"machine": f"{platform.system()} {platform.machine()}", "Python": platform.python_version()}
    facts |= {key: _flat(value) for key, value in parameters.items()}
    return build_report("StepScale report", lines, sections, shown, claims, tables, facts)


def _rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = {"aggregation": row["aggregation"], "neutral as": row["neutral as"]}
    return kept | {"accuracy [95 %]": f"{row['accuracy']:.3f} [{row['low']:.3f}, {row['high']:.3f}]", "problems": row["n_problems"]}


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _flat(value: Any) -> str:
    return ", ".join(f"{k} {_flat(v)}" for k, v in value.items()) if isinstance(value, Mapping) else str(value)
