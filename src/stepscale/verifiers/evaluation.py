"""One verifier on solutions it was not trained on: how well it judges, and how well calibrated it is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stepscale.cost import Ledger
from stepscale.estimators.clustered import problem_resamples, share_with_bounds, with_bounds
from stepscale.formats import Tables
from stepscale.formats.processbench import first_errors
from stepscale.verifiers.calibration import expected_error, expected_error_interval, reliability
from stepscale.verifiers.contract import StepScores, Trajectory, Verifier
from stepscale.verifiers.examples import RATING_CLASSES, Example
from stepscale.verifiers.metrics import predicted_first_error, prm_metrics, value_metrics
from stepscale.verifiers.positions import by_position
from stepscale.verifiers.processbench import processbench_score
from stepscale.verifiers.saved import Kind


def evaluate(
    verifier: Verifier, kind: Kind, examples: Sequence[Example], first_error_examples: Sequence[Example] | None = None
) -> tuple[dict[str, float], pd.DataFrame, pd.DataFrame]:
    """How well a verifier judges, and how well calibrated it is. Intervals are 95 % over problems.

    A PRM's probability is that of a step being correct, against its label. A soft PRM's is that the answer will be right, against
    each step's value; an ORM's is the same at the solution's end, against the grade.

    Args:
        verifier: What is measured.
        kind: "prm", "soft_prm" or "orm".
        examples: Labeled examples.
        first_error_examples: Solutions whose first errors a PRM is to name (``verifiers.first_error_examples``); None: the
            examples.

    Returns:
        Metrics by name, reliability bins, and ``by_position``; the tables have a column ``verifier``.
    """
    scores, scored = _scored(verifier, examples, first_error_examples if kind == "prm" else None)
    predicted, outcome, problem_ids = list[float](), list[float](), list[str]()
    for score, example in zip(scores, examples, strict=True):
        known_targets = [(i, target) for i, target in enumerate(example.targets) if target is not None]
        for i, target in known_targets[-1:] if kind == "orm" else known_targets:
            predicted.append(float(1 - score.negative[i]))
            outcome.append(float(target != RATING_CLASSES[-1]) if kind == "prm" else target)
            problem_ids.append(example.problem_id)
    bins = reliability(predicted, outcome, problem_ids).assign(verifier=verifier.name)
    metrics = prm_metrics(scores, examples, scored) if kind == "prm" else value_metrics(scores, examples)
    positions = by_position(kind, examples, scores).assign(verifier=verifier.name)
    metrics |= with_bounds("ece", expected_error(bins), expected_error_interval(predicted, outcome, problem_ids))
    metrics |= share_with_bounds(
        "brier", problem_resamples(problem_ids), (np.array(predicted) - np.array(outcome)) ** 2
    )
    return metrics, bins, positions


def evaluate_on_processbench(verifier: Verifier, tables: Tables) -> dict[str, float]:
    """How well a verifier names the first wrong steps of ProcessBench (Zheng et al. 2024).

    Args:
        verifier: What is measured.
        tables: ProcessBench, as ``formats.read(..., "processbench")`` gives it.

    Returns:
        ``processbench.<part>.error``, ``.correct`` and ``.f1`` of each part, and ``processbench.mean_f1``, the mean of the
        parts' F1, by which models are ranked.
    """
    problems = tables.problems.set_index("problem_id")
    ids = tables.solutions["problem_id"]
    trajectories = [
        Trajectory(text, tuple(steps))
        for text, steps in zip(problems["problem"].loc[ids], tables.solutions["steps"], strict=True)
    ]
    predicted = [predicted_first_error(score) for score in verifier.score(trajectories, Ledger())]
    parts = ids.map(problems["subject"]).fillna("all")
    table = pd.DataFrame({"part": parts, "true": first_errors(tables), "predicted": predicted})
    metrics = dict[str, float]()
    scores = {str(part): processbench_score(rows["true"], rows["predicted"]) for part, rows in table.groupby("part")}
    for part, score in scores.items():
        for name, value in (("error", score.error), ("correct", score.correct), ("f1", score.f1)):
            metrics[f"processbench.{part}.{name}"] = value
    return metrics | {"processbench.mean_f1": float(np.mean([score.f1 for score in scores.values()]))}


def _scored(
    verifier: Verifier, examples: Sequence[Example], first_error_examples: Sequence[Example] | None
) -> tuple[list[StepScores], list[tuple[StepScores, Example]] | None]:
    """Scores of the examples, and of whole solutions each with its score; what is among the examples is not scored again."""
    trajectories = [example.trajectory for example in examples]
    among = set(trajectories)
    further = list(
        dict.fromkeys(example.trajectory for example in first_error_examples or () if example.trajectory not in among)
    )
    scores = verifier.score([*trajectories, *further], Ledger())
    if first_error_examples is None:
        return scores, None
    score_of = dict(zip([*trajectories, *further], scores, strict=True))
    return scores[: len(examples)], [(score_of[example.trajectory], example) for example in first_error_examples]
