"""Every way to choose among N samples, measured on the same samples: the data of A's Figure 3 and Table 4.

In: a grid of samples and, for each verifier, a score per sample. Out: per-problem accuracies by method, and curves with
intervals. Knows nothing about models or files.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.closed_form import best_of_n_per_problem, pass_at_k_per_problem
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.estimators.samples import SampleGrid
from stepscale.estimators.vote_rules import VoteRule
from stepscale.estimators.voting import Vote, majority_per_problem, ruled_per_problem, weighted_per_problem
from stepscale.studies.best_of_n.confidences import is_confidence


@dataclass(frozen=True)
class Method:
    """How a curve is made.

    Attributes:
        label: As shown.
        method: As in the curves table.
        verifier: Who scores; None for votes and the ceiling.
        rule: For votes by a rule.
    """

    label: str
    method: str
    verifier: str | None
    rule: VoteRule | None = None


METHODS = (
    Method("PRM", "best_of_n", "prm"),
    Method("PRM, weighted vote", "weighted", "prm"),
    Method("ORM", "best_of_n", "orm"),
    Method("Majority", "majority", None),
    Method("Mean log-likelihood", "best_of_n", "mean_logprob"),
    Method("Self-certainty", "best_of_n", "self_certainty"),
    Method("pass@N (ceiling)", "pass_at_n", None),
)
_KNOWN = {m.verifier for m in METHODS}


def methods(verifiers: Iterable[str] = (), rules: Sequence[VoteRule] = ()) -> tuple[Method, ...]:
    """METHODS, after best-of-N and the weighted vote of each further verifier, which is shown by its name.

    Args:
        verifiers: All that scored.
        rules: For votes. They come last; those that judge by scores once for each of the verifiers.
    """
    judges = list(verifiers)
    extra_verifiers = [name for name in judges if name not in _KNOWN and not is_confidence(name)]
    best = [Method(name, "best_of_n", name) for name in extra_verifiers]
    ruled = [
        Method(f"{_display_name(judge)}, {rule.name}", rule.name, judge, rule)
        for rule in rules
        for judge in ([name for name in judges if not is_confidence(name)] if rule.by == "score" else [rule.judge])
    ]
    return (*best, *(Method(f"{name}, weighted vote", "weighted", name) for name in extra_verifiers), *METHODS, *ruled)


def _display_name(judge: str) -> str:
    """The name of a verifier in labels of curves."""
    return next((m.label for m in METHODS if m.verifier == judge), judge.replace("_", " "))


def estimates(
    grid: SampleGrid, scores: Mapping[str, Floats], ns: Sequence[int], rules: Sequence[VoteRule] = ()
) -> dict[str, Vote]:
    """Expected accuracy by every method.

    Scores beyond [0, 1], such as unbounded rewards, rank samples but are not summed to a vote.

    Args:
        grid: Answers and correctness [problems, samples].
        scores: By verifier [problems, samples].
        ns: Samples per problem to choose from.
        rules: For votes.

    Returns:
        By label of ``methods`` the accuracy [problems, len(ns)] and its Monte Carlo error [len(ns)], 0 where exact.
    """
    votes = {m.label: _estimate(m, grid, scores.get(m.verifier or ""), ns) for m in methods(scores, rules)}
    return {label: vote for label, vote in votes.items() if vote is not None}


def _estimate(m: Method, grid: SampleGrid, score: Floats | None, ns: Sequence[int]) -> Vote | None:
    """One of ``estimates``; None if there are no scores, or if they cannot be summed."""
    exact = np.zeros(len(ns))
    if m.method == "majority":
        return majority_per_problem(grid.answers, grid.correct, ns, grid.mask)
    if m.method == "pass_at_n":
        return Vote(pass_at_k_per_problem(grid.correct, ns, grid.mask), exact)
    if score is None:
        return None
    if m.method == "best_of_n":
        return Vote(best_of_n_per_problem(score, grid.correct, ns, grid.mask), exact)
    if m.rule and m.rule.takes(score[grid.mask]):
        return ruled_per_problem(grid.answers, score, grid.correct, ns, m.rule.tally, grid.mask)
    if m.method == "weighted" and are_shares(score[grid.mask]):
        return weighted_per_problem(grid.answers, score, grid.correct, ns, grid.mask)
    return None


def are_shares(scores: Floats) -> bool:
    """Whether all scores lie in [0, 1], so that they can be summed to a vote.

    Args:
        scores: Of samples, of any shape.
    """
    return bool(((scores >= 0) & (scores <= 1)).all())


def curves_table(
    data: str,
    values: Mapping[str, Floats],
    ns: Sequence[int],
    resamples: int,
    seed: int,
    verifiers: Iterable[str] = (),
    errors: Mapping[str, Floats] | None = None,
    rules: Sequence[VoteRule] = (),
) -> pd.DataFrame:
    """The curves table of per-problem accuracies, with columns ``label`` and, beside the interval over problems, ``error``.

    Args:
        data: What the rows' column ``data`` says: the split.
        values: Accuracy [problems, len(ns)] by label of ``methods``.
        ns: Samples per problem.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
        verifiers: As ``methods`` takes them.
        errors: Monte Carlo standard error [len(ns)] by label; 0 where it is not known.
        rules: As ``methods`` takes them.
    """
    parts = []
    for m in methods(verifiers, rules):
        if m.label in values:
            accuracy = bootstrap_interval(values[m.label], resamples, seed).cells("accuracy")
            key = {"data": data, "method": m.method, "verifier": m.verifier, "label": m.label}
            curve = pd.DataFrame({**key, "n": list(ns), **accuracy, "n_problems": len(values[m.label]), "seeds": 1})
            parts.append(curve.assign(error=(errors or {}).get(m.label, 0.0)))
    return pd.concat(parts, ignore_index=True)
