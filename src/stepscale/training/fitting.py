"""One fit in this process, on ``transformers.Trainer``: bfloat16, GPUs and gradient accumulation come from configuration.

In: a model and a job. Out: the model, changed in place, and what the fit cost. Knows nothing about what the targets mean.
"""

import logging
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback

from stepscale.engine.lanes import Lanes
from stepscale.engine.loading import quiet
from stepscale.progress import progress
from stepscale.seeds import seed_for
from stepscale.training.batches import LikeLengthSampler, Row, pad_rows, padding_share
from stepscale.training.callbacks import OnLog, fit_callbacks, has_stopped
from stepscale.training.checkpoints import (
    checkpoint_folder,
    last_whole_checkpoint,
    mark_finished,
    note_revision,
    remove_finished_beside,
    revisions_of,
    steps_of_finished,
    trainer_state,
)
from stepscale.training.lane_trainer import LaneTrainer, lanes_to_train
from stepscale.training.memory import freed_memory_kept
from stepscale.training.optimization import Optimization
from stepscale.training.sharded import gather_weights
from stepscale.training.trainer_arguments import trainer_arguments

logger = logging.getLogger(__name__)

_MAX_UNFUSED_TOKENS = 512  # tokens; up to here unfused attention is worth its memory
Loss = Callable[[torch.Tensor, torch.Tensor, Any], torch.Tensor]


@dataclass(frozen=True)
class FitJob:
    """What a model is fitted to, and how; the arguments of ``fit.fit`` by name.

    Attributes:
        rows: What it learns from.
        validation: Rows whose loss is evaluated; may be empty where nothing waits for it.
        loss: Of outputs, labels and the number of targets in the whole optimizer step (None when evaluating).
        options: Settings of the optimization.
        pad_id: Token that fills short rows up.
        classes: Labels are classes (int64), not numbers (float32).
    """

    rows: Sequence[Row]
    validation: Sequence[Row]
    loss: Loss
    options: Optimization
    pad_id: int
    classes: bool


@dataclass(frozen=True)
class FitReport:
    """What a fit cost.

    Attributes:
        steps: Optimizer steps.
        tokens: Real tokens of all epochs, without padding.
        padding: Share of the places computed that were padding.
        seconds: Wall time.
    """

    steps: int
    tokens: int
    padding: float
    seconds: float

    @property
    def tokens_per_second(self) -> float:
        """Real tokens learned from or read, per second."""
        return self.tokens / max(self.seconds, 1e-9)


class FitTrainer(LaneTrainer):
    """Trainer that takes rows in the order of a sampler, and rows of validation as they come."""

    def __init__(self, *args: Any, sampler: LikeLengthSampler, **kwargs: Any) -> None:
        self._sampler = sampler
        super().__init__(*args, **kwargs)

    def _get_train_sampler(self, train_dataset: Any = None) -> LikeLengthSampler:
        return self._sampler


@freed_memory_kept()
def fit_here(model: Any, job: FitJob, on_log: OnLog | None) -> FitReport:
    """Fit ``model`` in place in this process, which may be one of several that torchrun or accelerate launched.

    With FSDP only the first process has the whole weights afterwards. With checkpoints the fit resumes from the last one.

    Args:
        model: A transformers model.
        job: What to fit it to.
        on_log: Gets (optimizer step, numbers) for the learning curves.

    Returns:
        What the fit cost.
    """
    # 1. Batches: rows of like length; one step of the optimizer takes some of each process.
    options, processes = job.options, int(os.environ.get("WORLD_SIZE", "1"))
    lengths = [len(row.ids) for row in job.rows]
    n_batches = -(-len(lengths) // options.batch_size)
    batches_per_step = options.gradient_accumulation * processes
    steps = max(1, round(n_batches * options.epochs / batches_per_step))
    # 2. How to compute: attention that suits the precision, lanes where they pay.
    lanes = _suited_to(model, options, max(lengths, default=0))
    place = checkpoint_folder(model, [tuple(job.rows), tuple(job.validation)], options, job.loss)
    # 3. The fit; without checkpoints, what Trainer saves lives as long as the fit does.
    scratch = nullcontext(str(place)) if place else tempfile.TemporaryDirectory()
    with lanes, scratch as folder, progress("training", steps, "optimizer steps") as bar:
        trainer = _trainer(model, job, folder, (steps, n_batches // batches_per_step), on_log, bar, lanes)
        started = time.perf_counter()
        with quiet():
            steps_taken = _train(trainer, place, options, processes)
        seconds = time.perf_counter() - started
        if trainer.is_fsdp_enabled:
            gather_weights(model, trainer.accelerator.get_state_dict(trainer.model_wrapped))
    del trainer
    model.eval()
    # 4. Its cost; tokens of a part of an epoch are counted by the mean of its batches.
    tokens = round(sum(lengths) * steps_taken * batches_per_step / max(n_batches, 1))
    return FitReport(steps_taken, tokens, padding_share(_sampler(job)), seconds)


def _sampler(job: FitJob) -> LikeLengthSampler:
    lengths = [len(row.ids) for row in job.rows]
    return LikeLengthSampler(lengths, job.options.batch_size, _fit_seed(job.options))


def _fit_seed(options: Optimization) -> int:
    return seed_for(options.seed, "fit") % 2**31


def _trainer(
    model: Any, job: FitJob, folder: str, steps: tuple[int, int], on_log: OnLog | None, bar: Any, lanes: Lanes
) -> FitTrainer:
    """The trainer of one fit; ``steps``: of the optimizer, in all and per epoch."""
    options, sampler = job.options, _sampler(job)
    validation = sorted(job.validation, key=lambda row: len(row.ids))  # read in this order, so padding is little
    trainer = FitTrainer(
        model,
        trainer_arguments(options, folder, *steps, bool(validation), _fit_seed(options)),
        train_dataset=job.rows,
        eval_dataset=validation or None,
        data_collator=partial(pad_rows, pad_id=job.pad_id, classes=job.classes),
        callbacks=fit_callbacks(options, bool(validation), on_log, bar, sampler),
        compute_loss_func=lambda outputs, labels, num_items_in_batch=None: job.loss(
            outputs, labels, num_items_in_batch
        ),
        sampler=sampler,
        lanes=lanes,
        bfloat16=options.uses_bfloat16,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _suited_to(model: Any, options: Optimization, longest: int) -> Lanes:
    """Give ``model`` the attention that suits precision and length (tokens); returns the lanes to train it in."""
    if options.uses_bfloat16 and not torch.cuda.is_available() and longest <= _MAX_UNFUSED_TOKENS:
        model.set_attn_implementation("eager")  # the fused attention's backward pass is 4x slower in bfloat16 on a CPU
    n_lanes = lanes_to_train(model, options.batch_size, options.gradient_accumulation)
    return Lanes(0 if options.gradient_checkpointing else n_lanes)  # replicas keep their activations


def _train(trainer: FitTrainer, place: Path | None, options: Optimization, processes: int) -> int:
    """Train, from the last whole checkpoint if there is one; returns the number of optimizer steps."""
    if place is None:
        return int(trainer.train().global_step)
    with trainer.args.main_process_first(desc="finding the last checkpoint"):
        checkpoint = last_whole_checkpoint(place, processes)
        remove_finished_beside(place)
    if trainer.is_world_process_zero():
        _log_reuse(place, checkpoint)
        note_revision(place)
    steps_taken = _steps_of_ended(place, checkpoint, options)
    if checkpoint and steps_taken:  # Trainer would make a further step before it sees that all are made
        keeps_best = options.patience is not None and options.keep == "best"
        best = trainer_state(checkpoint)["best_model_checkpoint"] if keeps_best else None
        trainer._load_from_checkpoint(best or str(checkpoint))
    else:
        steps_taken = int(trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None).global_step)
    mark_finished(place, steps_taken)
    return steps_taken


def _log_reuse(place: Path, checkpoint: Path | None) -> None:
    """Log how many optimizer steps are reused, and from which revision."""
    if checkpoint:
        state = trainer_state(checkpoint)
        made_at = f"made at revision {', '.join(revisions_of(place)) or 'unknown'}"
        logger.info("training: %d of %d optimizer steps reused (%s)", state["global_step"], state["max_steps"], made_at)


def _steps_of_ended(place: Path, checkpoint: Path | None, options: Optimization) -> int | None:
    """The steps of a fit that had ended, or had made its last step, before it was killed; else None."""
    if not checkpoint:
        return None
    state = trainer_state(checkpoint)
    ended = state["global_step"] >= state["max_steps"] or has_stopped(state, options)
    return steps_of_finished(place) or (int(state["global_step"]) if ended else None)
