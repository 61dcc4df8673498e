"""One fit in this process, on ``transformers.Trainer``: bfloat16, GPUs and gradient accumulation come from configuration.

In: a model and a job. Out: the model, changed in place, and what the fit cost. Knows nothing of what the targets mean.
"""

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
from transformers import PrinterCallback, TrainingArguments

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
    remove_finished_beside,
    steps_of_finished,
    trainer_state,
)
from stepscale.training.lane_trainer import LaneTrainer, lanes_to_train
from stepscale.training.memory import freed_memory_kept
from stepscale.training.optimization import Optimization
from stepscale.training.sharded import gather_weights

_SHORT = 512  # tokens; up to here unfused attention is worth its memory
Loss = Callable[[torch.Tensor, torch.Tensor, Any], torch.Tensor]


@dataclass(frozen=True)
class FitJob:
    """What a model is fitted to, and how; the arguments of ``fit.fit`` by name."""

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

    With FSDP the weights are whole afterwards in the first process alone. With checkpoints it goes on from the last one.

    Args:
        model: A transformers model.
        job: What to fit it to.
        on_log: Gets (optimizer step, numbers) for the learning curves.

    Returns:
        What the fit cost.
    """
    # 1. Batches: rows of like length; one step of the optimizer takes some of each process.
    options, processes = job.options, int(os.environ.get("WORLD_SIZE", "1"))
    seed = seed_for(options.seed, "fit") % 2**31
    lengths = [len(row.ids) for row in job.rows]
    n_batches = -(-len(lengths) // options.batch_size)
    batches_per_step = options.gradient_accumulation * processes
    steps = max(1, round(n_batches * options.epochs / batches_per_step))
    validation = sorted(job.validation, key=lambda row: len(row.ids))  # read in this order, so padding is little
    sampler = LikeLengthSampler(lengths, options.batch_size, seed)
    # 2. How to compute: attention that suits the precision, lanes where they pay.
    lanes = _suited_to(model, options, max(lengths, default=0))
    place = checkpoint_folder(model, [tuple(job.rows), tuple(job.validation)], options)
    # 3. The fit; without checkpoints, what Trainer saves lives as long as the fit does.
    scratch = nullcontext(str(place)) if place else tempfile.TemporaryDirectory()
    with lanes, scratch as folder, progress("training", steps, "optimizer steps") as bar:
        trainer = FitTrainer(
            model,
            _arguments(options, folder, steps, n_batches // batches_per_step, bool(validation), seed),
            train_dataset=job.rows,
            eval_dataset=validation or None,
            data_collator=partial(pad_rows, pad_id=job.pad_id, classes=job.classes),
            callbacks=fit_callbacks(options, bool(validation), on_log, bar, sampler),
            compute_loss_func=lambda outputs, labels, num_items_in_batch=None: job.loss(
                outputs, labels, num_items_in_batch
            ),
            sampler=sampler,
            lanes=lanes,
            bfloat16=_bfloat16(options),
        )
        trainer.remove_callback(PrinterCallback)
        started = time.perf_counter()
        with quiet():
            done = _train(trainer, place, options, processes)
        seconds = time.perf_counter() - started
        if trainer.is_fsdp_enabled:
            gather_weights(model, trainer.accelerator.get_state_dict(trainer.model_wrapped))
    del trainer
    model.eval()
    # 4. Its cost; tokens of a part of an epoch are counted by the mean of its batches.
    tokens = round(sum(lengths) * done * batches_per_step / max(n_batches, 1))
    return FitReport(done, tokens, padding_share(LikeLengthSampler(lengths, options.batch_size, seed)), seconds)


def _suited_to(model: Any, options: Optimization, longest: int) -> Lanes:
    """Give ``model`` the attention that suits precision and length (tokens); returns the lanes to train it in."""
    if _bfloat16(options) and not torch.cuda.is_available() and longest <= _SHORT:
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
    done = _steps_of_ended(place, checkpoint, options)
    if checkpoint and done:  # Trainer would make a further step before it sees that all are made
        keeps_best = options.patience is not None and options.keep == "best"
        best = trainer_state(checkpoint)["best_model_checkpoint"] if keeps_best else None
        trainer._load_from_checkpoint(best or str(checkpoint))
    else:
        done = int(trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None).global_step)
    mark_finished(place, done)
    return done


def _steps_of_ended(place: Path, checkpoint: Path | None, options: Optimization) -> int | None:
    """The steps of a fit that had ended, or had made its last step, before it was killed; else None."""
    if not checkpoint:
        return None
    state = trainer_state(checkpoint)
    ended = state["global_step"] >= state["max_steps"] or has_stopped(state, options)
    return steps_of_finished(place) or (int(state["global_step"]) if ended else None)


def _arguments(
    options: Optimization, folder: str, steps: int, steps_per_epoch: int, evaluates: bool, seed: int
) -> TrainingArguments:
    """The settings as Trainer takes them."""
    fsdp = options.parallel == "fsdp" and int(os.environ.get("WORLD_SIZE", "1")) > 1
    wrapped = {"activation_checkpointing": options.gradient_checkpointing}  # FSDP has its own
    arguments = TrainingArguments(
        output_dir=folder,
        max_steps=steps,
        per_device_train_batch_size=options.batch_size,
        per_device_eval_batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        lr_scheduler_type=options.schedule,
        warmup_steps=round(options.warmup * steps),
        gradient_accumulation_steps=options.gradient_accumulation,
        weight_decay=options.weight_decay,
        adam_beta1=options.beta1,
        adam_beta2=options.beta2,
        max_grad_norm=options.max_grad_norm,
        bf16=_bfloat16(options),
        use_cpu=not torch.cuda.is_available(),
        optim="adamw_torch_fused",
        logging_steps=options.log_every,
        activation_checkpointing=options.gradient_checkpointing and not fsdp,
        fsdp=fsdp,
        fsdp_config=wrapped if fsdp else None,
        prediction_loss_only=True,
        report_to="none",
        disable_tqdm=True,
        seed=seed,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        **_evaluating_and_saving(options, steps_per_epoch, evaluates),
    )
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1  # one process, one device: Trainer would split batches among GPUs that nobody gave it
    return arguments


def _evaluating_and_saving(options: Optimization, steps_per_epoch: int, evaluates: bool) -> dict[str, Any]:
    """When the validation loss is computed, which checkpoints are saved, and which of them is the result."""
    evaluates = evaluates and options.evaluations_per_epoch > 0
    steps_between = max(1, steps_per_epoch // max(options.evaluations_per_epoch, 1))
    stops = evaluates and options.patience is not None
    keep_best = stops and options.keep == "best"
    resumable = options.checkpoints
    return {
        "eval_strategy": "steps" if evaluates else "no",
        "eval_steps": steps_between,
        "save_strategy": "steps" if keep_best or resumable else "no",
        "save_steps": steps_between if keep_best or not resumable else resumable.every,
        "save_total_limit": 2 if stops else 1,  # the best and the last: of one, Trainer would leave the best alone
        "save_only_model": not resumable,
        "restore_callback_states_from_checkpoint": bool(resumable),
        "load_best_model_at_end": keep_best,
        "metric_for_best_model": "eval_loss" if stops else None,
        "greater_is_better": False,
    }


def _bfloat16(options: Optimization) -> bool:
    if options.precision != "auto":
        return options.precision == "bfloat16"
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
