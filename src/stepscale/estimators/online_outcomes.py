"""What a policy that decides while it samples would meet: every prefix of many random orders of recorded samples.

In: a pool of scored samples per problem, and the candidates of search runs on the same problems. Out: for each problem, random
order and number of samples what a policy meets. That is what it sees (mean score, how sure the vote is), what it has paid, and
whether its answer is right by weighted vote (Snell et al. 2024, E). Nothing is modeled: a policy would have met this had
samples come so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stepscale.errors import InputError
from stepscale.estimators.checking import (
    Bools,
    Codes,
    Floats,
    checked_answers,
    checked_count,
    checked_labels,
    checked_samples,
    checked_scores,
    checked_values,
)
from stepscale.estimators.samples import one_spelling
from stepscale.estimators.vote_counts import count_votes, share_right, vote_weights, winner_correctness
from stepscale.seeds import seed_for

if TYPE_CHECKING:
    from stepscale.grading import Rules


@dataclass(frozen=True)
class Candidates:
    """Solutions of each problem.

    Attributes:
        answers: Labels [problems, candidates]; equal labels are one answer.
        scores: Verifier scores in [0, 1] [problems, candidates].
        correct: Whether the answer is right [problems, candidates].
        mask: Whether there is an answer [problems, candidates].
        cost: In one unit (generations, tokens, FLOPs): of each sample [problems, candidates] for a pool, of the whole run
            [problems] for a search run.
    """

    answers: NDArray[np.object_]
    scores: Floats
    correct: Bools
    mask: Bools
    cost: Floats


@dataclass(frozen=True)
class Outcomes:
    """What a policy meets: by order, problem and number of samples [orders, problems, counts], for a vote over the first of them.

    Attributes:
        sample_counts: Numbers of samples, rising [counts].
        runs: Names of the search runs.
        expected_correct: Expected correctness of the winner.
        vote_share: The winner's sum of scores per sample, in [0, 1].
        mean_score: Mean score; an unanswered sample counts as 0.
        cost: Paid for the samples.
        run_expected_correct: Of a vote over these samples and a run's candidates together [orders, problems, first counts, runs].
        run_cost: Paid for each run [problems, runs].
    """

    sample_counts: tuple[int, ...]
    runs: tuple[str, ...]
    expected_correct: Floats
    vote_share: Floats
    mean_score: Floats
    cost: Floats
    run_expected_correct: Floats
    run_cost: Floats


@dataclass(frozen=True)
class Prices:
    """Costs in another unit than that of the outcomes.

    Attributes:
        samples: Of the first so many samples [problems, counts].
        runs: Of each whole search run [problems, runs].
    """

    samples: Floats
    runs: Floats


def repriced(recorded: Outcomes, prices: Prices) -> Outcomes:
    """The same outcomes, paid at ``prices``.

    Args:
        recorded: What a policy may meet.
        prices: Of samples and of whole runs, in one unit.
    """
    return replace(recorded, cost=np.broadcast_to(prices.samples, recorded.cost.shape), run_cost=prices.runs)


def outcomes(
    ids: Sequence[str],
    pool: Candidates,
    runs: Mapping[str, Candidates],
    orders: int = 64,
    seed: int = 0,
    most_probes: int = 8,
    rules: "Rules" = "prm800k",
) -> Outcomes:
    """All that a policy would meet, for random orders of each problem's pool, seeded by the problem's id.

    Args:
        ids: Problem ids [problems].
        pool: Recorded samples of each problem.
        runs: Search runs on the same problems, by name.
        orders: Random orders per problem.
        seed: Decides the orders.
        most_probes: Runs are recorded after up to so many samples. The numbers of samples are 1, 2, 4, ... up to the pool's size.
        rules: Grading rules by which answers given as text are equal, whichever sampler gave them.

    Raises:
        InputError: Scores are not within [0, 1], shapes differ, or a value is not one that ``Candidates`` allows.
    """
    orders = checked_count(orders, "orders")
    pool, runs = (
        checked_candidates("pool", pool, ids),
        {name: checked_candidates(name, run, ids, per_run=True) for name, run in runs.items()},
    )
    # 1. one code per answer, whichever sampler gave it, and the weight of its vote
    tables = [pool, *runs.values()]
    answers, mask, scores, correct = (
        np.concatenate([getattr(table, name) for table in tables], axis=1)
        for name in ("answers", "mask", "scores", "correct")
    )
    codes = checked_answers(one_spelling(answers, mask, rules), mask)
    truth = share_right(codes, correct.astype(float), int(codes.max()) + 1)
    weights = vote_weights(codes, scores)
    # 2. the votes of each run, all of which are cast at once
    starts = list(accumulate(table.correct.shape[1] for table in tables))
    run_votes = [count_votes(codes[:, a:b], weights[:, a:b], truth.shape[1]) for a, b in pairwise(starts)]
    # 3. room for the results
    places, sample_counts = pool.correct.shape[1], sample_counts_up_to(pool.correct.shape[1])
    shape = (orders, len(ids), len(sample_counts))
    run_shape = (*shape[:2], sum(n <= most_probes for n in sample_counts), len(runs))
    run_cost = np.array([run.cost for run in runs.values()]).reshape(len(runs), len(ids)).T
    expected, vote_share, mean_score, cost = (np.empty(shape) for _ in range(4))
    result = Outcomes(sample_counts, tuple(runs), expected, vote_share, mean_score, cost, np.empty(run_shape), run_cost)
    # 4. order by order
    cells = _Cells(codes[:, :places], weights[:, :places], pool.cost, truth, run_votes)
    orders_of_places = np.stack([random_orders(seed, problem_id, orders, places) for problem_id in ids], axis=1)
    for order in range(orders):
        cells.fill(result, order, orders_of_places[order])
    return result


def sample_counts_up_to(places: int) -> tuple[int, ...]:
    """Numbers of samples that a policy may stop at: 1, 2, 4, ... up to all of them.

    Args:
        places: Samples per problem.
    """
    return tuple(2**i for i in range(places.bit_length()) if 2**i <= places)


def random_orders(seed: int, problem_id: str, orders: int, places: int) -> NDArray[np.int64]:
    """Random orders of a problem's places [orders, places]; policies and stopping rules of one seed meet the same.

    Args:
        seed: Of the run.
        problem_id: Each problem has orders of its own.
        orders: How many.
        places: Samples of the problem.
    """
    rng = np.random.default_rng(seed_for(seed, "online-order", problem_id))
    return np.argsort(rng.random((orders, places)), axis=1)


@dataclass(frozen=True)
class _Cells:
    """Recorded samples, as codes of their answers; ``run_votes``: the votes of each search run [problems, answers]."""

    codes: Codes
    weights: Floats
    cost: Floats
    truth: Floats
    run_votes: list[Floats]

    def fill(self, result: Outcomes, order: int, places: NDArray[np.int64]) -> None:
        """Fill in the outcomes of one random order.

        Args:
            result: Its cells of this order are written.
            order: Number of the order, from 0.
            places: Columns of each problem's samples in this order [problems, places].
        """
        codes = np.take_along_axis(self.codes, places, 1)
        weights, cost = np.take_along_axis(self.weights, places, 1), np.take_along_axis(self.cost, places, 1)
        votes, n_counted = np.zeros_like(self.truth), 0
        for index, n in enumerate(result.sample_counts):
            votes += count_votes(codes[:, n_counted:n], weights[:, n_counted:n], votes.shape[1])
            n_counted = n
            result.expected_correct[order, :, index] = winner_correctness(votes, self.truth)
            result.vote_share[order, :, index] = votes[:, 1:].max(axis=1, initial=0.0) / n
            result.mean_score[order, :, index] = weights[:, :n].mean(axis=1)
            result.cost[order, :, index] = cost[:, :n].sum(axis=1)
            for i, run in enumerate(self.run_votes if index < result.run_expected_correct.shape[2] else ()):
                result.run_expected_correct[order, :, index, i] = winner_correctness(votes + run, self.truth)


def checked_candidates(name: str, table: Candidates, ids: Sequence[str], per_run: bool = False) -> Candidates:
    """The candidates as arrays of one shape.

    Args:
        name: How a message calls them.
        table: Answers, scores, correctness, mask and costs.
        ids: Of the problems, whose number must fit.
        per_run: The cost is that of a whole run [problems], not of each sample [problems, samples].

    Raises:
        InputError: Shapes differ or do not fit the problems, or scores do not lie in [0, 1].
    """
    correct, mask = checked_samples(table.correct, table.mask)
    cost = checked_values(table.cost, f"cost of {name}")
    if len(ids) != len(mask) or cost.shape != (mask.shape[:1] if per_run else mask.shape):
        raise InputError(f"{name}: candidates must be arrays of {len(ids)} problems, all of one shape")
    scores = checked_scores(table.scores, mask, lowest=0.0)
    if (scores[mask] > 1).any():
        raise InputError(f"{name}: scores must lie in [0, 1] to say how sure a vote is; pass probabilities")
    return Candidates(checked_labels(table.answers, mask.shape).astype(object), scores, correct > 0, mask, cost)
