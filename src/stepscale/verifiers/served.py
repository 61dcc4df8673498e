"""Scores steps with a reward model behind vLLM's ``/pooling`` (task ``token_classify``), as token or as STEP pooling.

In: trajectories. Out: each step's probabilities, and the tokens that the server says it read in the ledger. The layout is the
model's own (an adapter's, or that of a verifier trained here). It goes to the server as token ids, so that step ends are known
by position. A server with STEP pooling gives a row per step mark; any other a row per token. Rows are probabilities: vLLM's
default. What is not a probability is refused, since the scale of a logit is unknown.
"""

import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from stepscale.cost import Ledger
from stepscale.engine.encoding import Encoded, StepEncoder
from stepscale.engine.loading import load_tokenizer
from stepscale.errors import InputError
from stepscale.remote.client import Client
from stepscale.verifiers.adapters.math_shepherd import math_shepherd_layout
from stepscale.verifiers.adapters.parts import read_good_bad
from stepscale.verifiers.adapters.qwen_math_prm import qwen_math_prm_layout
from stepscale.verifiers.adapters.rlhflow import rlhflow_layout
from stepscale.verifiers.adapters.skywork_o1 import skywork_o1_layout
from stepscale.verifiers.adapters.trl import trl_layout
from stepscale.verifiers.contract import FloatArray, StepScores, Trajectory
from stepscale.verifiers.public import adapter_for
from stepscale.verifiers.saved import FILE_NAME, SavedVerifier
from stepscale.verifiers.scoring import warn_of_unread, with_unread
from stepscale.verifiers.served_options import ServedPRM
from stepscale.verifiers.text_to_scores import Encode, Read, encode_lines, read_right, reader

_MIN_PROBABILITY = 1e-12  # probabilities below are taken for this one: their logarithm must be finite
_SLACK = 0.02  # by which the probabilities of a half-precision server may miss 1


class ServedVerifier:
    """A verifier over a pooling server.

    Args:
        settings: Address and model; ``context`` bounds what is sent (tokens), and what does not fit is unread.
        name: As tables and ledgers call it; the model's where None.
    """

    def __init__(self, settings: ServedPRM, name: str | None = None) -> None:
        self.name, self.settings = name or settings.model.rstrip("/").rsplit("/", 1)[-1], settings
        self.parameters = settings.parameters
        self._client = Client(settings)

    @cached_property
    def saved(self) -> SavedVerifier | None:
        """What a verifier that was trained here says about itself; None for one of others."""
        folder = Path(self.settings.source)
        trained_here = self.settings.adapter is None and (folder / FILE_NAME).is_file()
        return SavedVerifier.read(folder) if trained_here else None

    @cached_property
    def _conventions(self) -> tuple[Encode, Read]:
        """How steps are laid out, and how the outputs of one solution are read."""
        settings, source = self.settings, self.settings.source
        tokenizer, longest = load_tokenizer(source), self._client.context()
        if self.saved:
            return encode_lines(StepEncoder(tokenizer, self.saved.layout, longest)), reader(self.saved.labels)
        adapter = settings.adapter or adapter_for(source)
        match adapter:
            case "qwen_math_prm":
                return qwen_math_prm_layout(tokenizer, source, longest), _read_right_second
            case "trl":
                return trl_layout(tokenizer, settings.separator, longest), _read_right_second
            case "math_shepherd":  # served as a classifier of its rows for "+" and "-", in this order
                return math_shepherd_layout(tokenizer, source, longest), read_good_bad
            case "rlhflow":  # likewise
                return rlhflow_layout(tokenizer, source, longest), read_good_bad
            case "skywork_o1":
                return skywork_o1_layout(tokenizer, source, longest), read_right
        raise InputError(f"server: the conventions of {source} are not known by its name; set adapter")

    def encode(self, trajectories: Sequence[Trajectory]) -> list[Encoded]:
        """Token ids and step ends, as they are sent.

        Args:
            trajectories: Problems with their steps.

        Returns:
            One object per trajectory, in order.
        """
        return self._conventions[0](trajectories)

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        """Scores of every step; order kept; counts the server's own usage into ``ledger``.

        Args:
            trajectories: Problems with their steps.
            ledger: Gets the server's own usage.

        Returns:
            One object per trajectory, in order.

        Raises:
            InputError: The server cannot be reached or understood, in one line.
        """
        began, (encode, read) = time.perf_counter(), self._conventions
        distinct = list(dict.fromkeys(trajectories))
        encoded = encode(distinct)
        answers = self._client.map(self._rows, [text for text in encoded if text.step_ends])
        rows = iter(answers)
        empty = np.empty((0, 1), np.float32)
        scores = [with_unread(read, next(rows)[0] if text.step_ends else empty, text.n_unread) for text in encoded]
        warn_of_unread(self.name, encoded)
        tokens, seconds = sum(count for _, count in answers), time.perf_counter() - began
        ledger.add(self.name, "verify", tokens, parameters=self.parameters, seconds=seconds)
        by_trajectory = dict(zip(distinct, scores, strict=True))
        return [by_trajectory[trajectory] for trajectory in trajectories]

    def _rows(self, text: Encoded) -> tuple[FloatArray, int]:
        """Log-probabilities at the step ends [n_steps, K], and the tokens that the server read."""
        body = {
            "model": self.settings.model,
            "input": text.ids,
            "task": "token_classify",
            "encoding_format": "float",
            "add_special_tokens": False,
        }

        def read(answer: Any) -> tuple[FloatArray, int]:
            rows = np.array(answer["data"][0]["data"], np.float32)
            return rows.reshape(len(rows), -1), int(answer["usage"]["prompt_tokens"])

        url = f"{self._client.root.removesuffix('/v1')}/pooling"
        rows, tokens = self._client.post(url, body, read, "a pooling of tokens with usage")
        return self._log_probabilities(self._at_step_ends(rows, text)), tokens

    def _at_step_ends(self, rows: FloatArray, text: Encoded) -> FloatArray:
        if len(rows) == len(text.ids):
            return rows[text.step_ends]
        marks = np.flatnonzero(
            np.array(text.ids) == text.ids[text.step_ends[0]]
        )  # a step's own text may hold the mark too
        if len(rows) == len(marks):
            return rows[np.searchsorted(marks, text.step_ends)]
        raise InputError(
            f"server {self.settings.base_url}: {len(rows)} rows for {len(text.ids)} tokens with {len(marks)} step marks; "
            "serve it with token_classify, as ALL or STEP pooling, and give its own tokenizer"
        )

    def _log_probabilities(self, rows: FloatArray) -> FloatArray:
        """The rows as what the readers take: logarithms, of one output its logit."""
        sums = rows.sum(1) if rows.shape[1] > 1 else np.ones(len(rows))
        if (
            not (np.isfinite(rows).all() and rows.min(initial=0) >= 0 and rows.max(initial=0) <= 1 + _SLACK)
            or (np.abs(sums - 1) > _SLACK).any()
        ):
            raise InputError(
                f"server {self.settings.base_url}: its outputs are not probabilities ({rows[0].tolist()}); serve it with its "
                "activation on"
            )
        clipped = np.clip(rows, _MIN_PROBABILITY, 1.0)
        if rows.shape[1] > 1:
            return np.asarray(np.log(clipped), np.float32)
        return np.asarray(
            np.log(clipped) - np.log(np.clip(1.0 - rows.astype(np.float64), _MIN_PROBABILITY, 1.0)), np.float32
        )


def _read_right_second(logits: FloatArray) -> StepScores:
    """Logits [n, 2] of wrong and right."""
    return read_good_bad(logits[:, ::-1])
