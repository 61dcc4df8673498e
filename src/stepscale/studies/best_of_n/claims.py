"""What settles claims A2 and A5 on the recorded samples: quantities that should all lie above zero, each with its interval.

"Close" cannot be shown of a difference without saying what is small: the margin here, in shares of the problems. A1 is in
``comparison``, A6 in ``quintiles``.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from stepscale.estimators.closed_form import Floats, best_of_n_per_problem
from stepscale.estimators.intervals import Interval, bootstrap_interval
from stepscale.estimators.samples import SampleGrid
from stepscale.verifiers.aggregation import NeutralIs, Rule, aggregate

CLOSE = 0.02  # A2: two points; the paper's four rules lie within 0.8 points

RULES: tuple[Rule, ...] = (
    ("product", "positive"),
    ("product", "negative"),
    ("min", "positive"),
    ("min", "negative"),
)


def rule_values(grid: SampleGrid, steps: pd.DataFrame, rules: Sequence[Rule], n: int) -> dict[Rule, Floats]:
    """Best-of-n accuracy [problems] of a PRM under each way to make one score of its step scores (``steps``, by sample)."""
    scores = rule_scores(grid, steps, rules)
    return {rule: best_of_n_per_problem(values, grid.correct, [n], grid.mask)[:, 0] for rule, values in scores.items()}


def a2_quantities(values: Mapping[Rule, Floats], resamples: int, seed: int) -> dict[str, Interval]:
    """Product with neutral as positive is ahead of each other rule of Table 4 (A, F), and by less than ``CLOSE``."""
    best = values["product", "positive"]
    quantities: dict[str, Floats] = {}
    for how, neutral in RULES[1:]:
        lead, name = best - values[how, neutral], f"product, neutral + over {how}, neutral {_sign(neutral)}"
        quantities |= {f"lead of {name}": lead, f"{CLOSE} - lead of {name}": CLOSE - lead}
    return {name: bootstrap_interval(value, resamples, seed) for name, value in quantities.items()}


def together(by_verifier: Mapping[str, Mapping[str, Interval]]) -> dict[str, Interval]:
    """The quantities of all verifiers, each named after its own where there are several: a claim is about all of them."""
    several = len(by_verifier) > 1
    return {
        f"{verifier}: {name}" if several else name: interval
        for verifier, quantities in by_verifier.items()
        for name, interval in quantities.items()
    }


def a5_quantities(values: Mapping[str, Floats], ns: Sequence[int], resamples: int, seed: int) -> dict[str, Interval]:
    """The PRM's lead at the largest N on problems unlike those it was trained on (A, 5); values [problems, len(ns)] by label."""
    last = int(np.argmax(ns))
    return {
        f"PRM - {other} at N={max(ns)}, held-out problems": bootstrap_interval(
            (values["PRM"] - values[other])[:, last], resamples, seed
        )
        for other in ("ORM", "Majority")
    }


def _sign(neutral_is: NeutralIs) -> str:
    return "+" if neutral_is == "positive" else "-"


def rule_scores(grid: SampleGrid, steps: pd.DataFrame, rules: Sequence[Rule]) -> dict[Rule, Floats]:
    """The score [problems, samples] that each rule makes of step scores, a row of ``steps`` for each sample."""
    return {rule: grid.place(aggregate(list(steps["negative"]), list(steps["neutral"]), *rule)) for rule in rules}
