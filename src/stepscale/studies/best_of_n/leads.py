"""How far one way to choose leads another at a budget, and how the lead grows with N: the quantities of claim A1.

In: accuracies of every method [problems, len(ns)]. Out: leads problem by problem, and their intervals.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.intervals import Interval, bootstrap_interval
from stepscale.estimators.quantities import Quantity, quantity

PAPER_N = 1860
PAPER_LEADS = {"PRM - ORM": 0.058, "PRM - Majority": 0.086, "ORM - Majority": 0.028}
"""Lightman et al. 2023, Figure 3: 78.2 / 72.4 / 69.6 at N = 1860."""


def a1_quantities(values: Mapping[str, Floats], ns: Sequence[int], resamples: int, seed: int) -> dict[str, Quantity]:
    """The quantities that claim A1 says are above zero, each as a paired interval over the problems.

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
    """The leads of Figure 3 at one budget, problem by problem.

    Args:
        values: Accuracies [problems, len(ns)] by method: "PRM", "ORM" and "Majority".
        ns: Samples per problem to choose from.
        n: The budget.

    Returns:
        Leads [problems] by name.
    """
    pairs = (("PRM", "ORM"), ("PRM", "Majority"), ("ORM", "Majority"))
    return {f"{first} - {second} at N={n}": at_budget(values[first] - values[second], ns, n) for first, second in pairs}


def leads_at_all_samples(
    values: Mapping[str, Floats], ns: Sequence[int], resamples: int, seed: int
) -> dict[str, Interval]:
    """The same leads at the largest N, reported beside the deciding ones; empty if those are at the largest N.

    Args:
        values: Accuracies [problems, len(ns)] by method: "PRM", "ORM" and "Majority".
        ns: Samples per problem to choose from.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    if deciding_budget(ns) == max(ns):
        return {}
    return {name: bootstrap_interval(lead, resamples, seed) for name, lead in leads_at(values, ns, max(ns)).items()}


def leads_by_subject(
    values: Mapping[str, Floats], ns: Sequence[int], subjects: Sequence[str], resamples: int, seed: int
) -> dict[str, Interval]:
    """The same leads at the deciding N on each subject's problems, such as a held-out family of the lab; empty if there is
    only one subject.

    Args:
        values: Accuracies [problems, len(ns)] by method: "PRM", "ORM" and "Majority".
        ns: Samples per problem to choose from.
        subjects: Subject of each problem [problems].
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    of_problem, several = np.asarray(subjects), sorted(set(subjects))
    return {
        f"{name}, {subject}": bootstrap_interval(lead[of_problem == subject], resamples, seed)
        for subject in (several if len(several) > 1 else [])
        for name, lead in leads_at(values, ns, deciding_budget(ns)).items()
    }


def deciding_budget(ns: Sequence[int]) -> int:
    """The N at which a lead is decided: the largest up to a quarter of all S samples, and at least the second above 1.

    At N = S a problem has one outcome per method, 0 or 1. At S / 4 its accuracy is a mean over all subsets, of which four are
    disjoint, so that the same lead shows with about a third of the problems.

    Args:
        ns: Samples per problem to choose from.
    """
    above = sorted(n for n in ns if n > 1) or [max(ns)]
    return max([n for n in above if 4 * n <= max(ns)] + above[:2][-1:])


def at_budget(values: Floats, ns: Sequence[int], n: int) -> Floats:
    """The values at one budget [problems].

    Args:
        values: [problems, len(ns)].
        ns: Samples per problem to choose from.
        n: The budget, one of ``ns``.
    """
    return np.asarray(values[:, list(ns).index(n)])


def growth(lead: Floats, ns: Sequence[int], largest: int | None = None) -> Floats:
    """How much a lead grows with every doubling of N: the slope of its least-squares line from N = 2 on.

    At N = 1 there is nothing to choose and every lead is zero by construction. A line through it would call a lead that is the
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
    """Whether there are enough budgets for ``growth``: two above 1.

    Args:
        ns: Samples per problem.
    """
    return sum(n > 1 for n in ns) >= 2


def slope_weights(ns: Sequence[int]) -> Floats:
    """Weights whose product with values at some budgets is their least-squares slope on log2 n.

    Args:
        ns: The budgets, samples per problem.

    Returns:
        Weights [len(ns)]; zeros for one budget.
    """
    x = np.log2(np.asarray(ns, float))
    x = x - x.mean()
    return np.asarray(x / max(float((x**2).sum()), 1e-12))
