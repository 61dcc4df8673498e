"""Skywork-o1-Open-PRM: problem and steps on lines of their own, a value head at each newline, through a sigmoid."""

from typing import Any

from stepscale.engine.encoding import StepEncoder, TextFormat
from stepscale.engine.loading import longest_input
from stepscale.engine.saved_weights import saved_weights
from stepscale.verifiers.adapters.parts import encode_with, layers_of, one_token, open_body
from stepscale.verifiers.public import PublicVerifier
from stepscale.verifiers.scoring import StepScorer
from stepscale.verifiers.text_to_scores import Encode, read_right

STEP_TOKEN = "\n"


def skywork_o1_layout(tokenizer: Any, source: str, longest: int | None) -> Encode:
    """How a Skywork-o1 PRM wants its steps laid out.

    Args:
        tokenizer: The model's.
        source: Folder or hub name, for an error.
        longest: Tokens that the model can read; None: no limit.

    Raises:
        InputError: The separator is not one token of the tokenizer.
    """
    one_token(tokenizer, STEP_TOKEN, source)
    layout = TextFormat(prompt=(tokenizer.bos_token or "") + "{problem}\n", separator=STEP_TOKEN)
    return encode_with(StepEncoder(tokenizer, layout, longest))


def open_skywork_o1(config: PublicVerifier) -> StepScorer:
    """The verifier. The published code is not run: its value head is rebuilt from the weights.

    Args:
        config: Folder or hub name, and where it runs.

    Returns:
        A verifier that scores each step at the newline after it.

    Raises:
        InputError: The model cannot be loaded, or has another tokenizer or head.
    """
    tokenizer, body, _ = open_body(config)
    encode = skywork_o1_layout(tokenizer, config.source, longest_input(body))
    like = next(body.parameters())
    (head,) = layers_of(saved_weights(config.source, "v_head."), "v_head.summary", like=like, source=config.source)
    return StepScorer(config.shown_name, encode, body, head, read_right)
