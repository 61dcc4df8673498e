"""Is the policy as often right as it says? It is asked problems that it was not chosen on, and its confidence is calibrated.

In: a learned policy, its models, validation problems and test problems that were not searched. Out: its confidences beside the
truth; the same policy with an isotonic map per budget, fitted on validation problems; and the map's error on the others.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from stepscale.formats.columns import Columns
from stepscale.generation.contract import Generator, Sampling
from stepscale.grading import grade_many
from stepscale.search.online import search_online
from stepscale.search.results import problems_of_table
from stepscale.seeds import seed_for
from stepscale.serving.confidence import ConfidenceMap
from stepscale.serving.policy import ServedPolicy
from stepscale.studies.policy.tables import POLICY_CONFIDENCES
from stepscale.verifiers.calibration import expected_error, expected_error_interval, reliability
from stepscale.verifiers.contract import Verifier

MAX_CALIBRATED_BUDGET = 64  # beyond it the confidence is calibrated as at the largest that was asked
_MIN_ANSWERS = 10  # answers that a map is fitted to, and an error is measured on


def asked_problems(problems: pd.DataFrame, searched: pd.DataFrame) -> pd.DataFrame:
    """Problems of the validation split, and test problems that no policy was chosen on.

    Args:
        problems: Problems of all splits.
        searched: Problems that the policy was chosen on.
    """
    fresh = (problems["split"] == "test") & ~problems["problem_id"].isin(set(searched["problem_id"]))
    return problems[fresh | (problems["split"] == "valid")].reset_index(drop=True)


def ask(policy: ServedPolicy, problems: pd.DataFrame, generator: Generator, verifier: Verifier) -> pd.DataFrame:
    """``POLICY_CONFIDENCES``: a row per problem that was answered, and budget up to ``MAX_CALIBRATED_BUDGET``.

    Args:
        policy: The policy.
        problems: Problems that it was not chosen on.
        generator: The generator.
        verifier: The PRM.
    """
    columns = Columns(POLICY_CONFIDENCES, *POLICY_CONFIDENCES.columns)
    questions = problems_of_table(problems)
    golds = dict(zip(problems["problem_id"], problems["answer"], strict=True))
    splits = dict(zip(problems["problem_id"], problems["split"], strict=True))
    for served in policy.budgets:
        if served.budget > MAX_CALIBRATED_BUDGET or not questions:
            continue
        results = search_online(
            questions,
            generator,
            verifier,
            served.policy,
            policy.runs,
            Sampling(**policy.sampling.model_dump()),
            run_seed=seed_for(policy.seed, f"confidence within {served.budget}"),
            aggregation=policy.aggregation,
            neutral_is=policy.neutral_is,
            rules=policy.grading_rules,
        )
        answered = [result for result in results if result.answer is not None]
        rights = grade_many(
            [result.answer for result in answered],
            [golds[result.problem_id] for result in answered],
            policy.grading_rules,
        )
        for result, right in zip(answered, rights, strict=True):
            split = splits[result.problem_id]
            columns.row(result.problem_id, split, served.budget, min(1.0, result.confidence or 0.0), right)
    return columns.frame()


def calibrated(policy: Mapping[str, Any], confidences: pd.DataFrame) -> dict[str, Any]:
    """The policy with a map of its confidence for each budget; none where too few validation problems were answered.

    Args:
        policy: The policy's settings.
        confidences: As ``ask`` gives them.
    """
    valid = confidences[confidences["split"] == "valid"]
    maps: list[tuple[int, dict[str, Any]]] = []
    for budget, rows in valid.groupby("budget"):
        if len(rows) >= _MIN_ANSWERS:
            fitted = ConfidenceMap.fit(rows["confidence"], rows["right"])
            maps.append((int(str(budget)), fitted.model_dump(mode="json")))
    budgets = [{**row, "calibration": _map_of(row["budget"], maps)} for row in policy["budgets"]]
    return {**policy, "budgets": budgets}


def _map_of(budget: int, maps: Sequence[tuple[int, dict[str, Any]]]) -> dict[str, Any] | None:
    """The map of this budget, or of the largest below it."""
    return next((fitted for map_budget, fitted in reversed(maps) if map_budget <= budget), None)


def calibration_errors(policy: Mapping[str, Any], confidences: pd.DataFrame) -> pd.DataFrame:
    """Expected calibration errors on problems that neither the policy nor its maps were fitted to.

    Args:
        policy: The calibrated policy's settings.
        confidences: As ``ask`` gives them.

    Returns:
        A row per budget: budget, n_problems; before and after calibration ``raw`` and ``fitted``, each with its 95 % bounds.
    """
    fresh = confidences[confidences["split"] == "test"]
    rows = []
    for row in policy["budgets"]:
        of_budget = fresh[fresh["budget"] == row["budget"]]
        if row["calibration"] is None or len(of_budget) < _MIN_ANSWERS:
            continue
        fitted = ConfidenceMap.model_validate(row["calibration"])
        raw = of_budget["confidence"].to_numpy(float)
        right, ids = of_budget["right"].to_numpy(float), list(of_budget["problem_id"])
        values = {"raw": raw, "fitted": np.array([fitted.of(value) for value in raw])}
        errors: dict[str, float] = {}
        for name, predicted in values.items():
            errors[name] = expected_error(reliability(predicted, right, ids, resamples=1))
            errors[f"{name}_low"], errors[f"{name}_high"] = expected_error_interval(predicted, right, ids)
        rows.append({"budget": row["budget"], "n_problems": len(ids), **errors})
    names = ["raw", "raw_low", "raw_high", "fitted", "fitted_low", "fitted_high"]
    return pd.DataFrame(rows, columns=["budget", "n_problems", *names])
