"""Labels at each step position, and how well a verifier judges there: late errors are rare, early ones are easy.

In: labeled examples and, if there is a verifier, its scores of them. Out: a table, one row per position. Needs no model.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.clustered import auroc_interval, problem_resamples, with_bounds
from stepscale.verifiers.contract import StepScores
from stepscale.verifiers.examples import RATING_CLASSES, Example
from stepscale.verifiers.metrics import auroc
from stepscale.verifiers.saved import Kind

_SHARES = {
    "share_negative": RATING_CLASSES[-1],
    "share_neutral": RATING_CLASSES[0],
    "share_positive": RATING_CLASSES[1],
}


def by_position(kind: Kind, examples: Sequence[Example], scores: Sequence[StepScores] | None = None) -> pd.DataFrame:
    """Labels and a verifier's quality at each step position.

    Args:
        kind: Of the verifier: "prm" has rating classes, the other kinds have shares as targets.
        examples: Labeled examples.
        scores: Step scores, one per example; None: without a verifier.

    Returns:
        A row per position: position (1 is the first step), n (labels there) and the class balance. That is share_negative,
        share_neutral and share_positive of a "prm", share_right (mean target) of the other kinds. With ``scores`` also
        predicted (mean P(correct) or P(right)), auroc (nan where one kind of label is missing), auroc_low and auroc_high (95 %
        over problems) and n_problems (with a label there).

    Raises:
        InputError: There is not one score per example.
    """
    if scores is not None and len(scores) != len(examples):
        raise InputError(f"{len(scores)} scored solutions for {len(examples)} examples; score the same ones")
    rows = [
        (example.problem_id, i, target, float("nan") if scores is None else float(1 - scores[e].negative[i]))
        for e, example in enumerate(examples)
        for i, target in enumerate(example.targets)
        if target is not None
    ]
    table = pd.DataFrame(rows, columns=["problem_id", "position", "target", "predicted"])
    places = range(int(table["position"].max()) + 1 if len(table) else 0)
    groups = {place: table[table["position"] == place] for place in places}
    return pd.DataFrame(_row(kind, place, rows, scores is not None) for place, rows in groups.items() if len(rows))


def balance(kind: Kind, examples: Sequence[Example]) -> dict[str, float]:
    """The class balance of all labels together, as numbers for a tracker.

    Args:
        kind: Of verifier, which decides what a target is.
        examples: That it learns from.

    Returns:
        By name the number of labels and of solutions, and the share of each class.
    """
    targets = np.array([target for example in examples for target in example.targets if target is not None])
    return {"labels": float(len(targets)), "solutions": float(len(examples)), **_balance(kind, targets)}


def _row(kind: Kind, position: int, group: pd.DataFrame, scored: bool) -> dict[str, float]:
    targets = group["target"].to_numpy(float)
    row = {"position": position + 1, "n": len(group), **_balance(kind, targets)}
    if scored:
        right = targets != RATING_CLASSES[-1] if kind == "prm" else targets > 0.5
        predicted, problem_ids = group["predicted"].to_numpy(np.float32), group["problem_id"].tolist()
        row["predicted"] = float(group["predicted"].mean())
        row |= with_bounds(
            "auroc", auroc(predicted, right), auroc_interval(problem_resamples(problem_ids), predicted, right)
        )
        row["n_problems"] = len(set(problem_ids))
    return row


def _balance(kind: Kind, targets: np.ndarray) -> dict[str, float]:
    if kind != "prm":
        return {"share_right": float(targets.mean()) if len(targets) else float("nan")}
    return {name: float((targets == c).mean()) if len(targets) else float("nan") for name, c in _SHARES.items()}
