"""The data loop: select, label, retrain the selector, again (Lightman et al. 2023, 2.4; unstable in 4.2, cause left open).

In: a pool's candidates with the present selector's scores, and what was labelled before. Out: what to label next, and one row
of diagnostics a round that can tell over-confidence, distribution shift and lost diversity apart. Training is elsewhere.
"""

from typing import Any

import numpy as np
import pandas as pd

from stepscale.labeling.outcomes import judged_by_steps
from stepscale.labeling.selection import KEY, Strategy, chosen, without
from stepscale.seeds import seed_for
from stepscale.verifiers.metrics import auroc


def next_round(
    pool: pd.DataFrame, labelled: pd.DataFrame, strategy: Strategy, per_problem: int, round_: int, seed: int
) -> pd.DataFrame:
    """What to label in round ``round_`` (from 0): problem_id, sample_id, round; never what was labelled before.

    ``pool``: candidates scored by the present selector; ``labelled``: the keys of all rounds before. A problem whose candidates
    are all labelled gives nothing more.
    """
    left = without(pool, labelled) if len(labelled) else pool
    found = strategy.select(left, per_problem, seed_for(seed, "round", sample_id=round_))
    return found.assign(round=round_)


def round_health(
    pool: pd.DataFrame, keys: pd.DataFrame, solutions: pd.DataFrame, step_labels: pd.DataFrame, audit: pd.DataFrame
) -> dict[str, Any]:
    """One row on a round: the selector's view of what it chose against the labels, and the same on a fixed random sample.

    ``pool``: the candidates with the scores by which ``keys`` were chosen. ``audit``: keys of labelled samples drawn uniformly
    once, the same in every round. Over ``keys`` (chosen_*) and ``audit`` (audit_*): n; believed: mean score; faultless: share
    whose every step passes; overconfidence: believed - faultless; auroc of the score for being faultless. Over ``keys`` alone:
    wrong_answers, the share; first_error: mean place of the first wrong step; distinct_errors: share of the faulty ones whose
    wrong step is worded like no other's. Collapse by over-confidence shows in chosen_overconfidence, by distribution shift
    in a falling audit_auroc, by lost diversity in distinct_errors.
    """
    row: dict[str, Any] = {}
    for name, sample in (("chosen", keys), ("audit", audit)):
        row |= {f"{name}_{measure}": value for measure, value in _belief(pool, sample, solutions, step_labels).items()}
    mine = pool.merge(keys[KEY], on=KEY)
    errors = chosen(step_labels, keys)
    errors = errors[errors["is_chosen"] & (errors["rating"] == -1)]
    return row | {
        "wrong_answers": _mean(~mine["is_correct"].to_numpy(bool)),
        "first_error": _mean(errors["step"].to_numpy() + 1),
        "distinct_errors": _mean(~errors["text"].duplicated(keep=False).to_numpy()),
    }


def _belief(
    pool: pd.DataFrame, keys: pd.DataFrame, solutions: pd.DataFrame, step_labels: pd.DataFrame
) -> dict[str, float]:
    samples = chosen(solutions, keys)
    judged = judged_by_steps(samples, chosen(step_labels, keys))[[*KEY, "is_correct"]]
    judged = judged[judged["is_correct"].notna()].rename(columns={"is_correct": "faultless"})
    both = pool[[*KEY, "score"]].merge(judged, on=KEY)
    score, faultless = both["score"].to_numpy(float), both["faultless"].to_numpy(bool)
    return {
        "n": float(len(both)),
        "believed": _mean(score),
        "faultless": _mean(faultless),
        "overconfidence": _mean(score) - _mean(faultless),
        "auroc": auroc(score.astype(np.float32), faultless) if len(both) else float("nan"),
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
