"""Statistics of the first n samples of a problem, for every n: votes, their two leaders, a posterior over answers.

In: recorded samples of each problem in random orders, or the samples of one problem as they come. Out: arrays whose last axis is
n = 1, 2, ... samples. A stopping rule sees these alone, so it decides over recorded samples as it does at work.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from stepscale.estimators.arrays import Codes, Floats
from stepscale.estimators.checking import checked_answers, checked_count
from stepscale.estimators.online_outcomes import Candidates, checked_candidates, random_orders
from stepscale.estimators.samples import group_answers_by_problem
from stepscale.estimators.vote_counts import share_right, vote_weights, winner_correctness

if TYPE_CHECKING:
    from stepscale.grading import Rules

PrefixSelection = Literal["majority", "weighted", "posterior"]
"""How the answer is selected among the first n samples, once sampling stops."""
PREFIX_SELECTIONS: tuple[PrefixSelection, ...] = ("majority", "weighted", "posterior")
_EQUAL = 1e-12  # probabilities that agree so far are tied
_MAX_EXPONENT = 700.0  # beyond it a float overflows
_MIN_SCORE = 1e-6  # a score this far from 0 and 1 at the least: no single sample settles the posterior for good


@dataclass(frozen=True)
class Signals:
    """What a rule may look at, after n = 1, 2, ... samples [..., places].

    Attributes:
        first: Votes of the most frequent answer.
        second: Votes of the second most frequent one; 0 if there is none.
        posterior: Probability of the likeliest answer (``answer_posterior``).
        vote_share: The greatest sum of scores of one answer, per sample drawn.
        mean_score: Mean score; a sample without an answer counts as 0.
    """

    first: Floats
    second: Floats
    posterior: Floats
    vote_share: Floats
    mean_score: Floats

    @property
    def n(self) -> NDArray[np.int64]:
        """Samples drawn [places]."""
        return np.arange(1, self.first.shape[-1] + 1)


@dataclass(frozen=True)
class Prefixes:
    """Recorded samples of some problems in random orders.

    Attributes:
        signals: [orders, problems, places].
        right: By selection the expected correctness of the winner [orders, problems, places].
        success: Share of each problem's recorded samples that are right [problems]; rules are fitted to it, and never see it.
    """

    signals: Signals
    right: dict[PrefixSelection, Floats]
    success: Floats

    def on(self, problems: NDArray[np.int64]) -> "Prefixes":
        """The samples of some problems alone.

        Args:
            problems: Their numbers, from 0, in any order [n].

        Returns:
            Arrays with n problems, in this order.
        """
        signals = {name: values[:, problems] for name, values in vars(self.signals).items()}
        right = {selection: values[:, problems] for selection, values in self.right.items()}
        return Prefixes(Signals(**signals), right, self.success[problems])


def prefixes(
    ids: Sequence[str], pool: Candidates, orders: int = 64, seed: int = 0, rules: "Rules" = "prm800k"
) -> Prefixes:
    """What every rule would meet, in the orders that the online policy meets with the same seed.

    Args:
        ids: Problem ids [problems].
        pool: Recorded samples of each problem.
        orders: Random orders per problem.
        seed: Decides the orders.
        rules: Grading rules by which answers given as text are equal.

    Raises:
        InputError: As for ``online_outcomes.outcomes``.
    """
    orders, pool = checked_count(orders, "orders"), checked_candidates("pool", pool, ids)
    codes = checked_answers(group_answers_by_problem(pool.answers, pool.mask, rules), pool.mask)
    truth = share_right(codes, pool.correct.astype(float), int(codes.max()) + 1)
    places = codes.shape[1]
    by_problem = np.stack([random_orders(seed, problem_id, orders, places) for problem_id in ids], axis=1)
    parts = []
    for order in by_problem:
        in_order = np.take_along_axis(codes, order, 1)
        parts.append(_along(in_order, np.take_along_axis(vote_weights(codes, pool.scores), order, 1), truth))
    stacked = {name: np.stack([getattr(signals, name) for signals, _ in parts]) for name in vars(parts[0][0])}
    right = {selection: np.stack([won[selection] for _, won in parts]) for selection in PREFIX_SELECTIONS}
    return Prefixes(Signals(**stacked), right, (pool.correct & pool.mask).mean(axis=1))


def signals_of(codes: Codes, scores: Floats) -> Signals:
    """Statistics of the samples of some problems, one after another in their order.

    Args:
        codes: The answer of each sample as a number from 1; 0: no answer [problems, samples].
        scores: In [0, 1]; whatever stands where there is no answer [problems, samples].
    """
    width = int(codes.max(initial=0)) + 1
    return _along(codes, vote_weights(codes, scores), np.zeros((len(codes), width)))[0]


def answer_posterior(counts: Floats, log_odds: Floats) -> tuple[Floats, Floats]:
    """Probability that each answer is the right one, after CGES (Aghazadeh et al. 2025, arXiv 2511.02603).

    The hypotheses are each of the k answers given so far, and that none of them is right; all are equally likely at first.
    If a hypothesis holds, a sample of score c gives its answer with probability c, else any other of the k with equal chances.

    Args:
        counts: Samples of each answer [..., answers].
        log_odds: Sum over its samples of log(c / (1 - c)) [..., answers].

    Returns:
        The probability of the likeliest answer given [...], 0 if there is none; and the probabilities of all answers as shares of
        it [..., answers].
    """
    has_votes = counts > 0
    others = np.maximum(has_votes.sum(axis=-1, keepdims=True), 1)
    weight = np.where(has_votes, log_odds + counts * np.log(others), -np.inf)
    top = weight.max(axis=-1, keepdims=True)
    relative = np.exp(weight - np.where(np.isfinite(top), top, 0.0))
    likeliest = 1 / (relative.sum(axis=-1, keepdims=True) + np.exp(np.minimum(-top, _MAX_EXPONENT)))
    return np.where(np.isfinite(top), likeliest, 0.0)[..., 0], relative


def log_odds_of(scores: Floats) -> Floats:
    """Log odds of scores, which are held a little away from 0 and 1.

    Args:
        scores: Probabilities c [...].

    Returns:
        log(c / (1 - c)) [...].
    """
    clipped = np.clip(scores, _MIN_SCORE, 1 - _MIN_SCORE)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def _along(codes: Codes, weights: Floats, truth: Floats) -> tuple[Signals, dict[PrefixSelection, Floats]]:
    """Signals and winners [problems, places] of one order; ``truth`` [problems, answers]: whether an answer is right."""
    problems, places = codes.shape
    rows, odds = np.arange(problems), log_odds_of(weights)
    counts, sums, log_odds = (np.zeros_like(truth) for _ in range(3))
    signals = Signals(*(np.zeros((problems, places)) for _ in fields(Signals)))
    right: dict[PrefixSelection, Floats] = {selection: np.zeros((problems, places)) for selection in PREFIX_SELECTIONS}
    lead = _Lead(problems)
    for place in range(places):
        # 1. the sample's vote; what has no answer stays in column 0, which no winner is taken from
        code, answered = codes[:, place], codes[:, place] > 0
        counts[rows, code] += answered
        sums[rows, code] += weights[:, place]
        log_odds[rows, code] += odds[:, place] * answered
        lead.vote(code, counts[rows, code], truth[rows, code], answered)
        # 2. what the samples so far tell
        probability, relative = answer_posterior(counts, log_odds)
        signals.first[:, place], signals.second[:, place] = lead.first, lead.second
        signals.posterior[:, place] = probability
        signals.vote_share[:, place] = sums.max(axis=1) / (place + 1)
        # 3. who would win
        right["majority"][:, place] = lead.right / np.maximum(lead.n_tied, 1)
        right["weighted"][:, place] = winner_correctness(sums, truth)
        likeliest = relative >= 1 - _EQUAL
        right["posterior"][:, place] = (truth * likeliest).sum(axis=1) / np.maximum(likeliest.sum(axis=1), 1)
    signals.mean_score[:] = weights.cumsum(axis=1) / signals.n
    return signals, right


class _Lead:
    """The two most frequent answers of each problem [problems], vote by vote; ``right``: the sum over those tied for the lead."""

    def __init__(self, problems: int) -> None:
        self.first, self.second, self.n_tied, self.right = (np.zeros(problems) for _ in range(4))
        self._leader = np.zeros(problems, np.int64)

    def vote(self, code: Codes, count: Floats, truth: Floats, answered: NDArray[np.bool_]) -> None:
        """Count one more vote in each problem.

        Args:
            code: The answer that is voted for [problems].
            count: Votes that it has now, this one included [problems].
            truth: Whether it is right, or the share of its samples that are [problems].
            answered: False: the sample has no answer, and nothing changes [problems].
        """
        ahead, level = answered & (count > self.first), answered & (count == self.first)
        passed = ahead & (code != self._leader)
        self.second = np.where(passed, self.first, self.second)
        self.second = np.where(answered & ~ahead, np.maximum(self.second, count), self.second)
        self.right = np.where(ahead, truth, self.right + truth * level)
        self.n_tied = np.where(ahead, 1.0, self.n_tied + level)
        self.first = np.where(ahead, count, self.first)
        self._leader = np.where(ahead, code, self._leader)
