"""RLHFlow's Llama3.1-8B-PRM (Mistral-Data, Deepseek-Data): each step a user's turn, answered "+" or "-" by the assistant."""

from itertools import pairwise
from typing import Any

from stepscale.engine.encoding import Encoded
from stepscale.errors import InputError
from stepscale.verifiers.adapters.parts import encode_whole, one_by_one, open_good_bad
from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.public import PublicVerifier
from stepscale.verifiers.scoring import StepScorer
from stepscale.verifiers.text_to_scores import Encode

GOOD, BAD = "+", "-"


def rlhflow_layout(tokenizer: Any, source: str, longest: int | None) -> Encode:
    """How RLHFlow's PRMs want steps laid out: a step is judged where the assistant's answer is to come.

    Later steps are read after the answer "+" to each earlier one, as in the published evaluation, in one pass.

    Args:
        tokenizer: The model's.
        source: Folder or hub name, for an error.
        longest: Tokens that the model can read; None: no limit.

    Raises:
        InputError: The tokenizer has no chat template, or one that changes earlier turns.
    """
    if not tokenizer.chat_template:
        raise InputError(f"the tokenizer of {source} has no chat template: is this the adapter for this model?")

    def encode(trajectory: Trajectory) -> Encoded:
        turns: list[dict[str, str]] = []
        beginnings = [""]  # the conversation up to each answer that is to come, then all of it
        for i, step in enumerate(trajectory.steps):
            turns.append({"role": "user", "content": step if i else f"{trajectory.problem} {step}"})
            beginnings.append(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
            turns.append({"role": "assistant", "content": GOOD})
        beginnings.append(tokenizer.apply_chat_template(turns, tokenize=False) if turns else "")
        if not all(after.startswith(before) for before, after in pairwise(beginnings)):
            raise InputError(f"the chat template of {source} rewrites earlier turns; steps cannot be told apart")
        *pieces, tail = (after[len(before) :] for before, after in pairwise(beginnings))
        return encode_whole(tokenizer, ["", *pieces], longest, tail=tail, special=False)

    return one_by_one(encode)


def open_rlhflow(config: PublicVerifier) -> StepScorer:
    """The verifier: P(step is right) is the share of "+" against "-".

    Args:
        config: Folder or hub name, and where it runs.

    Returns:
        A verifier that scores each step where the assistant's "+" or "-" would follow.

    Raises:
        InputError: The model cannot be loaded, or has another tokenizer or head.
    """
    return open_good_bad(config, rlhflow_layout, GOOD, BAD)
