"""Scores steps with a saved verifier: the Verifier contract on a transformers model.

In: trajectories. Out: each step's probabilities, and the tokens read in the ledger. One pass reads all steps of a
solution. A prompt or step that several solutions share is read once, and what a search scored before is cached, so
only new tokens are read. Positions come from ``StepEncoder``, as in training. Knows nothing about how scores are used.
"""

import logging
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from stepscale.cost import Ledger
from stepscale.engine.computed import Computed
from stepscale.engine.device import usable_device
from stepscale.engine.encoding import Encoded, StepEncoder
from stepscale.engine.loading import classification_head, load_token_classifier, load_tokenizer, longest_input
from stepscale.engine.network import network_of
from stepscale.engine.prefix_cache import Head, PrefixCache
from stepscale.errors import InputError
from stepscale.verifiers.contract import FloatArray, StepScores, Trajectory
from stepscale.verifiers.saved import FILE_NAME, SavedVerifier
from stepscale.verifiers.text_to_scores import Encode, Read, encode_lines, reader

_NOTHING = np.empty((0, 0), np.float32)
_log = logging.getLogger(__name__)
_MAX_OUTPUTS = 3  # negative, neutral, positive
_MAX_CACHE_BYTES = 256 * 2**20  # of keys and values kept for the next call

Dtype = Literal["float32", "bfloat16"]


class StepScorer:
    """A verifier made of four parts: how to encode, a model's body, its head, and how to read the head's output.

    A solution too long for the model is read up to its last whole step that fits. The steps left over get ``negative`` 1, so it
    is never preferred for a part that was not read, and a warning says how many there were.

    Args:
        name: As tables and ledgers call it.
        encode: Gives token ids and step ends.
        model: A model of transformers, whose own head is not used.
        head: Maps hidden states [n, W] at step ends to outputs [n, K].
        read: Turns the outputs of one solution [n_steps, K] into StepScores.
        cache_bytes: Keys and values kept for later calls. 0 keeps none, and then a result does not depend on earlier calls
            to the last bit.
        tokens_per_batch: Read at once; as the device allows where None.
    """

    def __init__(
        self,
        name: str,
        encode: Encode,
        model: Any,
        head: Head,
        read: Read,
        *,
        cache_bytes: int = _MAX_CACHE_BYTES,
        tokens_per_batch: int | None = None,
    ) -> None:
        self.name = name
        self._encode, self._read = encode, read
        config = model.config.get_text_config()
        self.parameters = sum(parameter.numel() for parameter in model.parameters())
        self._attention_width = config.num_hidden_layers * config.hidden_size
        weights = list(model.parameters())
        self._cache = PrefixCache(network_of(model), head, weights, cache_bytes, tokens_per_batch)

    def clear_cache(self) -> None:
        """Drop the cached prefixes, so that later scores do not depend on earlier calls, not even in the last bit."""
        self._cache.clear()

    def encode(self, trajectories: Sequence[Trajectory]) -> list[Encoded]:
        """Token ids and step ends of every trajectory, as it reads them.

        Args:
            trajectories: Problems with their steps.

        Returns:
            One object per trajectory, in order.
        """
        return self._encode(trajectories)

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        """Scores of every step; order kept.

        Args:
            trajectories: Problems with their steps; equal ones are read once.
            ledger: Gets the tokens that were really read.

        Returns:
            One object per trajectory.
        """
        started = time.perf_counter()
        distinct = list(dict.fromkeys(trajectories))
        encoded = self._encode(distinct)
        computed = Computed()
        outputs = iter(self._cache.outputs([_chunks(text) for text in encoded if text.step_ends], computed))
        scores = [
            with_unread(self._read, _at_steps(text, next(outputs)) if text.step_ends else _NOTHING, text.n_unread)
            for text in encoded
        ]
        warn_of_unread(self.name, encoded)
        ledger.add(
            self.name,
            "verify",
            computed.tokens,
            parameters=self.parameters,
            attention_width=self._attention_width,
            context_sum=computed.context_sum,
            seconds=time.perf_counter() - started,
        )
        by_trajectory = dict(zip(distinct, scores, strict=True))
        return [by_trajectory[trajectory] for trajectory in trajectories]

    def step_tokens(self, trajectories: Sequence[Trajectory]) -> list[list[int]]:
        """Of each trajectory the tokens of the prompt, and of each step that is read.

        Args:
            trajectories: Problems with their steps.

        Returns:
            Of each trajectory a list: first the prompt's tokens, then those of each step [1 + steps].
        """
        return [
            [b - a for a, b in pairwise((0, text.prompt_length, *(end + 1 for end in text.step_ends)))]
            for text in self.encode(trajectories)
        ]


def with_unread(read: Read, outputs: FloatArray, n_unread: int) -> StepScores:
    """The scores of a solution; steps that were not read count as wrong.

    Args:
        read: Turns outputs into scores.
        outputs: Of the model at the ends of steps [n_steps, K].
        n_unread: Steps at the end that did not fit.
    """
    scores = read(outputs) if len(outputs) else StepScores(np.empty(0, np.float32), np.empty(0, np.float32))
    if not n_unread:
        return scores
    worst = np.ones(n_unread, np.float32)
    return StepScores(np.concatenate([scores.negative, worst]), np.concatenate([scores.neutral, 0 * worst]), n_unread)


def warn_of_unread(name: str, encoded: Sequence[Encoded]) -> None:
    """Log how many steps a verifier could not read, if any.

    Args:
        name: The verifier's.
        encoded: What it was given to read.
    """
    unread = sum(text.n_unread for text in encoded)
    if unread:
        _log.warning("%s: %d steps did not fit the model and were not read; they count as wrong", name, unread)


class ModelVerifier(StepScorer):
    """A verifier trained here, loaded from its folder.

    Args:
        folder: Where training wrote it.
        name: As tables and ledgers call it; the folder's where None.
        device: "auto" takes CUDA if there is one.
        dtype: Precision of weights and arithmetic.
        limits: ``cache_bytes`` and ``tokens_per_batch`` of ``StepScorer``.

    Raises:
        InputError: The folder holds none.
    """

    def __init__(
        self,
        folder: str | Path,
        name: str | None = None,
        *,
        device: str = "auto",
        dtype: Dtype = "float32",
        **limits: int,
    ) -> None:
        folder = Path(folder)
        self.saved = SavedVerifier.read(folder)
        place = usable_device(device)
        model = load_token_classifier(folder, dtype=getattr(torch, dtype)).to(place)
        self.encoder = StepEncoder(load_tokenizer(folder), self.saved.layout, longest_input(model))
        encode, head = encode_lines(self.encoder), classification_head(model)
        if head.out_features != len(self.saved.labels) or head.out_features > _MAX_OUTPUTS:
            raise InputError(
                f"{folder}: its head has {head.out_features} outputs and {FILE_NAME} names {len(self.saved.labels)}; "
                "train the verifier again"
            )
        super().__init__(name or folder.name, encode, model, head, reader(self.saved.labels), **limits)


def _chunks(text: Encoded) -> list[Any]:
    """The prompt's ids, then each step's, as arrays; a blank step has no ids; it ends where the step before it ends."""
    ids = np.array(text.ids, np.int64)
    starts = [text.prompt_length, *dict.fromkeys(end + 1 for end in text.step_ends)]
    return [ids[: text.prompt_length], *(ids[a:b] for a, b in pairwise(starts))]


def _at_steps(text: Encoded, outputs: FloatArray) -> FloatArray:
    """The outputs at distinct ends of steps as those of all steps [n_steps, K]."""
    row_of = {end: row for row, end in enumerate(dict.fromkeys(text.step_ends))}
    return outputs if len(row_of) == len(text.step_ends) else outputs[[row_of[end] for end in text.step_ends]]
