"""What the report says about best-of-N: the headline from the numbers, and which figures and tables follow."""

from collections.abc import Mapping, Sequence

import pandas as pd

from stepscale.estimators.intervals import MIN_PROBLEMS_TO_SETTLE
from stepscale.formats.graded import AbsentShares
from stepscale.report.claims import Claim
from stepscale.report.number_formats import SHARE, cell, in_percent
from stepscale.report.part import Figure, Panel, Part, Series, TextTable, View, WorkedExample
from stepscale.report.plots import SAMPLES, bars_view, curve_figure, curve_panel, curve_view, largest_error, series
from stepscale.studies.best_of_n.claims import PAPER_AGGREGATIONS
from stepscale.studies.best_of_n.confidences import is_confidence

_PLAIN = ("best_of_n", "weighted", "majority", "pass_at_n")  # methods of the main figure
_COMPARED = ("PRM", "ORM", "Majority")
_RATED = (
    "Each step is colored by the PRM's probability that {what} (red 0, green 1). That number stands beside it{then}."
)
_THEN = ", then the labeler's rating (+1 correct, 0 no progress, −1 wrong; none after the first wrong step)"


def best_of_n_part(
    curves: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    claims: Sequence[Claim],
    examples: Sequence[WorkedExample],
    values: bool,
) -> Part:
    """The part of the report on choosing among N samples.

    Args:
        curves: Of the test problems, a row for each way to choose and N.
        tables: By name, those that ``measure_best_of_n`` could make.
        claims: Those that the samples settle.
        examples: Solutions to show step by step.
        values: Whether the PRM learned values (that the answer will be right) rather than ratings of steps.
    """
    figures = [_curves_figure(curves)]
    figures += [_votes_figure(curves)] if not curves["method"].isin(_PLAIN).all() else []
    figures += [_heldout_figure(tables["heldout_curves"])] if "heldout_curves" in tables else []
    figures += [_quintiles_figure(tables["quintiles"])] if "quintiles" in tables else []
    figures += [_levels_figure(tables["levels"], int(curves["n"].max()))] if "levels" in tables else []
    figures += [_rules_figure(tables["scoring_rules"])] if "scoring_rules" in tables else []
    rated = any(step.rating is not None for example in examples for step in example.steps)
    meaning = "the final answer will be right" if values else "it is not wrong"
    return Part(
        name="best-of-n",
        title="How well do verifiers choose among N samples?",
        text=_absent(curves),
        figures=tuple(figures),
        tables=tuple(_rules_table(tables["scoring_rules"]) if "scoring_rules" in tables else ()),
        claims=tuple(claims),
        measures=_measures(curves, tables),
        summary=(headline(curves), *([f"WARNING: {_absent(curves)}"] if _is_notable(curves) else [])),
        too_small=_too_small(curves),
        examples=tuple(examples),
        examples_note=_RATED.format(what=meaning, then=_THEN if rated else ""),
    )


def _too_small(curves: pd.DataFrame) -> tuple[str, ...]:
    """Whether so few problems have a right sample that no choice among samples can show anything."""
    n = int(curves["n"].max())
    ceilings = curves[(curves["method"] == "pass_at_n") & (curves["n"] == n)].to_dict("records")
    solved = [(round(row["accuracy"] * row["n_problems"]), row["n_problems"]) for row in ceilings]
    return tuple(
        f"{right} of {problems} test problems have a right solution among {n} samples"
        for right, problems in solved
        if right < MIN_PROBLEMS_TO_SETTLE
    )


def _absent(curves: pd.DataFrame) -> str:
    """A sentence on samples without an answer or a verdict; "" where the curves do not say."""
    return f"Of the test problems, {shares}." if (shares := _shares(curves)) else ""


def _is_notable(curves: pd.DataFrame) -> bool:
    shares = _shares(curves)
    return shares is not None and shares.is_notable


def _shares(curves: pd.DataFrame) -> AbsentShares | None:
    if "without_answer" not in curves:
        return None
    first = curves.iloc[0]
    return AbsentShares(float(first["without_answer"]), float(first["without_verdict"]))


def headline(curves: pd.DataFrame) -> str:
    """The result at the largest N, as it is printed at the end of a run and at the top of the report.

    Args:
        curves: Columns n, n_problems, method, verifier, label, accuracy and its bounds.

    Returns:
        One line.
    """
    n, problems = int(curves["n"].max()), int(curves["n_problems"].max())
    top = curves[curves["n"] == n].to_dict("records")
    chosen = [row for row in top if row["method"] == "best_of_n" and not is_confidence(row["verifier"])]
    votes = [row for row in top if row["method"] == "majority"]
    accuracies = ", ".join(f"{row['label']} {cell(row, 'accuracy')}" for row in (*chosen, *votes))
    ceiling = ", ".join(f"{row['label']} {row['accuracy']:{SHARE}}" for row in top if row["method"] == "pass_at_n")
    return f"best-of-{n} on {problems} problems: {accuracies}; {ceiling}"


def _measures(curves: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """The quantities that the papers state for claims A1, A2 and A5, as measured here."""
    measures = {"A1": _at_largest(curves)}
    if "heldout_curves" in tables:
        measures["A5"] = _at_largest(tables["heldout_curves"])
    if "scoring_rules" in tables:
        rules = tables["scoring_rules"]
        rows = rules[rules["verifier"] == "prm"].to_dict("records")
        by_aggregation = {(row["aggregation"], row["neutral_as"]): row for row in rows}
        if by_aggregation.keys() >= set(PAPER_AGGREGATIONS):
            measures["A2"] = in_percent([by_aggregation[aggregation] for aggregation in PAPER_AGGREGATIONS])
    return {name: text for name, text in measures.items() if text}


def _at_largest(curves: pd.DataFrame) -> str:
    """PRM / ORM / majority at the largest N."""
    top = {row["label"]: row for row in curves[curves["n"] == curves["n"].max()].to_dict("records")}
    return in_percent([top[name] for name in _COMPARED if name in top])


def _curves_figure(curves: pd.DataFrame) -> Figure:
    """Figure 3."""
    n, problems = int(curves["n"].max()), int(curves["n_problems"].max())
    view = curve_view(curves[curves["method"].isin(_PLAIN)])
    banded = view.panels[0].series[0].band
    reading = (
        f"{problems} test problems, N up to {n}. The height of a line at N is the share of problems whose chosen "
        "sample is right when N of the samples are drawn. "
        + ("Bands are" if banded else "The numbers below it have")
        + " 95 % intervals over problems. "
        + "The dotted ceiling is what a verifier that always knows would reach. Bands may overlap and still differ: the claims "
        "compare methods problem by problem."
    )
    title = "Best-of-N, by what chooses"
    return curve_figure(title, reading + largest_error(curves), view, leads=True)


def _votes_figure(curves: pd.DataFrame) -> Figure:
    """Votes by a rule, beside those whose weights do not depend on the other samples."""
    rows = curves[~curves["method"].isin(["best_of_n", "pass_at_n"])]
    reading = (
        "Who wins a vote among N samples, by the rule that weighs them. Rules by log-likelihood or certainty need no verifier. "
        f"Bands are 95 % intervals over problems.{largest_error(rows)}"
    )
    return curve_figure("Votes, by their rule", reading, curve_view(rows))


def _heldout_figure(curves: pd.DataFrame) -> Figure:
    reading = (
        f"Lightman et al. 2023, 5 and Table 1; {int(curves['n_problems'].iloc[0])} problems of a family that no "
        "verifier was trained on. A verifier whose lead is gone here has learned only its own kinds of problem."
    )
    return curve_figure(
        "Best-of-N on held-out problems",
        reading + largest_error(curves),
        curve_view(curves[curves["method"].isin(_PLAIN)]),
    )


def _quintiles_figure(table: pd.DataFrame) -> Figure:
    """Figure 6: a panel for each fifth of the problems."""
    panels: list[Panel] = []
    for quintile in sorted(int(q) for q in table["quintile"].unique()):
        rows = table[table["quintile"] == quintile]
        hardness = {1: ", easiest", 5: ", hardest"}.get(quintile, "")
        panels.append(curve_panel(rows, f"fifth {quintile}{hardness} ({int(rows['n_problems'].iloc[0])} problems)"))
    reading = (
        "Lightman et al. 2023, Figure 6. The problems are split into fifths by the generator's own pass rate. Bands "
        f"are 95 % intervals.{largest_error(table)}"
    )
    return curve_figure("Best-of-N by difficulty", reading, View(x_title=SAMPLES, panels=tuple(panels)))


def _levels_figure(levels: pd.DataFrame, n: int) -> Figure:
    reading = (
        f"Each group is one level of the problems (1 is the easiest), at N={n}. pass@1 is the generator alone. Between "
        "majority and the ceiling is what a verifier can win. Bars are 95 % intervals."
    )
    return curve_figure("Best-of-N by level", reading, bars_view(levels, "level", "accuracy", "label", "level"))


def _rules_figure(rules: pd.DataFrame) -> Figure:
    """Table 4: a panel for each verifier that judges steps."""
    panels = []
    for verifier, rows in rules.groupby("verifier", sort=False):
        groups = rows.groupby("neutral_as", sort=False)
        lines = [series(group, f"neutral is {name}", "aggregation", mark="points") for name, group in groups]
        panels.append(Panel(title=verifier_name(str(verifier)), series=tuple(lines)))
    reading = (
        f"Lightman et al. 2023, Table 4, at N={int(rules['n'].iloc[0])}, a panel for each verifier that judges steps. "
        "Each point is best-of-N with another way to make one score of a solution's step scores. Bars are 95 % intervals."
    )
    view = View(x_title="aggregation of the step scores", panels=tuple(panels), scale="category")
    return curve_figure("Scoring rules of each verifier", reading, view)


def _rules_table(rules: pd.DataFrame) -> tuple[TextTable, ...]:
    rows = tuple(
        {
            "verifier": verifier_name(row["verifier"]),
            "aggregation": row["aggregation"],
            "neutral as": row["neutral_as"],
            "accuracy [95 %]": cell(row, "accuracy"),
            "best of its verifier": "best" if row["is_best"] else "",
            "problems": str(row["n_problems"]),
        }
        for row in rules.to_dict("records")
    )
    note = "The best rule was picked on these problems, so its accuracy is an upper estimate."
    return (TextTable(title=f"Scoring rules at N={int(rules['n'].iloc[0])}", rows=rows, note=note),)


def verifier_name(verifier: str) -> str:
    """A verifier's name as it is shown: PRM, ORM, PRM large or Soft PRM for the run's own.

    Args:
        verifier: As the tables name it.

    Returns:
        The name; that of any other verifier as it is.
    """
    names = {"prm": "PRM", "orm": "ORM", "prm_large": "PRM large", "soft_prm": "Soft PRM"}
    return names.get(verifier, verifier)


def diagonal() -> Series:
    """The line on which predictions equal outcomes."""
    return Series(name="perfectly calibrated", x=(0.0, 1.0), y=(0.0, 1.0), dash="dotted")
