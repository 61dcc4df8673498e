"""The head of a verifier: its outputs, their names, and the weights that it starts with.

In: a base model and a configuration. Out: the model with a head for each token. Knows nothing about examples.
"""

from pathlib import Path
from typing import Any

import torch

from stepscale.engine.loading import classification_head, load_token_classifier, rows_of_tokens
from stepscale.errors import InputError
from stepscale.seeds import seed_for
from stepscale.verifiers.options import VerifierTraining

_RATINGS = ("negative", "neutral", "positive")
TWO_RATINGS = ("negative", "positive")


def load_head(base: str | Path, tokenizer: Any, config: VerifierTraining) -> Any:
    """The base with a classification head: random, or made from ``head_init_tokens``.

    Args:
        base: Folder or hub name of the model.
        tokenizer: Its own, which must hold each initial token as one.
        config: Says how many outputs there are, and their names.

    Raises:
        InputError: There is another number of tokens than of outputs.
    """
    torch.manual_seed(seed_for(config.optimization.seed, "verifier-head") % 2**63)
    labels = output_names(config)
    model = load_token_classifier(
        base,
        dtype=getattr(torch, config.frozen_dtype),
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={name: i for i, name in enumerate(labels)},
        classifier_dropout=config.dropout,
        attention_dropout=config.dropout,
    )
    head = classification_head(model).float()
    if not config.head_bias:
        head.bias = None
    if config.head_init_tokens:
        start = rows_of_tokens(base, tokenizer, config.head_init_tokens)
        if len(labels) == 1 and len(start) >= 2:
            start = start[-1:] - start[:1]  # one output: how much better the best rating fits than the worst
        elif labels == TWO_RATINGS and len(start) == 3:
            start = start[[0, 2]]
        if len(start) != len(labels):
            raise InputError(
                f"head_init_tokens: {len(config.head_init_tokens)} tokens for the {len(labels)} outputs {labels}"
            )
        with torch.no_grad():
            head.weight.copy_(start)
            if head.bias is not None:
                head.bias.zero_()
    return model


def output_names(config: VerifierTraining) -> tuple[str, ...]:
    """The names of the head's outputs.

    Args:
        config: The kind of verifier, and whether neutral is a class.
    """
    if config.kind != "prm":
        return ("right",)
    return _RATINGS if config.neutral == "class" else TWO_RATINGS
