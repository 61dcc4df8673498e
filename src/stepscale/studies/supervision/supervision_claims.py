"""What settles claims A2-A5, B8 and B9: quantities that should all lie above zero, each with its interval.

In: per-problem accuracies, or the points of trained verifiers. Out: named intervals for ``claims.settle``. "Close" and "at
least as good" cannot be shown of a difference without saying what is small: the margins here, in shares of the problems.
A1 is in ``comparison``, A6 in ``quintiles``.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.closed_form import Floats, best_of_n_per_problem
from stepscale.estimators.intervals import Interval, bootstrap_interval
from stepscale.estimators.samples import SampleGrid
from stepscale.estimators.voting import Vote, weighted_per_problem
from stepscale.studies.best_of_n.comparison import growth
from stepscale.studies.supervision.data_efficiency import data_efficiency
from stepscale.supervision.points import ACTIVE, BY_ANSWER, BY_LARGE, PROCESS, crossed_interval, learning
from stepscale.verifiers.aggregation import How, NeutralIs, Rule, aggregate

CLOSE = 0.02  # A2: two points; the paper's four rules lie within 0.8 points
NOT_WORSE = 0.01  # B8: one point
MOST_DOUBLINGS = 10.0  # A4: a saving beyond 2 ** 10 counts as that

RULES: tuple[Rule, ...] = (
    ("product", "positive"),
    ("product", "negative"),
    ("min", "positive"),
    ("min", "negative"),
)


def rule_values(grid: SampleGrid, steps: pd.DataFrame, rules: Sequence[Rule], n: int) -> dict[Rule, Floats]:
    """Best-of-n accuracy [problems] of a PRM under each way to make one score of its step scores, a row of ``steps`` a sample."""
    scores = _rule_scores(grid, steps, rules)
    return {rule: best_of_n_per_problem(own, grid.correct, [n], grid.mask)[:, 0] for rule, own in scores.items()}


def rule_votes(grid: SampleGrid, steps: pd.DataFrame, rules: Sequence[Rule], ns: Sequence[int]) -> dict[Rule, Vote]:
    """``rule_values`` at ``ns`` samples by best-of-N weighted (Snell et al. 2024, E), with its Monte Carlo error."""
    scores = _rule_scores(grid, steps, rules)
    return {rule: weighted_per_problem(grid.answers, own, grid.correct, ns, grid.mask) for rule, own in scores.items()}


def _rule_scores(grid: SampleGrid, steps: pd.DataFrame, rules: Sequence[Rule]) -> dict[Rule, Floats]:
    return {rule: grid.place(aggregate(list(steps["negative"]), list(steps["neutral"]), *rule)) for rule in rules}


def a2_quantities(values: Mapping[Rule, Floats], resamples: int, seed: int) -> dict[str, Interval]:
    """Product with neutral as positive is ahead of each other rule of Table 4 (A, F), and by less than ``CLOSE``."""
    best = values["product", "positive"]
    quantities: dict[str, Floats] = {}
    for how, neutral in RULES[1:]:
        lead, name = best - values[how, neutral], f"product, neutral + over {how}, neutral {_sign(neutral)}"
        quantities |= {f"lead of {name}": lead, f"{CLOSE} - lead of {name}": CLOSE - lead}
    return {name: bootstrap_interval(value, resamples, seed) for name, value in quantities.items()}


def a3_quantities(points: pd.DataFrame, n: int, resamples: int, seed: int) -> dict[str, Interval]:
    """Process over outcome by PRM_large over outcome by final answer at best-of-n, at every number of samples (A, 4.1).

    Raises InputError if an arm lacks a size, seed or problem that another has.
    """
    arms = [learning(points, arm, n) for arm in (PROCESS, BY_LARGE, BY_ANSWER)]
    if any(arm.sizes != arms[0].sizes or arm.accuracy.shape != arms[0].accuracy.shape for arm in arms):
        raise InputError(
            "claim A3 compares arms on the same sizes, seeds and problems; finish every cell of the experiment"
        )
    pairs = {"process - outcome by PRM_large": (0, 1), "outcome by PRM_large - outcome by final answer": (1, 2)}
    return {
        f"{name}, {size} a problem": crossed_interval(
            (arms[first].accuracy - arms[second].accuracy)[i], resamples, seed
        )
        for name, (first, second) in pairs.items()
        for i, size in enumerate(arms[0].sizes)
    }


def a4_quantities(points: pd.DataFrame, n: int, resamples: int, seed: int) -> dict[str, Interval]:
    """The labels that active learning saves against uniform ones, as doublings: 1.38 is the paper's 2.6 times (A, 4.2).

    Those that its selector learned from are counted among its labels.
    """
    found = data_efficiency(points, ACTIVE, PROCESS, n, resamples, seed)
    saved = found.log2_saved
    mean, low, high = (np.clip(bound, -MOST_DOUBLINGS, MOST_DOUBLINGS) for bound in (saved.mean, saved.low, saved.high))
    return {"log2 of the times fewer labels (2.6x is 1.38)": Interval(mean, low, high, found.n_problems)}


def a5_quantities(values: Mapping[str, Floats], ns: Sequence[int], resamples: int, seed: int) -> dict[str, Interval]:
    """The PRM's lead at the largest N on problems unlike those it was trained on (A, 5); values [problems, len(ns)] by label."""
    last = int(np.argmax(ns))
    return {
        f"PRM - {other} at N={max(ns)}, held-out problems": bootstrap_interval(
            (values["PRM"] - values[other])[:, last], resamples, seed
        )
        for other in ("ORM", "Majority")
    }


def b8_quantities(values: Mapping[Rule, Floats], resamples: int, seed: int) -> dict[str, Interval]:
    """A soft-label PRM's last step is no worse than minimum and product, to within ``NOT_WORSE`` (B, E and Fig. 13)."""
    last = values["last", "positive"]
    others: tuple[How, ...] = ("min", "product")
    return {
        f"last - {how} + {NOT_WORSE}": bootstrap_interval(last - values[how, "positive"] + NOT_WORSE, resamples, seed)
        for how in others
    }


def b9_quantities(prm: Floats, orm: Floats, ns: Sequence[int], resamples: int, seed: int) -> dict[str, Interval]:
    """A PRM of rollouts over the ORM at the largest N, and the lead's growth per doubling of N (B, F and Fig. 14).

    Accuracies [problems, len(ns)] by best-of-N weighted, the PRM's by its last step. Raises InputError as ``growth`` does.
    """
    lead = np.asarray(prm - orm)
    return {
        f"PRM - ORM at N={max(ns)}": bootstrap_interval(lead[:, int(np.argmax(ns))], resamples, seed),
        "growth of PRM - ORM per doubling of N": bootstrap_interval(growth(lead, ns), resamples, seed),
    }


def _sign(neutral_is: NeutralIs) -> str:
    return "+" if neutral_is == "positive" else "-"
