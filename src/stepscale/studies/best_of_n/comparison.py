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
from stepscale.estimators.quantities import Quantity, quantity
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
PAPER_N = 1860
PAPER_LEADS = {"PRM - ORM": 0.058, "PRM - Majority": 0.086, "ORM - Majority": 0.028}
"""Lightman et al. 2023, Figure 3: 78.2 / 72.4 / 69.6 at N = 1860."""


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
    """What a curve calls a judge."""
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
    """One of ``estimates``; None where the scores are not there, or cannot be summed."""
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
    """Whether all scores lie in [0, 1], so that they can be summed to a vote."""
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


def a1_quantities(values: Mapping[str, Floats], ns: Sequence[int], resamples: int, seed: int) -> dict[str, Quantity]:
    """What claim A1 says is above zero, each as a paired interval over the problems.

    PRM - ORM, PRM - majority and ORM - majority at ``deciding_budget``; and ``growth`` of the PRM's lead over each up to it.
    Their effects are the paper's: leads at N = 1860, growth as that lead over its doublings.

    Args:
        values: Accuracies [problems, len(ns)] of "PRM", "ORM" and "Majority".
        ns: Samples per problem.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.

    Raises:
        InputError: As ``growth`` does.
    """
    n, doublings = deciding_budget(ns), float(np.log2(PAPER_N))
    rising = {f"PRM - {name}": values["PRM"] - values[name] for name in ("ORM", "Majority")}
    parts = {name: (lead, PAPER_LEADS[name.split(" at ")[0]]) for name, lead in leads_at(values, ns, n).items()}
    parts |= {
        f"growth of {name} per doubling of N": (growth(lead, ns, n), PAPER_LEADS[name] / doublings)
        for name, lead in rising.items()
    }
    return {name: quantity(bootstrap_interval(lead, resamples, seed), effect) for name, (lead, effect) in parts.items()}


def leads_at(values: Mapping[str, Floats], ns: Sequence[int], n: int) -> dict[str, Floats]:
    """The leads of Figure 3 at budget ``n``, problem by problem [problems]."""
    pairs = (("PRM", "ORM"), ("PRM", "Majority"), ("ORM", "Majority"))
    return {f"{first} - {second} at N={n}": at_budget(values[first] - values[second], ns, n) for first, second in pairs}


def leads_at_all_samples(
    values: Mapping[str, Floats], ns: Sequence[int], resamples: int, seed: int
) -> dict[str, Interval]:
    """The same leads at the largest N, which are reported beside the deciding ones; none where these are at the largest."""
    if deciding_budget(ns) == max(ns):
        return {}
    return {name: bootstrap_interval(lead, resamples, seed) for name, lead in leads_at(values, ns, max(ns)).items()}


def leads_by_subject(
    values: Mapping[str, Floats], ns: Sequence[int], subjects: Sequence[str], resamples: int, seed: int
) -> dict[str, Interval]:
    """The same leads at the deciding N on each subject's problems, such as a held-out family of the lab; none if there is one."""
    of_problem, several = np.asarray(subjects), sorted(set(subjects))
    return {
        f"{name}, {subject}": bootstrap_interval(lead[of_problem == subject], resamples, seed)
        for subject in (several if len(several) > 1 else [])
        for name, lead in leads_at(values, ns, deciding_budget(ns)).items()
    }


def deciding_budget(ns: Sequence[int]) -> int:
    """The N at which a lead is decided: the largest up to a quarter of all S samples, and at least the second above 1.

    At N = S a problem has one outcome per method, 0 or 1. At S / 4 its accuracy is a mean over all subsets, of which four are
    disjoint, so that the same lead is told with about a third of the problems.
    """
    above = sorted(n for n in ns if n > 1) or [max(ns)]
    return max([n for n in above if 4 * n <= max(ns)] + above[:2][-1:])


def at_budget(values: Floats, ns: Sequence[int], n: int) -> Floats:
    """The column [problems] of ``values`` [problems, len(ns)] at budget ``n``."""
    return np.asarray(values[:, list(ns).index(n)])


def growth(lead: Floats, ns: Sequence[int], largest: int | None = None) -> Floats:
    """How much a lead grows with every doubling of N: the slope of its least-squares line from N = 2 on.

    At N = 1 there is nothing to choose and every lead is zero by construction: a line through it would call a lead that is the
    same at all other N a growing one.

    Args:
        lead: Difference of two accuracies [problems, len(ns)].
        ns: Samples per problem.
        largest: The last budget that counts; the last of all where None.

    Returns:
        Slopes [problems], per doubling.

    Raises:
        InputError: Fewer than two budgets are 2 or more.
    """
    if not shows_growth(ns):
        raise InputError(
            f"the growth of a lead needs two budgets of N >= 2, not {list(ns)}; draw more samples per problem"
        )
    used = [n for n in ns if 1 < n <= (largest or max(ns))]
    return np.asarray(lead[:, np.isin(ns, used)] @ slope_weights(used))


def shows_growth(ns: Sequence[int]) -> bool:
    """Whether there are budgets enough for ``growth``."""
    return sum(n > 1 for n in ns) >= 2


def slope_weights(ns: Sequence[int]) -> Floats:
    """Weights [len(ns)] whose product with values at ``ns`` is their least-squares slope on log2 n; zeros for one budget."""
    x = np.log2(np.asarray(ns, float))
    x = x - x.mean()
    return np.asarray(x / max(float((x**2).sum()), 1e-12))
