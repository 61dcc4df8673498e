"""Detects labels that are all right or all wrong: a verifier cannot learn from them, and nothing can be measured on them."""

import logging
from collections.abc import Sequence
from typing import Literal

from stepscale.verifiers.examples import RATING_CLASSES, Example
from stepscale.verifiers.saved import Kind

logger = logging.getLogger(__name__)

_MAX_WRONG_SHARE = 0.5  # a share of right answers above it counts as right
_FOLLOWS = {
    "training": "so the model cannot learn to tell right from wrong",
    "validation": "so metrics such as AUROC are nan",
}


def tell_of_one_kind(purpose: Literal["training", "validation"], examples: Sequence[Example], kind: Kind) -> None:
    """Warn where all labels are right or all are wrong.

    Args:
        purpose: What the examples are for.
        examples: With their targets.
        kind: The verifier, which says what a target means.
    """
    targets = [target for example in examples for target in example.targets if target is not None]
    n_wrong = sum(target == RATING_CLASSES[-1] if kind == "prm" else target <= _MAX_WRONG_SHARE for target in targets)
    if targets and n_wrong in (0, len(targets)):
        present, absent = ("wrong", "right") if n_wrong else ("right", "wrong")
        message = "all %d %s labels say %s, %s; give %s ones too"
        logger.warning(message, len(targets), purpose, present, _FOLLOWS[purpose], absent)
