"""A ``transformers.Trainer`` that learns from a small model's batch in several lanes, one thread each.

The products of a small model are too small to share among threads. Parts of a batch in parallel threads are faster than the
batch on all threads, the more so the longer its rows. Each lane has its own model object with the same weights. Their
gradients are added in the order of the lanes, so a fit gives the same weights again on the same number of threads.
"""

import copy
import os
from collections.abc import Mapping
from typing import Any

import torch
from transformers import Trainer

from stepscale.engine.lanes import Lanes, lanes_for, runs_on_one_core

_MIN_LANE_ROWS = 8  # in a lane; fewer are not worth a thread
_MAX_LANE_SQUARES = 1_000_000  # rows x length^2 learned from at once: what unfused attention keeps for its way back


def lanes_to_train(model: torch.nn.Module, batch_size: int, gradient_accumulation: int) -> int:
    """The best number of lanes for a fit.

    Args:
        model: To be trained.
        batch_size: Rows of a batch, which the lanes share.
        gradient_accumulation: Batches per optimizer step.

    Returns:
        Lanes; 0 where they would change the fit (dropout, several processes) or not pay, and with a GPU, to which Trainer will
        move the model.
    """
    drops = any(isinstance(part, torch.nn.Dropout) and part.p > 0 for part in model.modules())
    drops = drops or getattr(model.config, "attention_dropout", 0.0) > 0
    alone = int(os.environ.get("WORLD_SIZE", "1")) == 1 and gradient_accumulation == 1
    parameters = list(model.parameters())
    if drops or not alone or torch.cuda.is_available() or not runs_on_one_core(parameters):
        return 0
    return max(1, min(lanes_for(parameters), batch_size // _MIN_LANE_ROWS))


class LaneTrainer(Trainer):
    """Trainer over opened lanes; with none it is Trainer itself. Needs ``compute_loss_func``.

    Args:
        model: The model that is trained; each lane has a replica that shares its weights.
        args: As Trainer takes them.
        lanes: Opened; each learns from a share of the batch.
        bfloat16: Whether lanes compute in bfloat16, by autocast.
        kwargs: As Trainer takes them.
    """

    def __init__(self, model: Any, *args: Any, lanes: Lanes, bfloat16: bool, **kwargs: Any) -> None:
        self.lanes, self.bfloat16 = lanes, bfloat16
        self.replicas = [_replica(model) for _ in range(lanes.n)]  # before Trainer wraps the model
        super().__init__(model, *args, **kwargs)

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """Forward and backward of one batch; gradients are left in ``model``.

        Args:
            model: The model that is trained.
            inputs: The batch.
            num_items_in_batch: Targets of all batches of the step.

        Returns:
            The loss.
        """
        if not self.replicas:
            loss: torch.Tensor = super().training_step(model, inputs, num_items_in_batch)
            return loss
        parts = _parts(self._prepare_inputs(inputs), self.lanes.n)

        def learn(lane: int) -> torch.Tensor:
            losses = []
            for part in parts[lane :: self.lanes.n]:
                with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
                    part_loss = self.compute_loss(self.replicas[lane], part, num_items_in_batch=num_items_in_batch)
                part_loss.backward()
                losses.append(part_loss.detach())
            return torch.stack(losses).sum() if losses else torch.zeros(())

        losses = self.lanes.map(learn, range(self.lanes.n))
        # Gradients are added in the order of the lanes, whichever ended first.
        for parameter, *copies in zip(
            model.parameters(), *(replica.parameters() for replica in self.replicas), strict=True
        ):
            for copy_ in copies:
                if copy_.grad is not None:
                    parameter.grad = copy_.grad if parameter.grad is None else parameter.grad.add_(copy_.grad)
                    copy_.grad = None
        return torch.stack(losses).sum()


def _replica(model: Any) -> Any:
    """A copy of ``model`` that shares its weights but has its own gradients."""
    replica = copy.deepcopy(model)
    for copied, original in zip(replica.parameters(), model.parameters(), strict=True):
        copied.data = original.data
    return replica.train()


def _parts(batch: Mapping[str, torch.Tensor], lanes: int) -> list[dict[str, torch.Tensor]]:
    """The batch in parts for the lanes to take in turn: one each, or more where long rows would take much memory."""
    rows, length = batch["input_ids"].shape
    turns = -(-rows * length**2 // (lanes * _MAX_LANE_SQUARES))
    chunks = [values.chunk(lanes * turns) for values in batch.values()]
    return [dict(zip(batch, values, strict=True)) for values in zip(*chunks, strict=True)]
