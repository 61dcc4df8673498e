"""What the report says about best-of-N: the headline from the numbers, and which figures follow."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stepscale.report.claims import told_of_parts
from stepscale.report.measured import verifier_rows
from stepscale.report.provenance import provenance
from stepscale.report.report import Example, FigureSection, Part, build_report
from stepscale.report.scaling_curves import scaling_curves
from stepscale.studies.best_of_n.levels import accuracy_by_level
from stepscale.studies.best_of_n.reliability import reliability_curves
from stepscale.studies.best_of_n.scoring_rules import scoring_rules_figure

STATUSES = ("held", "did not hold", "inconclusive")


def headline(curves: pd.DataFrame, claims: Sequence[Mapping[str, Any]]) -> list[str]:
    """A few lines with the result, as they are printed at the end of a run and at the top of the report."""
    top = curves[curves["n"] == curves["n"].max()].set_index("label")
    n, problems = int(curves["n"].max()), int(top["n_problems"].iloc[0])
    chosen_by = top.index[(top["method"] == "best_of_n") & (top["verifier"] != "mean_logprob")]
    shown = [f"{name} {_percent(top.loc[name])}" for name in (*chosen_by, "Majority")]
    rest = [f"{name} {top.loc[name, 'accuracy']:.1%}" for name in ("pass@N (ceiling)",) if name in top.index]
    lines = [f"best-of-{n} on {problems} problems: {', '.join(shown)}; {', '.join(rest)}"]
    measured = [claim for claim in claims if claim["status"] != "not measured"]
    for claim in measured:
        if claim["id"] == "A1" or len(measured) <= 2:
            lines.append(
                f"{claim['id']} {claim['status']}: {claim['decided_by']} = {claim['estimate']:+.3f} "
                f"[{claim['low']:+.3f}, {claim['high']:+.3f}]{f', {parts}' if (parts := told_of_parts(claim)) else ''} "
                f"({claim['claim']})"
            )
    if len(measured) > 2:
        by_status = {status: [c["id"] for c in measured if c["status"] == status] for status in STATUSES}
        told = [f"{status} {', '.join(ids)}" for status, ids in by_status.items() if ids]
        lines.append(
            f"{len(measured)} claims were measured: {'; '.join(told)} (the claims table has each with its interval)"
        )
    return lines


def _percent(row: pd.Series) -> str:
    return f"{row['accuracy']:.1%} [{row['low']:.1%}, {row['high']:.1%}]"


def page(
    lines: Sequence[str],
    curves: pd.DataFrame,
    levels: pd.DataFrame,
    rules: Sequence[Mapping[str, Any]],
    claims: Sequence[Mapping[str, Any]],
    calibration: pd.DataFrame | None,
    metrics: Mapping[str, Mapping[str, float]] | None,
    examples: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, Any],
    parts: Sequence[Part] = (),
) -> str:
    """The whole report as HTML. What there is none of (levels, rules, calibration, metrics, examples) is left out.

    ``parts``: further figures and tables, after those of best-of-N.
    """
    n, problems = int(curves["n"].max()), int(curves["n_problems"].max())
    metrics = metrics or {}
    tables: dict[str, Sequence[Mapping[str, Any]]] = {
        f"Scoring rules of the PRM at N={n}": [_rounded(row) for row in rules],
        "Verifiers on validation problems [95 % over problems]": verifier_rows(metrics),
    }
    shown = [
        Example(e["kind"], e["remark"], e["problem"], [tuple(step) for step in e["steps"]], e["answer"], e["gold"])
        for e in examples
    ]
    facts = provenance() | {f"parameters: {key}": _flat(value) for key, value in parameters.items()}
    sections = _sections(n, problems, curves, levels, rules, calibration, _rated(metrics))
    for part in parts:
        sections += part.sections
        tables |= part.tables
    notes = {title: note for part in parts for title, note in part.notes.items()}
    return build_report("StepScale report", lines, sections, shown, claims, tables, facts, notes, _rated(metrics))


def _sections(
    n: int,
    problems: int,
    curves: pd.DataFrame,
    levels: pd.DataFrame,
    rules: Sequence[Mapping[str, Any]],
    calibration: pd.DataFrame | None,
    rated: bool,
) -> list[FigureSection]:
    sections = [
        FigureSection(
            "Best-of-N, by what chooses",
            f"{problems} test problems, N up to {n}. How to read this: the height of a line at N is the share of problems "
            "whose chosen sample is right when N of the samples are drawn; its band is the 95 % interval over problems. The "
            "dotted ceiling is what a verifier that always knows would reach. Bands may overlap and still differ: the claims "
            f"below compare methods problem by problem.{_monte_carlo(curves)}",
            scaling_curves(curves),
        )
    ]
    if len(levels):
        told = (
            f"How to read this: each group is one level of difficulty, at N={n}; pass@1 is the generator alone. Between "
            "majority and the ceiling is what a verifier can win."
        )
        sections.append(FigureSection("By level", told, accuracy_by_level(levels)))
    if calibration is not None:
        told = (
            "How to read this: on the diagonal, what is given 70 % comes true 70 % of the time; below it the verifier is too "
            f"sure of being right. {_held_against(set(calibration['verifier']), rated)} Validation problems; bars are 95 % "
            "intervals over problems, whose steps are alike."
        )
        sections.append(FigureSection("Calibration", told, reliability_curves(calibration)))
    if rules:
        has_neutral = len({rule["neutral as"] for rule in rules}) > 1
        told = (
            f"Lightman et al. 2023, Table 4, at N={n}. How to read this: each point is best-of-N with another way to make "
            f"one score of a solution's step scores{'; blue counts neutral steps as good, orange as bad' if has_neutral else ''}."
        )
        sections.append(FigureSection("Scoring rules of the PRM", told, scoring_rules_figure(rules)))
    return sections


def _held_against(verifiers: set[str], rated: bool) -> str:
    """What the probability of each verifier is that of."""
    step, value = "a step is correct, against the labeler.", "the final answer will be right, at every step."
    told = {
        "prm": step if rated else value,
        "prm_large": step,
        "orm": "the final answer is right, at the solution's last token.",
        "soft_prm": value,
    }
    return " ".join(f"{name.upper().replace('_', ' ')}: {what}" for name, what in told.items() if name in verifiers)


def _rated(metrics: Mapping[str, Mapping[str, float]]) -> bool:
    """Whether the run's PRM was held against ratings; one that learned values is held against outcomes, as an ORM."""
    return "solution_auroc" not in metrics.get("prm", {})


def _monte_carlo(curves: pd.DataFrame) -> str:
    """The largest Monte Carlo error, and of what; nothing where all is exact."""
    if "error" not in curves or not (curves["error"] > 0).any():
        return ""
    worst = curves.nlargest(1, "error").iloc[0]
    return (
        " Votes with too many sets of N samples to go through are means over random orders: their Monte Carlo error is at "
        f"most {worst['error']:.2%} ({worst['label']}, N={worst['n']}); all else is exact."
    )


def _rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = {"aggregation": row["aggregation"], "neutral as": row["neutral as"]}
    return kept | {
        "accuracy [95 %]": f"{row['accuracy']:.3f} [{row['low']:.3f}, {row['high']:.3f}]",
        "problems": row["n_problems"],
    }


def _flat(value: Any) -> str:
    return ", ".join(f"{k} {_flat(v)}" for k, v in value.items()) if isinstance(value, Mapping) else str(value)
