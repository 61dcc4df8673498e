"""Muon for a transformer's matrices, AdamW for everything else, as one optimizer.

Muon orthogonalizes each matrix's momentum, which a small transformer learns several times faster with (measured in
docs/lab.md). It is torch's own; it takes matrices only, hence the pair. Knows nothing about models' meaning or data.
"""

from collections.abc import Callable
from typing import Any

import torch


class MuonAndAdamW(torch.optim.Optimizer):
    """torch.optim.Muon on the hidden matrices, torch.optim.AdamW on embeddings, heads and vectors.

    ``lr`` is Muon's; AdamW's is ``lr * adamw_share``. Schedulers see the groups of both.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        lr: float,
        weight_decay: float,
        adamw_share: float = 0.15,
        betas: tuple[float, float] = (0.9, 0.95),
    ) -> None:
        trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
        hidden = [p for name, p in trained if p.ndim == 2 and ".layers." in name]
        chosen = {id(p) for p in hidden}
        others = [p for _, p in trained if id(p) not in chosen]
        self._parts: list[torch.optim.Optimizer] = [
            torch.optim.Muon(hidden, lr=lr, weight_decay=weight_decay, momentum=0.95),
            torch.optim.AdamW(others, lr=lr * adamw_share, betas=betas, weight_decay=0.0, fused=True),
        ]
        super().__init__([p for _, p in trained], {})
        self.param_groups = [group for part in self._parts for group in part.param_groups]

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step of both. ``closure``, if there is one, is called by each."""
        for part in self._parts:
            part.step(closure)

    def state_dict(self) -> dict[str, Any]:
        """The states of both."""
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the states of both, as ``state_dict`` gave them."""
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self._parts for group in part.param_groups]
