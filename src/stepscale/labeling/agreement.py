"""How far two labelers agree on the same solutions: a verifier with the lab's symbolic labeler, or two people.

In: two step_labels tables. Out: plain numbers. Each stops at its first negative step, so the steps that both rated are the
beginning that both found right, and one more.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stepscale.errors import InputError

_SOLUTION = ["problem_id", "sample_id"]
_NONE = np.iinfo(np.int64).max  # later than any step: no error found


def agreement(labels: pd.DataFrame, reference: pd.DataFrame) -> dict[str, float]:
    """``labels`` against ``reference``, each of one labeler, over the solutions that both rated; shares in [0, 1].

    n_solutions, n_steps (rated by both). rating_agreement: same of three ratings; step_agreement: both or neither negative,
    and its Cohen's kappa. first_error_agreement: same first wrong step, or none; outcome_agreement: both or neither found
    one. missed: share of the reference's faulty solutions that pass; false_alarms: share of its faultless ones that do not;
    early, late: share of solutions faulty for both whose error is set before, after the reference's.
    nan over nothing. Raises InputError if they share no solution.
    """
    ours, theirs = _rated(labels), _rated(reference)
    steps = ours.merge(theirs, on=[*_SOLUTION, "step"], suffixes=("", "_reference"))
    if steps.empty:
        raise InputError("the two labelers rated no step in common; label the same solutions with both")
    first = pd.concat(
        [_first_errors(ours).rename("ours"), _first_errors(theirs).rename("theirs")], axis=1, join="inner"
    )
    mine, truth = first["ours"].to_numpy(), first["theirs"].to_numpy()
    faulty, found = truth != _NONE, mine != _NONE
    negative, negative_too = (steps[c].to_numpy() < 0 for c in ("rating", "rating_reference"))
    return {
        "n_solutions": float(len(first)),
        "n_steps": float(len(steps)),
        "rating_agreement": _share(steps["rating"].to_numpy() == steps["rating_reference"].to_numpy()),
        "step_agreement": _share(negative == negative_too),
        "step_kappa": _kappa(negative, negative_too),
        "first_error_agreement": _share(mine == truth),
        "outcome_agreement": _share(faulty == found),
        "missed": _share(~found[faulty]),
        "false_alarms": _share(found[~faulty]),
        "early": _share((mine < truth)[faulty & found]),
        "late": _share((mine > truth)[faulty & found]),
    }


def _rated(labels: pd.DataFrame) -> pd.DataFrame:
    kept = labels[labels["is_chosen"] & labels["rating"].notna()]
    return kept[[*_SOLUTION, "step", "rating"]].astype({"rating": "int64"})


def _first_errors(rated: pd.DataFrame) -> "pd.Series[int]":
    errors = rated["step"].where(rated["rating"] < 0, _NONE)
    return errors.groupby([rated[name] for name in _SOLUTION]).min()


def _kappa(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    chance = one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean())
    return float((_share(one == other) - chance) / (1 - chance)) if chance < 1 else float("nan")


def _share(found: NDArray[np.bool_]) -> float:
    return float(found.mean()) if len(found) else float("nan")
