"""How far two labelers agree on the same solutions: a verifier with the lab's symbolic labeler, or two people.

In: two step_labels tables. Out: plain numbers; ``x_low`` and ``x_high`` are the 95 % interval of ``x`` over problems. Each
stops at its first negative step, so the steps that both rated are the beginning that both found right, and one more.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.clustered import (
    Bounds,
    ProblemResamples,
    percentiles,
    problem_resamples,
    share_with_bounds,
    with_bounds,
)
from stepscale.formats.ratings import NEGATIVE
from stepscale.formats.tables import SOLUTION_KEY

_AFTER_ALL_STEPS = np.iinfo(np.int64).max  # where no error was found


def agreement(labels: pd.DataFrame, reference: pd.DataFrame) -> dict[str, float]:
    """One labeler's labels against another's, over the solutions that both rated.

    Args:
        labels: Step labels of one labeler.
        reference: Those of the other.

    Returns:
        Numbers of problems, solutions and steps rated by both, and shares in [0, 1] with 95 % intervals over problems, nan over
        nothing. rating_agreement: same of three ratings. step_agreement: both or neither negative, and its Cohen's kappa.
        first_error_agreement: same first wrong step, or none, and its kappa. outcome_agreement: both or neither found one.
        missed: share of the reference's faulty solutions that pass. false_alarms: share of its faultless ones that do not.
        early, late: share of solutions faulty for both whose error is set before, after the reference's.

    Raises:
        InputError: They share no solution.
    """
    rated, rated_by_reference = _rated(labels), _rated(reference)
    steps = rated.merge(rated_by_reference, on=[*SOLUTION_KEY, "step"], suffixes=("", "_reference"))
    if steps.empty:
        raise InputError("the two labelers rated no step in common; label the same solutions with both")
    first = pd.concat(
        [_first_errors(rated).rename("ours"), _first_errors(rated_by_reference).rename("theirs")], axis=1, join="inner"
    )
    by_step = problem_resamples(steps["problem_id"].tolist())
    problem_ids = first.index.get_level_values("problem_id").tolist()
    by_solution = problem_resamples(problem_ids)
    error_at, reference_at = first["ours"].to_numpy(), first["theirs"].to_numpy()
    faulty, flagged = reference_at != _AFTER_ALL_STEPS, error_at != _AFTER_ALL_STEPS
    negative, negative_too = (steps[c].to_numpy() == NEGATIVE for c in ("rating", "rating_reference"))
    is_same = steps["rating"].to_numpy() == steps["rating_reference"].to_numpy()
    return {
        "n_problems": float(len(set(problem_ids))),
        "n_solutions": float(len(first)),
        "n_steps": float(len(steps)),
        **share_with_bounds("rating_agreement", by_step, is_same),
        **share_with_bounds("step_agreement", by_step, negative == negative_too),
        **with_bounds("step_kappa", *_kappa(by_step, negative, negative_too)),
        **share_with_bounds("first_error_agreement", by_solution, error_at == reference_at),
        **with_bounds("first_error_kappa", *_kappa(by_solution, error_at, reference_at)),
        **share_with_bounds("outcome_agreement", by_solution, faulty == flagged),
        **share_with_bounds("missed", by_solution, ~flagged, faulty),
        **share_with_bounds("false_alarms", by_solution, flagged, ~faulty),
        **share_with_bounds("early", by_solution, error_at < reference_at, faulty & flagged),
        **share_with_bounds("late", by_solution, error_at > reference_at, faulty & flagged),
    }


def with_final_errors(solutions: pd.DataFrame, reference: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """PRM800K's solutions that end before the error that was found, with it as their last step; others as they are.

    Their error is a label and not a step (``formats.prm800k``): without it, a labeler that flags nothing would agree. It is the
    first completion rated -1 after the chosen steps, as ``verifiers.first_error_examples`` has it.

    Args:
        solutions: Of PRM800K.
        reference: Its step labels.

    Returns:
        Both, with the error's step and label added.
    """
    n_steps = solutions.assign(n_steps=solutions["steps"].map(len)).set_index(SOLUTION_KEY)["n_steps"]
    ended = solutions[solutions["finish"] == "found_error"][SOLUTION_KEY]
    wrong = reference[(reference["rating"] == NEGATIVE) & ~reference["is_chosen"]].reset_index(names="row")
    wrong = wrong.merge(ended, on=SOLUTION_KEY).join(n_steps, on=SOLUTION_KEY)
    wrong = (
        wrong[wrong["step"] == wrong["n_steps"]].sort_values("completion", kind="stable").drop_duplicates(SOLUTION_KEY)
    )
    texts = dict(zip(wrong[SOLUTION_KEY].itertuples(index=False, name=None), wrong["text"], strict=True))
    keys = solutions[SOLUTION_KEY].itertuples(index=False, name=None)
    steps = [
        [*steps_of_one, texts[key]] if key in texts else steps_of_one
        for key, steps_of_one in zip(keys, solutions["steps"], strict=True)
    ]
    as_steps = reference["is_chosen"].where(~reference.index.isin(wrong["row"]), True)
    return solutions.assign(steps=pd.Series(steps, solutions.index, dtype=object)), reference.assign(is_chosen=as_steps)


def _rated(labels: pd.DataFrame) -> pd.DataFrame:
    rated = labels[labels["is_chosen"] & labels["rating"].notna()]
    return rated[[*SOLUTION_KEY, "step", "rating"]].astype({"rating": "int64"})


def _first_errors(rated: pd.DataFrame) -> "pd.Series[int]":
    errors = rated["step"].where(rated["rating"] == NEGATIVE, _AFTER_ALL_STEPS)
    return errors.groupby([rated[name] for name in SOLUTION_KEY]).min()


def _kappa(
    resamples: ProblemResamples, first: NDArray[np.generic], second: NDArray[np.generic]
) -> tuple[float, Bounds]:
    """Cohen's kappa of two verdicts on the same items, and its interval; a verdict is one of any number of classes."""
    classes = np.unique(np.concatenate([first, second]))
    of_first, of_second = first[:, None] == classes, second[:, None] == classes  # [items, classes]
    items = np.concatenate([(first == second)[:, None], np.ones((len(first), 1), bool), of_first, of_second], axis=1)
    resampled = _kappas(resamples.sums(items))
    return float(_kappas(items.sum(axis=0, keepdims=True))[0]), percentiles(resampled)


def _kappas(sums: Floats) -> Floats:
    """Kappa [rows] from sums [rows, 2 + 2 classes].

    The sums count equal verdicts, all items, and each class by the first person, then by the second.
    Nan if chance explains all.
    """
    observed = sums[:, 0] / sums[:, 1]
    first, second = np.split(sums[:, 2:] / sums[:, 1:2], 2, axis=1)
    chance = (first * second).sum(axis=1)
    return np.asarray(np.where(chance < 1, (observed - chance) / np.where(chance < 1, 1 - chance, 1.0), np.nan))
