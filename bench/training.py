"""Speed of training: the lab's base model fine-tuned in lanes, as revision models really are, tokens learned from a second.

``train_in_lanes_vs_plain``: against the same fit by ``transformers.Trainer`` on all threads. Rows hold 150 to 400 tokens, in
batches of 32 as the lab has them; both sides begin with the same weights and see the same batches.
Time is that of the optimizer's steps alone: loading is left out on both sides. Verifiers are not trained in lanes: their
heads drop out, and lanes would draw from one generator in any order.
"""

from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch.nn import functional

from bench._lab import BASE, row
from stepscale.engine.loading import load_causal_lm
from stepscale.training.batches import IGNORED, Row
from stepscale.training.fit import fit
from stepscale.training.optimization import Optimization

RUNS = 3
ROWS, LENGTHS = 192, (150, 400)  # rows, tokens of a row (shortest, longest)
OPTIONS = Optimization(
    epochs=1, learning_rate=1e-3, batch_size=32
)  # the lab's (conf/base/parameters.yml), for one epoch


def run(runs: int = RUNS) -> list[dict[str, Any]]:
    """The row of this bench: medians of paired runs."""
    rows = _rows()
    _rate(rows[:64])  # warm
    in_lanes, plain = [], []
    for _ in range(runs):
        in_lanes.append(_rate(rows))
        with patch("stepscale.training.fitting.lanes_to_train", return_value=0):
            plain.append(_rate(rows))
    return [row("train_in_lanes_vs_plain", in_lanes, plain, "tokens/s")]


def _rate(rows: list[Row]) -> float:
    """Tokens a second of a fit from the start."""
    torch.manual_seed(0)
    return fit(load_causal_lm(BASE), rows, [], _loss, OPTIONS, pad_id=0, classes=True).tokens_per_second


def _rows() -> list[Row]:
    """Any tokens will do: learning costs the same whatever they say. Targets are the next tokens."""
    draws = np.random.default_rng(0)
    rows = []
    for length in draws.integers(*LENGTHS, ROWS):
        ids = draws.integers(3, 100, length)
        rows.append(Row(ids.tolist(), np.append(ids[1:], IGNORED).astype(np.float32)))
    return rows


def _loss(outputs: Any, labels: torch.Tensor, items: Any) -> torch.Tensor:
    """Cross entropy of the next tokens, divided by their number in the optimizer's step."""
    logits = outputs.logits.float().flatten(0, 1)
    total = functional.cross_entropy(logits, labels.flatten(), ignore_index=int(IGNORED), reduction="sum")
    return total / (items if items is not None else (labels != IGNORED).sum())


if __name__ == "__main__":
    for line in run():
        print(line)
