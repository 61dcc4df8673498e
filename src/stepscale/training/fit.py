"""Fits a model to rows: here, or in several processes with a GPU each.

In: a model, rows, a loss and the optimization's settings. Out: the model, changed in place, and what the fit cost. One
optimization for generators and verifiers alike. Knows nothing about what the targets mean.
"""

import os
from collections.abc import Sequence
from typing import Any

import torch

from stepscale.errors import InputError
from stepscale.training.batches import Row
from stepscale.training.callbacks import OnLog
from stepscale.training.fitting import FitJob, FitReport, Loss, fit_here
from stepscale.training.optimization import Optimization
from stepscale.training.side_by_side import fit_side_by_side


def fit(
    model: Any,
    rows: Sequence[Row],
    validation: Sequence[Row],
    loss: Loss,
    options: Optimization,
    *,
    pad_id: int,
    classes: bool,
    on_log: OnLog | None = None,
) -> FitReport:
    """Fit ``model`` to ``rows`` in place.

    Args:
        model: A transformers model.
        rows: What it learns from.
        validation: Rows whose loss is evaluated; may be empty where nothing waits for it.
        loss: ``loss(outputs, labels, items)``: the sum over targets divided by ``items``, the number of targets in the whole
            optimizer step (None when evaluating).
        options: Settings of the optimization.
        pad_id: Token that fills short rows up.
        classes: Labels are integers.
        on_log: Gets (optimizer step, numbers) for the learning curves.

    Returns:
        What the fit cost.

    Raises:
        InputError: ``options.patience`` needs the loss of validation rows, and ``validation`` is empty.
    """
    if options.patience is not None and not validation:
        raise InputError(
            f"optimization.patience: {options.patience} stops by the loss of validation examples, and this training has none; "
            "set it to null, or keep problems apart for validation"
        )
    job = FitJob(tuple(rows), tuple(validation), loss, options, pad_id, classes)
    if options.processes > 1:
        return fit_side_by_side(model, job, on_log)
    return fit_here(model, job, on_log if is_first_process() else None)


def is_first_process() -> bool:
    """Whether this process saves and reports: the only one, or the first that accelerate or torchrun launched."""
    return os.environ.get("RANK", "0") == "0"


def wait_for_all() -> None:
    """Wait until all processes of a fit are here."""
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
