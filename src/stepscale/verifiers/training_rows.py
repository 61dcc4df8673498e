"""From examples to the rows that a training reads: token ids, with a target at the tokens that have one.

In: examples and a ``StepEncoder``. Out: rows of tokens and targets. Knows nothing about models.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from stepscale.engine.encoding import Encoded, StepEncoder
from stepscale.errors import InputError
from stepscale.training.batches import IGNORED, Row
from stepscale.verifiers.examples import Example, neutral_as
from stepscale.verifiers.heads import TWO_RATINGS, output_names
from stepscale.verifiers.options import Supervise, VerifierTraining


def in_classes(examples: Sequence[Example], config: VerifierTraining) -> Sequence[Example]:
    """The examples with the head's classes as targets, which are the ratings themselves if neutral is a class.

    Args:
        examples: With rating classes as targets.
        config: Whether neutral is a class, or what it counts as.
    """
    if len(output_names(config)) != len(TWO_RATINGS):
        return examples
    return [
        replace(example, targets=tuple(None if t is None else float(t > 0) for t in example.targets))
        for example in neutral_as(examples, config.neutral)
    ]


def to_rows(examples: Sequence[Example], encoder: StepEncoder, supervise: Supervise) -> tuple[list[Row], int]:
    """Rows to learn from; examples without any target left are dropped.

    Args:
        examples: With one target per step.
        encoder: Lays out texts and records where steps end.
        supervise: Which tokens carry a step's target.

    Returns:
        The rows, and the number of examples that lost steps for lack of room.

    Raises:
        InputError: An example has more or fewer targets than steps.
    """
    for e in examples:
        if (n := len(e.trajectory.steps)) != len(e.targets):
            raise InputError(
                f"problem {e.problem_id!r}: {len(e.targets)} targets for {n} steps; give one for each step"
            )
    encoded = encoder.encode((e.trajectory.problem, e.trajectory.steps) for e in examples)
    rows = [Row(e.ids, _targets(example, e, supervise)) for example, e in zip(examples, encoded, strict=True)]
    return [row for row in rows if (row.targets != IGNORED).any()], sum(e.n_unread > 0 for e in encoded)


def _targets(example: Example, encoded: Encoded, supervise: Supervise) -> Any:
    targets = np.full(len(encoded.ids), IGNORED, np.float32)
    if supervise == "solution_end":
        if not encoded.n_unread and encoded.step_ends and example.targets[-1] is not None:
            targets[-1] = example.targets[-1]
        return targets
    start = encoded.prompt_length
    for end, target in zip(encoded.step_ends, example.targets, strict=False):  # fewer ends than targets when cut
        if target is not None:
            targets[end if supervise == "step_end" else start : end + 1] = target
        start = end + 1
    return targets
