"""What the report says about the verifiers themselves on validation problems, and about the labels that are passed on."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from stepscale.report.number_formats import BOUNDS, interval, metric_rows, number
from stepscale.report.part import Figure, Panel, Part, Series, TextTable, View
from stepscale.report.plots import curve_figure, series
from stepscale.studies.best_of_n.figures import diagonal, verifier_name

MIN_SOLUTIONS_PER_CLASS = 30  # right and wrong ones each, for a verifier that is to tell them apart
_STEP, _VALUE = "a step is correct, by the labeler", "the final answer will be right, at every step"


def verifiers_part(
    metrics: Mapping[str, Mapping[str, float]], calibration: pd.DataFrame, positions: pd.DataFrame
) -> Part:
    """The part of the report on how well each verifier judges.

    Args:
        metrics: Numbers by verifier and name.
        calibration: Bins of the reliability diagram, a row per bin.
        positions: Measures by position of the step.
    """
    return Part(
        name="verifiers",
        title="How well do the verifiers judge?",
        figures=(_calibration_figure(calibration, learned_values(metrics)),) if len(calibration) else (),
        tables=(
            metrics_table(metrics),
            TextTable(title="Validation labels and verifiers by step position", rows=_position_rows(positions)),
        ),
    )


def pool_too_small(solutions: pd.DataFrame) -> tuple[str, ...]:
    """Whether the graded solutions that verifiers learn from hold too few right or too few wrong ones.

    Args:
        solutions: The pool's; those without a verdict do not count.
    """
    graded = solutions["is_correct"].dropna().astype(bool)
    counts = {"right": int(graded.sum()), "wrong": int((~graded).sum())}
    fewest = min(counts, key=counts.__getitem__)
    if graded.empty or counts[fewest] >= MIN_SOLUTIONS_PER_CLASS:
        return ()
    return (f"the pool holds {counts[fewest]} {fewest} solutions of {len(graded)}",)


def metrics_table(metrics: Mapping[str, Mapping[str, float]]) -> TextTable:
    """A table with a column for each verifier, and a row for each of its metrics on validation problems.

    Args:
        metrics: By verifier, numbers by name.
    """
    columns = {verifier_name(name): values for name, values in metrics.items()}
    return TextTable(title="Verifiers on validation problems [95 % over problems]", rows=metric_rows(columns))


def learned_values(metrics: Mapping[str, Mapping[str, float]]) -> bool:
    """Whether the run's PRM learned values: it is then measured against outcomes, as an ORM is.

    Args:
        metrics: By verifier, numbers by name.
    """
    return "solution_auroc" in metrics.get("prm", {})


def _calibration_figure(bins: pd.DataFrame, values: bool) -> Figure:
    names = {str(name): verifier_name(str(name)) for name in bins["verifier"].unique()}
    lines = [
        series(rows, names[str(name)], "predicted", "observed") for name, rows in bins.groupby("verifier", sort=False)
    ]
    meanings = {
        "prm": _VALUE if values else _STEP,
        "prm_large": _STEP,
        "orm": "the final answer is right, at the solution's last token",
        "soft_prm": _VALUE,
    }
    predicted = " ".join(f"{names[name]}: {meaning}." for name, meaning in meanings.items() if name in names)
    reading = (
        "On the diagonal, predictions of 70 % come true 70 % of the time. Below it the verifier is too sure. What each "
        f"predicts: {predicted} Bands are 95 % intervals over validation problems."
    )
    panel = Panel(series=(diagonal(), *lines))
    view = View(x_title="predicted probability of being right", panels=(panel,), scale="linear")
    return curve_figure("Calibration", reading, view, y_title="share that was right", percent=False)


def _position_rows(positions: pd.DataFrame) -> tuple[dict[str, str], ...]:
    return tuple(
        {str(name).replace("_", " "): _position_cell(row, str(name)) for name in row if not str(name).endswith(BOUNDS)}
        for row in positions.to_dict("records")
    )


def _position_cell(row: Mapping[Hashable, Any], name: str) -> str:
    """A number with its interval where there is one; texts and counts as they are."""
    value = row[name]
    if name.startswith("n_") and value == value:
        return str(int(value))
    if not isinstance(value, float):
        return str(value)
    low, high = (row.get(f"{name}{bound}", float("nan")) for bound in BOUNDS)
    return interval(value, low, high) if low == low else number(value)


def labels_part(counts: pd.DataFrame, published: bool) -> Part:
    """The part of the report on the labels that the run leaves (Lightman et al. 2023, D and Table 3).

    Args:
        counts: As ``formats.prm800k.counts`` gives them, rounds in the index.
        published: Whether the pool came with its labels.
    """
    rows = counts[counts["step_labels"] > 0]
    rounds = tuple(map(str, rows.index))
    bars = [
        Series(name=rating, x=rounds, y=tuple(map(float, rows[rating])), mark="stack")
        for rating in ("positive", "neutral", "negative")
    ]
    ends = Series(name="solutions that end correct", x=rounds, y=tuple(map(float, rows["ends_correct"])), mark="points")
    reading = (
        "The data set that the run leaves (Lightman et al. 2023, D and Table 3: 85.1 % of the solutions of phase 1 and "
        f"13.2 % of phase 2 end correct). Round 0 is {'as it was published' if published else 'drawn at random'}. Later "
        "rounds, if any, are what the loop's first strategy chose. The more wrong solutions it finds, the lower the "
        "diamonds. A solution's labels end at its first error."
    )
    view = View(x_title="round of labeling", panels=(Panel(series=(*bars, ends)),), scale="category")
    figure = curve_figure("Labels by round", reading, view, y_title="share of the step labels")
    return Part(name="labels", title="Which labels does the run pass on?", figures=(figure,))
