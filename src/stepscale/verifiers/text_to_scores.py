"""How a verifier trained here reads: trajectories to token ids with step ends, and its head's outputs to probabilities.

Shared by the verifier that runs here and by the same verifier behind a server. Knows no model.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate

import numpy as np

from stepscale.engine.encoding import Encoded, StepEncoder
from stepscale.engine.step_lines import step_lines
from stepscale.verifiers.contract import FloatArray, StepScores, Trajectory

Encode = Callable[[Sequence[Trajectory]], list[Encoded]]
Read = Callable[[FloatArray], StepScores]


def encode_lines(encoder: StepEncoder) -> Encode:
    """Encode as in training: a step of several lines is read a line after another, and scored at its last one.

    Args:
        encoder: That of the training.

    Returns:
        What makes trajectories token ids with the ends of their steps.
    """

    def encode(trajectories: Sequence[Trajectory]) -> list[Encoded]:
        split = [None if all(len(s.splitlines()) < 2 for s in t.steps) else _lines(t.steps) for t in trajectories]
        texts = (
            (t.problem, t.steps if lines_of_steps is None else [line for lines in lines_of_steps for line in lines])
            for t, lines_of_steps in zip(trajectories, split, strict=True)
        )
        return [
            encoded if lines_of_steps is None else _of_steps(encoded, [len(lines) for lines in lines_of_steps])
            for encoded, lines_of_steps in zip(encoder.encode(texts), split, strict=True)
        ]

    return encode


def _lines(steps: Sequence[str]) -> list[list[str]]:
    return [step_lines([step]) or [step] for step in steps]


def _of_steps(encoded: Encoded, lengths: Sequence[int]) -> Encoded:
    """What was encoded line by line as steps of so many lines; one that did not fit as a whole is unread."""
    last = [end - 1 for end in accumulate(lengths)]
    ends = [encoded.step_ends[i] for i in last if i < len(encoded.step_ends)]
    return replace(encoded, step_ends=ends, n_unread=len(lengths) - len(ends))


def reader(labels: Sequence[str]) -> Read:
    """How the outputs of a head trained here become probabilities.

    Args:
        labels: The outputs' names.
    """
    return read_right if len(labels) == 1 else read_ratings


def read_ratings(logits: FloatArray) -> StepScores:
    """Scores from logits of ratings.

    Args:
        logits: [n, 3] of negative, neutral, positive; or [n, 2] without neutral.
    """
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    share = weights / weights.sum(-1, keepdims=True)
    return StepScores(share[:, 0], share[:, 1] if share.shape[1] == 3 else np.zeros(len(share), np.float32))


def read_right(logits: FloatArray) -> StepScores:
    """Scores from logits of "right".

    Args:
        logits: [n, 1].
    """
    negative = 0.5 * (1 - np.tanh(logits[:, 0] / 2))  # 1 - sigmoid, without overflow
    return StepScores(negative.astype(np.float32), np.zeros(len(negative), np.float32))
