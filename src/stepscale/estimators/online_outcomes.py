"""What a policy that decides while it samples would meet: every prefix of many random orders of recorded samples.

In: a pool of scored samples a problem, and the candidates of search runs on the same problems. Out: for each problem,
random order of its pool and rung of the ladder of sample numbers, what a policy sees (mean score, how sure the vote is), what
it has paid, and whether the answer it would give is right. Nothing is modelled: each cell is what the policy would
have met had the pool been drawn in that order, by weighted vote (Snell et al. 2024, E). Knows nothing of policies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from stepscale.errors import InputError
from stepscale.estimators.closed_form import Bools, Floats
from stepscale.estimators.voting import Codes, answer_codes, count_votes, share_right, vote_weights, winners
from stepscale.seeds import seed_for


@dataclass(frozen=True)
class Candidates:
    """Solutions of each problem [problems, candidates]: answers, verifier scores in [0, 1], whether right, whether answered.

    ``cost``: in one unit (generations, tokens, FLOPs): of each sample [problems, candidates] for a pool, of the whole run
    [problems] for a search run.
    """

    answers: NDArray[np.object_]
    scores: Floats
    correct: Bools
    mask: Bools
    cost: Floats


@dataclass(frozen=True)
class Outcomes:
    """By order, problem and rung of ``ladder``: [orders, problems, rungs], for a vote over the first samples.

    ``right``: expected correctness of the winner; ``sure``: the winner's sum of scores / samples drawn, in [0, 1]; ``easy``:
    mean score (unanswered: 0); ``cost``: paid for the samples. ``run_right`` [orders, problems, first rungs, runs]: of a vote
    over these samples and the run's candidates together; ``run_cost`` [problems, runs]; ``runs``: their names.
    """

    ladder: tuple[int, ...]
    runs: tuple[str, ...]
    right: Floats
    sure: Floats
    easy: Floats
    cost: Floats
    run_right: Floats
    run_cost: Floats


@dataclass(frozen=True)
class Prices:
    """Costs in another unit: ``samples`` [problems, rungs] of the first so many samples, ``runs`` [problems, runs]."""

    samples: Floats
    runs: Floats


def repriced(met: Outcomes, prices: Prices) -> Outcomes:
    """The same outcomes, paid at ``prices``."""
    return replace(met, cost=np.broadcast_to(prices.samples, met.cost.shape), run_cost=prices.runs)


def outcomes(
    ids: Sequence[str],
    pool: Candidates,
    runs: Mapping[str, Candidates],
    orders: int = 64,
    seed: int = 0,
    most_probes: int = 8,
) -> Outcomes:
    """All cells, for ``orders`` random orders of each problem's pool, seeded by its id.

    The ladder is 1, 2, 4, ... up to the pool's size; runs are recorded after up to ``most_probes`` samples. Raises InputError
    if scores are not within [0, 1] or shapes differ.
    """
    _check(ids, pool, runs)
    places = pool.correct.shape[1]
    ladder = ladder_of(places)
    tables = [pool, *runs.values()]
    answers, mask = (np.concatenate([getattr(t, name) for t in tables], axis=1) for name in ("answers", "mask"))
    codes = answer_codes(answers, mask)  # one code an answer, whoever gave it
    right = np.concatenate([np.where(t.mask, t.correct, 0.0) for t in tables], axis=1)
    truth = share_right(codes, right, int(codes.max()) + 1)
    weights = vote_weights(codes, np.concatenate([t.scores for t in tables], axis=1))
    starts = list(accumulate(t.correct.shape[1] for t in tables))
    votes = [count_votes(codes[:, a:b], weights[:, a:b], truth.shape[1]) for a, b in pairwise(starts)]
    cells = _Cells(codes[:, :places], weights[:, :places], pool.cost, truth, votes)
    shape = (orders, len(ids), len(ladder))
    run_shape = (*shape[:2], sum(n <= most_probes for n in ladder), len(runs))
    run_cost = np.array([run.cost for run in runs.values()]).reshape(len(runs), len(ids)).T
    right, sure, easy, cost = (np.empty(shape) for _ in range(4))
    found = Outcomes(ladder, tuple(runs), right, sure, easy, cost, np.empty(run_shape), run_cost)
    drawn = np.stack([_orders(seed, problem_id, orders, places) for problem_id in ids], axis=1)
    for order in range(orders):
        cells.fill(found, order, drawn[order])
    return found


def ladder_of(places: int) -> tuple[int, ...]:
    """Numbers of samples that a policy may stop at: 1, 2, 4, ... up to ``places``."""
    return tuple(2**i for i in range(places.bit_length()) if 2**i <= places)


def _orders(seed: int, problem_id: str, orders: int, places: int) -> NDArray[np.int64]:
    rng = np.random.default_rng(seed_for(seed, "online-order", problem_id))
    return np.argsort(rng.random((orders, places)), axis=1)


@dataclass(frozen=True)
class _Cells:
    codes: Codes
    weights: Floats
    cost: Floats
    truth: Floats
    run_votes: list[Floats]

    def fill(self, found: Outcomes, order: int, drawn: NDArray[np.int64]) -> None:
        """The cells of one order; ``drawn`` [problems, places]."""
        codes = np.take_along_axis(self.codes, drawn, 1)
        weights, cost = np.take_along_axis(self.weights, drawn, 1), np.take_along_axis(self.cost, drawn, 1)
        votes, done = np.zeros_like(self.truth), 0
        for rung, n in enumerate(found.ladder):
            votes += count_votes(codes[:, done:n], weights[:, done:n], votes.shape[1])
            done = n
            found.right[order, :, rung] = winners(votes, self.truth)
            found.sure[order, :, rung] = votes[:, 1:].max(axis=1, initial=0.0) / n
            found.easy[order, :, rung] = weights[:, :n].mean(axis=1)
            found.cost[order, :, rung] = cost[:, :n].sum(axis=1)
            for i, own in enumerate(self.run_votes if rung < found.run_right.shape[2] else ()):
                found.run_right[order, :, rung, i] = winners(votes + own, self.truth)


def _check(ids: Sequence[str], pool: Candidates, runs: Mapping[str, Candidates]) -> None:
    for name, table in {"pool": pool, **runs}.items():
        shape = table.correct.shape
        cost = shape if name == "pool" else shape[:1]
        arrays = (table.answers, table.scores, table.mask)
        if len(ids) != shape[0] or table.cost.shape != cost or any(array.shape != shape for array in arrays):
            raise InputError(f"{name}: candidates must be arrays of {len(ids)} problems, all of one shape")
        scores = table.scores[table.mask]
        if not ((scores >= 0) & (scores <= 1)).all():
            raise InputError(f"{name}: scores must lie in [0, 1] to say how sure a vote is; pass probabilities")
