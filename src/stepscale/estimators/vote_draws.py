"""The mean of a vote over draws of n places: over all subsets where they are few, else over random orders (seeded)."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from stepscale.estimators.arrays import Codes, Floats
from stepscale.estimators.vote_counts import Tally, count_votes, winner_correctness
from stepscale.seeds import seed_for

_MAX_CELLS = 24_000_000  # cells (problems x places x orders) spent on random orders
_MAX_RECOUNTED_CELLS = 6_000_000  # the same for a rule, whose votes are counted again at every n
_MIN_ORDERS, _MAX_ORDERS = 24, 2000  # orders
_MAX_CELLS_AT_ONCE = 200_000  # cells (orders x problems x places, or answers) that are counted in one call


def mean_over_subsets(codes: Codes, weights: Floats, truth: Floats, n: int, count: Tally) -> Floats:
    """Mean correctness of the vote over all subsets of n places.

    Args:
        codes: Codes of answers [problems, samples]; 0: no answer.
        weights: Weight of each sample [problems, samples].
        truth: Share of each answer that is right [problems, answers].
        n: Places in a subset.
        count: Counts the votes.

    Returns:
        Means [problems].
    """
    problems, places = codes.shape
    if n == 1:
        return np.asarray(np.take_along_axis(truth, codes, 1).mean(axis=1))
    subsets = np.array(list(combinations(range(places), n)))
    result = np.empty(problems)
    for problem in range(problems):
        tally = count(codes[problem][subsets], weights[problem][subsets], truth.shape[1])
        result[problem] = winner_correctness(tally, truth[problem]).mean()
    return result


def mean_over_orders(
    codes: Codes, weights: Floats, truth: Floats, ns: Sequence[int], seed: int, tally: Tally | None
) -> tuple[Floats, Floats, Floats]:
    """Mean correctness of the vote over random orders, of which the first n places are one draw for each n.

    Args:
        codes: Codes of answers [problems, samples]; 0: no answer.
        weights: Weight of each sample [problems, samples].
        truth: Share of each answer that is right [problems, answers].
        ns: Budgets.
        seed: Decides the orders.
        tally: Counts the votes again at every n; None: weights are added.

    Returns:
        Means [problems, len(ns)], the standard error of their mean over problems [len(ns)], and of each [problems,
        len(ns)].
    """
    # 1. as many orders as the work allows
    problems, places = codes.shape
    orders = int(np.clip((_MAX_RECOUNTED_CELLS if tally else _MAX_CELLS) // codes.size, _MIN_ORDERS, _MAX_ORDERS))
    rng = np.random.default_rng(seed_for(seed, "vote"))
    # 2. shuffle each problem's places: one order then serves all problems, and their errors are independent
    shuffled = rng.permuted(np.tile(np.arange(places), (problems, 1)), axis=1)
    codes, weights = np.take_along_axis(codes, shuffled, 1), np.take_along_axis(weights, shuffled, 1)
    # 3. vote along every order, many at once
    total, squares, means = np.zeros((problems, len(ns))), np.zeros((problems, len(ns))), np.zeros((orders, len(ns)))
    block = max(1, _MAX_CELLS_AT_ONCE // (problems * max(places, truth.shape[1])))
    for first in range(0, orders, block):
        drawn = np.array([rng.permutation(places)[: max(ns)] for _ in range(min(block, orders - first))])
        for i, won in _along_orders(codes, weights, drawn, truth, ns, tally):
            means[first : first + len(drawn), i] = won.mean(axis=1)
            for of_order in won:  # one after the other, so that the sums do not depend on the block
                total[:, i] += of_order
                squares[:, i] += of_order**2
    # 4. the spread between orders tells how far their mean may be off
    spread = np.maximum(squares / orders - (total / orders) ** 2, 0) / (orders - 1)
    return total / orders, means.std(axis=0, ddof=1) / np.sqrt(orders), np.sqrt(spread)


def _along_orders(
    codes: Codes, weights: Floats, drawn: Codes, truth: Floats, ns: Sequence[int], tally: Tally | None
) -> Iterator[tuple[int, Floats]]:
    """(index of n, who wins [orders, problems] after n places), of orders of places [orders, places].

    Where weights are added, one count grows from the smallest n on.
    """
    orders, (problems, width) = len(drawn), truth.shape
    rows = orders * problems
    codes, weights = np.take(codes, drawn, axis=1).swapaxes(0, 1), np.take(weights, drawn, axis=1).swapaxes(0, 1)
    votes, n_counted = np.zeros((rows, width)), 0
    for i in np.argsort(ns):
        begin = 0 if tally else n_counted
        if tally or ns[i] > n_counted:
            places = slice(begin, ns[i])
            counted = (tally or count_votes)(
                codes[..., places].reshape(rows, -1), weights[..., places].reshape(rows, -1), width
            )
            votes, n_counted = counted if tally else votes + counted, ns[i]
        yield int(i), winner_correctness(votes.reshape(orders, problems, width), truth)
