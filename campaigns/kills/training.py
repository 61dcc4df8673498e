"""A small classifier's fit with checkpoints: killed and begun again, it must end with the same weights, bit by bit."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from campaigns.kills.work import Work
from stepscale.training.batches import IGNORED, Row
from tests.tiny_models import tiny_classifier

_VOCABULARY, _CLASSES = 30, 3


class Training(Work):
    """A fit of 30 optimizer steps, a checkpoint after each third."""

    name = "training"

    def run(self, shared: Path, folder: Path) -> None:
        """Fit, and leave a hash of each parameter."""
        import torch

        from stepscale.training.fit import fit
        from stepscale.training.optimization import Checkpoints, Optimization

        torch.set_num_threads(1)
        model = tiny_classifier(num_hidden_layers=1, classifier_dropout=0.1)
        options = Optimization(
            epochs=3.0,
            batch_size=8,
            learning_rate=1e-2,
            precision="float32",
            log_every=10,
            checkpoints=Checkpoints(folder=str(folder / "checkpoints"), every=3),
        )
        fit(model, _rows(80), [], _loss, options, pad_id=0, classes=True, on_log=lambda *_: None)
        lines = [
            f"{name} {sha256(weight.numpy().tobytes()).hexdigest()}" for name, weight in model.state_dict().items()
        ]
        (folder / "weights").write_text("\n".join(lines))

    def results(self, folder: Path) -> dict[str, bytes]:
        """The weights' hashes."""
        return {"weights": (folder / "weights").read_bytes()}


def _rows(n: int) -> list[Row]:
    rng = np.random.default_rng(0)
    rows = []
    for length in rng.integers(5, 21, n):
        ids = rng.integers(1, _VOCABULARY, length)
        targets = (ids % _CLASSES).astype(np.float32)
        targets[: length // 2] = IGNORED
        rows.append(Row(ids.tolist(), targets))
    return rows


def _loss(outputs: Any, labels: Any, items: Any) -> Any:
    from torch.nn import functional

    logits = outputs.logits.flatten(0, 1)
    total = functional.cross_entropy(logits, labels.flatten(), ignore_index=int(IGNORED), reduction="sum")
    return total / items
