"""Token classifiers trained by TRL's PRMTrainer: prompt, steps and separators tokenized apart, two classes at each separator."""

from typing import Any

import torch

from stepscale.engine.encoding import StepEncoder, TextFormat
from stepscale.engine.loading import classification_head, load_token_classifier, longest_input
from stepscale.errors import InputError
from stepscale.verifiers.adapters.parts import encode_with, open_body, read_good_bad
from stepscale.verifiers.public import PublicVerifier
from stepscale.verifiers.scoring import StepScorer
from stepscale.verifiers.text_to_scores import Encode


def trl_layout(tokenizer: Any, separator: str, longest: int | None) -> Encode:
    """How a model of TRL's PRMTrainer wants its steps laid out.

    Args:
        tokenizer: The model's.
        separator: The ``step_separator`` that it was trained with.
        longest: Tokens that the model can read; None: no limit.

    Raises:
        InputError: The separator is not a token of the tokenizer.
    """
    start = tokenizer.bos_token or ""
    if tokenizer("")["input_ids"][:1] == [tokenizer.bos_token_id]:
        start = ""  # the tokenizer puts it there itself; TRL does where the tokenizer does not
    return encode_with(StepEncoder(tokenizer, TextFormat(prompt=start + "{problem}", separator=separator), longest))


def open_trl(config: PublicVerifier) -> StepScorer:
    """The verifier; class 1 is a right step.

    Args:
        config: Which model, and its step separator.

    Raises:
        InputError: The model has another number of classes than 2.
    """
    tokenizer, _, device = open_body(config)
    model = load_token_classifier(
        config.source, dtype=getattr(torch, config.dtype), trust_remote_code=config.trust_remote_code
    ).to(device)
    if model.config.num_labels != 2:
        raise InputError(
            f"{config.source} has {model.config.num_labels} classes, TRL's reward models have 2: wrong adapter?"
        )
    encode = trl_layout(tokenizer, config.separator, longest_input(model))
    head = classification_head(model)
    return StepScorer(config.shown_name, encode, model, lambda hidden: head(hidden).flip(-1), read_good_bad)
