"""Qwen2.5-Math-PRM (7B, 72B) and Qwen2.5-Math-7B-PRM800K: chat layout, ``<extra_0>`` after each step, a two-class head there."""

from typing import Any

import torch

from stepscale.engine.encoding import StepEncoder, TextFormat
from stepscale.engine.loading import longest_input
from stepscale.engine.saved_weights import saved_weights
from stepscale.verifiers.adapters.parts import encode_with, layers_of, one_token, open_body, read_good_bad
from stepscale.verifiers.public import PublicVerifier
from stepscale.verifiers.scoring import StepScorer
from stepscale.verifiers.text_to_scores import Encode

STEP_TOKEN = "<extra_0>"
SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}."


def qwen_math_prm_layout(tokenizer: Any, source: str, longest: int | None) -> Encode:
    """How a Qwen2.5-Math PRM wants its steps laid out.

    Args:
        tokenizer: The model's.
        source: Folder or hub name, for an error.
        longest: Tokens that the model can read; None: no limit.

    Raises:
        InputError: The separator is not one token of the tokenizer.
    """
    one_token(tokenizer, STEP_TOKEN, source)
    chat = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "{problem}"}]
    prompt = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    return encode_with(StepEncoder(tokenizer, TextFormat(prompt=prompt, separator=STEP_TOKEN), longest))


def open_qwen_math_prm(config: PublicVerifier) -> StepScorer:
    """The verifier; its two classes are wrong and right. The published code is not run: its head is rebuilt from the weights.

    Args:
        config: Folder or hub name, and where it runs.

    Returns:
        A verifier that scores P(step is wrong) at the token after each step.

    Raises:
        InputError: The model cannot be loaded, or has another tokenizer or head.
    """
    tokenizer, body, _ = open_body(config)
    encode = qwen_math_prm_layout(tokenizer, config.source, longest_input(body))
    like = next(body.parameters())
    first, second = layers_of(
        saved_weights(config.source, "score."), "score.0", "score.2", like=like, source=config.source
    )

    def head(hidden: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = second(torch.relu(first(hidden)))
        return logits.flip(-1)  # right first

    return StepScorer(config.shown_name, encode, body, head, read_good_bad)
