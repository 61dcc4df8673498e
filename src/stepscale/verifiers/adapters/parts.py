"""What the adapters are put together from: models by name, heads, and how their outputs are read.

An adapter says three things: how a public model wants its steps laid out, at which token it judges a step, and which
numbers there are the judgment. Everything else (batches, shared prefixes, the ledger) is ``StepScorer``'s.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from stepscale.engine.device import usable_device
from stepscale.engine.encoding import Encoded, StepEncoder
from stepscale.engine.loading import load_body, load_tokenizer, longest_input
from stepscale.engine.prefix_cache import Head
from stepscale.engine.saved_weights import saved_weights
from stepscale.errors import InputError
from stepscale.verifiers.contract import FloatArray, StepScores, Trajectory
from stepscale.verifiers.public import PublicVerifier
from stepscale.verifiers.scoring import StepScorer
from stepscale.verifiers.step_numbers import without_number
from stepscale.verifiers.text_to_scores import Encode, read_right


def open_body(config: PublicVerifier) -> tuple[Any, Any, torch.device]:
    """(tokenizer, the model without its head in eval mode, its device).

    Args:
        config: Which model, and where it runs.

    Returns:
        The three.

    Raises:
        InputError: The model or its tokenizer cannot be loaded, or there is no such device.
    """
    device = usable_device(config.device or "auto")
    body = load_body(config.source, dtype=getattr(torch, config.dtype), trust_remote_code=config.trust_remote_code)
    return load_tokenizer(config.source, trust_remote_code=config.trust_remote_code), body.to(device), device


def open_good_bad(
    config: PublicVerifier, layout: Callable[[Any, str, int | None], Encode], good: str, bad: str
) -> StepScorer:
    """A language model as it is: P(step is right) is the share of the token ``good`` against ``bad``.

    Args:
        config: Where the model is, and on what it runs.
        layout: Makes the encoding from a tokenizer, the model's source, and the longest text (tokens).
        good: A text of one token, the verdict on a right step.
        bad: That on a wrong step.

    Raises:
        InputError: As ``open_body``; a word is not one token, or the model has no language-model head.
    """
    tokenizer, body, _ = open_body(config)
    encode = layout(tokenizer, config.source, longest_input(body))
    judgments = [one_token(tokenizer, word, config.source) for word in (good, bad)]
    weights = saved_weights(config.source, "lm_head.", "model.embed_tokens.")
    head = token_head(weights, judgments, next(body.parameters()), config.source)
    return StepScorer(config.shown_name, encode, body, head, read_good_bad)


def layers_of(weights: dict[str, torch.Tensor], *names: str, like: torch.Tensor, source: str) -> list[torch.nn.Linear]:
    """Linear layers from saved weights ``{name}.weight`` and ``{name}.bias`` (if saved), in the given order.

    Args:
        weights: By name, as saved.
        names: Of the layers.
        like: A tensor whose device and dtype the layers take.
        source: The model's folder or name, for the message.

    Raises:
        InputError: One is missing: the folder holds a model of another kind.
    """
    layers = []
    for name in names:
        weight, bias = weights.get(f"{name}.weight"), weights.get(f"{name}.bias")
        if weight is None:
            raise InputError(f"{source} holds no weights named {name}.weight: is this the adapter for this model?")
        layer = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
        layer.load_state_dict({"weight": weight} if bias is None else {"weight": weight, "bias": bias})
        layers.append(layer.to(like.device, like.dtype).eval())
    return layers


def token_head(weights: dict[str, torch.Tensor], token_ids: Sequence[int], like: torch.Tensor, source: str) -> Head:
    """The language-model head cut down to some tokens: hidden states [n, W] to their logits [n, len(token_ids)].

    Args:
        weights: By name, as saved.
        token_ids: Whose logits are read.
        like: A tensor whose device and dtype the head takes.
        source: The model's folder or name, for the message.

    Raises:
        InputError: The model has no language-model head.
    """
    head = weights.get("lm_head.weight", weights.get("model.embed_tokens.weight"))  # tied heads are not saved
    if head is None:
        raise InputError(f"{source} holds no language-model head: is this the adapter for this model?")
    rows = head[list(token_ids)].to(like.device, like.dtype)
    return lambda hidden: hidden @ rows.T


def one_token(tokenizer: Any, text: str, source: str) -> int:
    """The id of a text that must be one token.

    Args:
        tokenizer: The model's.
        text: Must be one token of its vocabulary.
        source: Folder or hub name, for the error.

    Raises:
        InputError: It is not one.
    """
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    if len(ids) != 1:
        raise InputError(
            f"{text!r} is {len(ids)} tokens for the tokenizer of {source}: is this the adapter for this model?"
        )
    return int(ids[0])


def encode_with(encoder: StepEncoder) -> Encode:
    """A function that encodes trajectories piece by piece.

    Args:
        encoder: Lays out prompt, steps and separators.
    """
    return lambda trajectories: encoder.encode((t.problem, t.steps) for t in trajectories)


def encode_whole(
    tokenizer: Any, pieces: Sequence[str], longest: int | None, *, tail: str = "", special: bool = True
) -> Encoded:
    """Tokenize ``"".join(pieces) + tail`` as ONE text, as these models were trained, and record where each piece ends.

    A piece ends at the token that holds its last character, found by the characters laid down and not by looking for a mark.

    Args:
        tokenizer: A fast one: only those tell where a token stands in the text.
        pieces: The prompt, then a text for each step.
        longest: Tokens of the model's context; steps that do not fit are left out, whole. None: no limit.
        tail: What follows the last step's end and is not read.
        special: With the tokens that the tokenizer puts around a text.

    Raises:
        InputError: The tokenizer is not a fast one.
    """
    if not tokenizer.is_fast:
        raise InputError(
            f"{tokenizer.name_or_path} has no fast tokenizer, and only those tell where a token stands in the text"
        )
    encoded = tokenizer("".join(pieces) + tail, return_offsets_mapping=True, add_special_tokens=special)
    ids, spans = encoded["input_ids"], encoded["offset_mapping"]
    ends: list[int] = []
    index, upto = 0, 0
    for piece in pieces:
        upto += len(piece)
        while index + 1 < len(ids) and spans[index + 1] != (0, 0) and spans[index + 1][0] < upto:
            index += 1
        ends.append(index)
    read = [end for end in ends[1:] if longest is None or end < longest]
    last = read[-1] if read else ends[0]
    return Encoded(ids[: last + 1], ends[0] + 1, read, len(ends) - 1 - len(read))


def read_good_bad(logits: FloatArray) -> StepScores:
    """Scores from logits of "good" and "bad".

    Args:
        logits: [n, 2].
    """
    return read_right(logits[:, :1] - logits[:, 1:])


def one_by_one(encode_one: Callable[[Trajectory], Encoded]) -> Encode:
    """A function that encodes trajectories one at a time.

    Args:
        encode_one: Of a model whose text is tokenized as a whole.
    """
    return lambda trajectories: [encode_one(trajectory) for trajectory in trajectories]


def trajectory_steps(trajectory: Trajectory, numbered: str) -> list[str]:
    """The steps, each with its number in front exactly once: a number that a step has already is rewritten.

    Args:
        trajectory: A problem and its steps.
        numbered: How a step begins, with a place for its number: ``Step {}: ``. Spaces and line ends in and around a step's own
            number do not matter.
    """
    labels = (numbered.format(number) for number in range(1, len(trajectory.steps) + 1))
    return [label + without_number(step, label) for label, step in zip(labels, trajectory.steps, strict=True)]
