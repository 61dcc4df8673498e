"""Math-Shepherd-Mistral-7B-PRM: "Step 1: ... ки" on lines of their own; at each "ки" the next token is "+" or "-"."""

from typing import Any

from stepscale.engine.encoding import Encoded
from stepscale.errors import InputError
from stepscale.verifiers.adapters.parts import encode_whole, one_by_one, one_token, open_good_bad, trajectory_steps
from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.public import PublicVerifier
from stepscale.verifiers.scoring import StepScorer
from stepscale.verifiers.text_to_scores import Encode

STEP_MARK, GOOD, BAD = "ки", "+", "-"


def math_shepherd_layout(tokenizer: Any, source: str, longest: int | None) -> Encode:
    """How Math-Shepherd wants its steps laid out.

    Args:
        tokenizer: The model's.
        source: Folder or hub name, for an error.
        longest: Tokens that the model can read; None: no limit.

    Raises:
        InputError: The tokenizer has no token for the mark. Encoding raises it too, where the mark is merged with its
            neighbors.
    """
    mark = one_token(tokenizer, STEP_MARK, source)

    def encode(trajectory: Trajectory) -> Encoded:
        steps = [f"{step} {STEP_MARK}" for step in trajectory_steps(trajectory, "Step {}: ")]
        pieces = [trajectory.problem, *(("\n" if i else " ") + step for i, step in enumerate(steps))]
        encoded = encode_whole(tokenizer, pieces, longest)
        if any(encoded.ids[end] != mark for end in encoded.step_ends):
            raise InputError(f"the tokenizer of {source} merges {STEP_MARK!r} with what stands beside it")
        return encoded

    return one_by_one(encode)


def open_math_shepherd(config: PublicVerifier) -> StepScorer:
    """The verifier: P(step is right) is the share of "+" against "-".

    Args:
        config: Folder or hub name, and where it runs.

    Returns:
        A verifier that scores each step at its mark.

    Raises:
        InputError: The model cannot be loaded, or has another tokenizer or head.
    """
    return open_good_bad(config, math_shepherd_layout, GOOD, BAD)
