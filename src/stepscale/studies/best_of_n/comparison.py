"""Every way to choose among N samples, measured on the same samples: the data of A's Figure 3 and Table 4.

In: a grid of samples and, for each verifier, a score per sample. Out: per-problem accuracies by method, curves with intervals,
and the quantities that settle claim A1. Knows nothing of models or files.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.closed_form import Floats, best_of_n_per_problem, pass_at_k_per_problem
from stepscale.estimators.intervals import Interval, bootstrap_interval
from stepscale.estimators.samples import SampleGrid
from stepscale.estimators.voting import Vote, majority_per_problem, weighted_per_problem


@dataclass(frozen=True)
class Method:
    """How a curve is made: ``method`` and ``verifier`` as in the curves table, ``label`` as shown."""

    label: str
    method: str
    verifier: str | None


METHODS = (
    Method("PRM", "best_of_n", "prm"),
    Method("PRM, weighted vote", "weighted", "prm"),
    Method("ORM", "best_of_n", "orm"),
    Method("Majority", "majority", None),
    Method("Mean log-likelihood", "best_of_n", "mean_logprob"),
    Method("pass@N (ceiling)", "pass_at_n", None),
)
_KNOWN = {m.verifier for m in METHODS}


def methods(verifiers: Iterable[str] = ()) -> tuple[Method, ...]:
    """METHODS, after best-of-N and the weighted vote of each further verifier, which is shown by its name."""
    others = [name for name in verifiers if name not in _KNOWN]
    best = [Method(name, "best_of_n", name) for name in others]
    return (*best, *(Method(f"{name}, weighted vote", "weighted", name) for name in others), *METHODS)


def per_problem(grid: SampleGrid, scores: Mapping[str, Floats], ns: Sequence[int]) -> dict[str, Floats]:
    """Expected accuracy [problems, len(ns)] by label of ``methods``; see ``estimates``."""
    return {label: vote.per_problem for label, vote in estimates(grid, scores, ns).items()}


def estimates(grid: SampleGrid, scores: Mapping[str, Floats], ns: Sequence[int]) -> dict[str, Vote]:
    """Expected accuracy [problems, len(ns)] and its Monte Carlo error [len(ns)], 0 where exact, by label of ``methods``.

    ``scores`` by verifier [problems, samples]. Scores beyond [0, 1], such as unbounded rewards, rank samples but are not
    summed to a vote.
    """
    result: dict[str, Vote] = {}
    exact = np.zeros(len(ns))
    for m in methods(scores):
        score = scores.get(m.verifier or "")
        if m.method == "best_of_n" and score is not None:
            result[m.label] = Vote(best_of_n_per_problem(score, grid.correct, ns, grid.mask), exact)
        elif m.method == "weighted" and score is not None and _are_shares(score[grid.mask]):
            result[m.label] = weighted_per_problem(grid.answers, score, grid.correct, ns, grid.mask)
        elif m.method == "majority":
            result[m.label] = majority_per_problem(grid.answers, grid.correct, ns, grid.mask)
        elif m.method == "pass_at_n":
            result[m.label] = Vote(pass_at_k_per_problem(grid.correct, ns, grid.mask), exact)
    return result


def _are_shares(scores: Floats) -> bool:
    return bool(((scores >= 0) & (scores <= 1)).all())


def curves_table(
    data: str,
    values: Mapping[str, Floats],
    ns: Sequence[int],
    resamples: int,
    seed: int,
    verifiers: Iterable[str] = (),
    errors: Mapping[str, Floats] | None = None,
) -> pd.DataFrame:
    """The curves table of per-problem accuracies, with columns ``label`` and, beside the interval over problems, ``error``.

    ``verifiers``: names beyond METHODS. ``errors``: Monte Carlo standard error [len(ns)] by label; 0 where it is not known.
    """
    parts = []
    for m in methods(verifiers):
        if m.label in values:
            accuracy = bootstrap_interval(values[m.label], resamples, seed).cells("accuracy")
            key = {"data": data, "method": m.method, "verifier": m.verifier, "label": m.label}
            curve = pd.DataFrame({**key, "n": list(ns), **accuracy, "n_problems": len(values[m.label]), "seeds": 1})
            parts.append(curve.assign(error=(errors or {}).get(m.label, 0.0)))
    return pd.concat(parts, ignore_index=True)


def a1_quantities(values: Mapping[str, Floats], ns: Sequence[int], resamples: int, seed: int) -> dict[str, Interval]:
    """What claim A1 says is above zero (``a1_values``), each as a paired interval over the problems."""
    return {name: bootstrap_interval(pair, resamples, seed) for name, pair in a1_values(values, ns).items()}


def a1_values(values: Mapping[str, Floats], ns: Sequence[int]) -> dict[str, Floats]:
    """Each quantity of claim A1, problem by problem [problems].

    PRM - ORM, PRM - majority and ORM - majority at the largest N; and ``growth`` of the PRM's lead over each.

    Raises:
        InputError: As ``growth`` does.
    """
    last = int(np.argmax(ns))
    leads = {name: values["PRM"] - values[name] for name in ("ORM", "Majority")}
    pairs = {f"PRM - {name} at N={max(ns)}": lead[:, last] for name, lead in leads.items()}
    pairs[f"ORM - Majority at N={max(ns)}"] = (values["ORM"] - values["Majority"])[:, last]
    return pairs | {f"growth of PRM - {name} per doubling of N": growth(lead, ns) for name, lead in leads.items()}


def growth(lead: Floats, ns: Sequence[int]) -> Floats:
    """How much a lead [problems, len(ns)] grows with every doubling of N: the slope of its least-squares line from N = 2 on.

    At N = 1 there is nothing to choose and every lead is zero by construction: a line through it would call a lead that is the
    same at all other N a growing one.

    Raises:
        InputError: Fewer than two budgets are 2 or more.
    """
    if not shows_growth(ns):
        raise InputError(
            f"the growth of a lead needs two budgets of N >= 2, not {list(ns)}; draw more samples per problem"
        )
    chosen = np.asarray(ns) > 1
    return np.asarray(lead[:, chosen] @ slope_weights([n for n in ns if n > 1]))


def shows_growth(ns: Sequence[int]) -> bool:
    """Whether there are budgets enough for ``growth``."""
    return sum(n > 1 for n in ns) >= 2


def slope_weights(ns: Sequence[int]) -> Floats:
    """Weights [len(ns)] whose product with values at ``ns`` is their least-squares slope on log2 n; zeros for one budget."""
    x = np.log2(np.asarray(ns, float))
    x = x - x.mean()
    return np.asarray(x / max(float((x**2).sum()), 1e-12))
