"""Counting votes: the tally of each answer, and how right the winner is.

In: codes of answers, weights and correctness of samples. Out: tallies and expected correctness. Draws nothing.
"""

from collections.abc import Callable

import numpy as np

from stepscale.estimators.arrays import Codes, Floats

Tally = Callable[[Codes, Floats, int], Floats]
"""Codes of answers [rows, samples], what each sample is judged by, and how many codes there are -> [rows, answers]."""
MIN_VOTE_WEIGHT = 1e-200  # weight of a sample whose score is 0: it has a vote, though it adds nothing
_MAX_RAW_SCORE = 1e290  # scores above it are scaled, for their sum may be more than a float can hold


def vote_weights(codes: Codes, scores: Floats) -> Floats:
    """Scores as weights of votes: 0 for a place without an answer, above 0 for every other.

    Args:
        codes: Codes of answers [problems, samples]; 0: no answer.
        scores: Verifier scores >= 0 [problems, samples].

    Returns:
        Weights [problems, samples]; where a problem's greatest score is above 1e290, as shares of it.
    """
    greatest = np.where(codes > 0, scores, 0.0).max(axis=1, initial=0.0, keepdims=True)
    return np.where(
        codes > 0, np.maximum(scores / np.where(greatest > _MAX_RAW_SCORE, greatest, 1.0), MIN_VOTE_WEIGHT), 0.0
    )


def share_right(codes: Codes, right: Floats, width: int) -> Floats:
    """[problems, answers]: the share of an answer's samples that are right (0 or 1 if grading is consistent).

    Args:
        codes: Codes of answers [problems, samples]; 0: no answer.
        right: Correctness of the samples [problems, samples].
        width: Number of codes.

    Returns:
        Shares [problems, width]; 0 for no answer.
    """
    counts, hits = count_votes(codes, np.ones_like(right), width), count_votes(codes, right, width)
    truth: Floats = hits / np.maximum(counts, 1)
    truth[:, 0] = 0.0
    return truth


def count_votes(codes: Codes, weights: Floats, width: int) -> Floats:
    """Sum of ``weights`` [rows, samples] by answer: [rows, answers]; column 0 holds the places without an answer.

    Args:
        codes: Codes of answers [rows, samples]; 0: no answer.
        weights: Weights of the samples [rows, samples].
        width: Number of codes.

    Returns:
        Sums [rows, width].
    """
    rows = np.arange(len(codes))[:, None] * width
    votes = np.bincount((rows + codes).ravel(), weights.ravel(), len(codes) * width)
    return np.asarray(votes, float).reshape(len(codes), width)


def winner_correctness(tally: Floats, truth: Floats) -> Floats:
    """Expected correctness of the answer with the greatest tally; equal ones share; no vote at all is wrong.

    Args:
        tally: Votes of each answer [..., answers]; column 0 is not an answer.
        truth: Share of each answer that is right [..., answers].

    Returns:
        Expected correctness [...].
    """
    votes = tally.copy()
    votes[..., 0] = 0.0
    best = votes.max(axis=-1, keepdims=True)
    top = np.where(best < MIN_VOTE_WEIGHT * 1e9, votes > 0, votes >= best * (1 - 1e-12))
    return np.asarray((truth * top).sum(axis=-1) / np.maximum(top.sum(axis=-1), 1))
