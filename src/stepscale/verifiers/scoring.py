"""Scores steps with a saved verifier: the Verifier contract on a transformers model.

In: trajectories. Out: each step's probabilities and the tokens read. One forward pass for all steps of a solution;
duplicates are read once; batches are grouped by length. Positions come from ``StepEncoder``, as in training.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from stepscale.cost import Ledger
from stepscale.models.encoding import Encoded, StepEncoder
from stepscale.models.loading import load_token_classifier, load_tokenizer, longest_input
from stepscale.verifiers.contract import FloatArray, StepScores, Trajectory
from stepscale.verifiers.saved import Kind, SavedVerifier

_log = logging.getLogger(__name__)


class ModelVerifier:
    """A verifier trained here, loaded from its folder.

    A solution too long for the model is read up to its last whole step that fits; steps that were not read get
    ``negative`` 1, so an unread solution is never preferred, and a warning tells how many there were.
    """

    def __init__(self, folder: str | Path, name: str | None = None, *, tokens_per_batch: int = 8192) -> None:
        folder = Path(folder)
        self.saved = SavedVerifier.read(folder)
        self.name = name or folder.name
        self._tokens_per_batch = tokens_per_batch
        self._model = load_token_classifier(folder)
        tokenizer = load_tokenizer(folder)
        self._pad = tokenizer.pad_token_id or 0
        self.encoder = StepEncoder(tokenizer, self.saved.layout, longest_input(self._model))
        self._parameters = sum(p.numel() for p in self._model.parameters())
        self._attention = self._model.config.num_hidden_layers * self._model.config.hidden_size

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        """Scores of every step; order kept; counts ``verify`` tokens (duplicates once) into ``ledger``."""
        distinct = list(dict.fromkeys(trajectories))
        encoded = self.encoder.encode((t.problem, t.steps) for t in distinct)
        order = sorted(range(len(distinct)), key=lambda i: len(encoded[i].ids))
        found: dict[Trajectory, StepScores] = {}
        while order:
            longest = len(encoded[order[-1]].ids)
            take = max(1, self._tokens_per_batch // max(longest, 1))
            batch, order = order[-take:], order[:-take]
            logits = self._forward([encoded[i].ids for i in batch], longest)
            for i, row in zip(batch, logits, strict=True):
                found[distinct[i]] = _read(row[encoded[i].step_ends], encoded[i], self.saved.kind)
        self._count(encoded, ledger)
        return [found[trajectory] for trajectory in trajectories]

    def _forward(self, rows: list[list[int]], longest: int) -> FloatArray:
        ids = torch.full((len(rows), longest), self._pad)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = torch.tensor(row)
        with torch.inference_mode():
            logits: FloatArray = self._model(input_ids=ids).logits.float().numpy()
        return logits

    def _count(self, encoded: list[Encoded], ledger: Ledger) -> None:
        lengths = np.array([len(e.ids) for e in encoded], np.int64)
        unread = sum(e.n_unread for e in encoded)
        if unread:
            _log.warning("%s: %d steps beyond %s tokens were not read; they count as wrong", self.name, unread, self.encoder.max_tokens)
        ledger.add(
            self.name, "verify", int(lengths.sum()), parameters=self._parameters, attention_width=self._attention,
            context_sum=int((lengths * (lengths + 1) // 2).sum()),
        )  # fmt: skip


def _read(logits: FloatArray, encoded: Encoded, kind: Kind) -> StepScores:
    """Probabilities from the logits at the step ends [n_read, n_labels]; unread steps are negative."""
    unread = np.ones(encoded.n_unread, np.float32)
    if kind == "prm":
        shifted = np.exp(logits - logits.max(-1, keepdims=True, initial=-np.inf))
        share = shifted / shifted.sum(-1, keepdims=True)
        return StepScores(np.concatenate([share[:, 0], unread]), np.concatenate([share[:, 1], 0 * unread]))
    negative = 1 / (1 + np.exp(logits[:, 0]))
    return StepScores(np.concatenate([negative, unread]), np.zeros(len(negative) + len(unread), np.float32))
