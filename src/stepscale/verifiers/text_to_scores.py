"""How a verifier trained here reads: trajectories to token ids with step ends, and its head's outputs to probabilities.

Shared by the verifier that runs here and by the same verifier behind a server. Needs no model.
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
    """Encode as in training: each line of a step is read apart, stripped, and the step is scored at its last one.

    A blank step states nothing. It is not read, as it is not in training, and is scored where the step before it ends. Blank
    steps at the start are scored where the first other step ends. If all steps are blank, all are unread.

    Args:
        encoder: That of the training.

    Returns:
        What makes trajectories token ids with the ends of their steps.
    """

    def encode(trajectories: Sequence[Trajectory]) -> list[Encoded]:
        lines_of_steps = [[step_lines([step]) for step in t.steps] for t in trajectories]
        encoded = encoder.encode(
            (t.problem, [line for lines in of_steps for line in lines])
            for t, of_steps in zip(trajectories, lines_of_steps, strict=True)
        )
        return [
            _of_steps(text, [len(lines) for lines in of_steps])
            for text, of_steps in zip(encoded, lines_of_steps, strict=True)
        ]

    return encode


def _of_steps(encoded: Encoded, lengths: Sequence[int]) -> Encoded:
    """Joins encoded lines to steps of the given numbers of lines; a step that did not fit completely is unread."""
    if all(length == 1 for length in lengths):
        return encoded
    last = [max(n_lines - 1, 0) for n_lines in accumulate(lengths)]
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
