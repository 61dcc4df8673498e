"""Fits a transformers model to rows of (token ids, targets): one optimisation for generators and verifiers alike.

In: a model, rows, a loss over (logits, labels) and the optimisation's settings. Out: the model, changed in place, and
what the fit cost. Runs on ``transformers.Trainer`` (so bf16, several GPUs through accelerate and gradient accumulation come
from configuration); batches are padded and grouped by length beforehand. Knows nothing of what the targets mean. The
models are causal: padding stands on the right, where no real token sees it, so no attention mask is needed.
"""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback, TrainingArguments

from stepscale.engine.lanes import Lanes
from stepscale.errors import InputError
from stepscale.progress import Progress, progress
from stepscale.seeds import seed_for
from stepscale.training.lane_trainer import LaneTrainer, lanes_to_train
from stepscale.training.memory import freed_memory_kept
from stepscale.training.optimization import Optimization

_SHORT = 512  # tokens; up to here unfused attention is worth its memory
IGNORED = -100.0  # target of a token that is not learned from; the value transformers uses
_CURVES = ("loss", "eval_loss", "learning_rate", "grad_norm")
_MULTIPLE = 8  # tokens; fewer sizes of tensors leave less memory in pieces, and GPUs like them
_SORTED_TOGETHER = 50  # batches whose rows are sorted by length together: little padding, yet batches stay random

OnLog = Callable[[int, dict[str, float]], None]
Loss = Callable[[torch.Tensor, torch.Tensor, Any], torch.Tensor]


@dataclass(frozen=True)
class Row:
    """One sequence. ``ids`` and ``targets`` are of one length; ``IGNORED`` marks a token that is not learned from."""

    ids: Sequence[int]
    targets: NDArray[np.float32]


@dataclass(frozen=True)
class FitReport:
    """What a fit cost. ``padding``: share of the places computed that were padding. ``tokens``: real ones, all epochs."""

    steps: int
    tokens: int
    padding: float
    seconds: float

    @property
    def tokens_per_second(self) -> float:
        """Real tokens learned from or read, a second."""
        return self.tokens / max(self.seconds, 1e-9)


class Batches(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """Padded batches of rows of like length: input_ids [B, T] int64 and labels [B, T] (int64 classes or float32 values)."""

    def __init__(self, rows: Sequence[Row], batch_size: int, pad_id: int, classes: bool, seed: int) -> None:
        order = np.random.default_rng(seed).permutation(len(rows))
        lengths = np.array([len(row.ids) for row in rows])
        block = batch_size * _SORTED_TOGETHER
        blocks = [order[i : i + block] for i in range(0, len(order), block)]
        order = np.concatenate([b[np.argsort(lengths[b], kind="stable")] for b in blocks]) if len(rows) else order
        groups = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
        self.batches = [_pad([rows[i] for i in group], pad_id, classes) for group in groups]
        places = sum(batch["input_ids"].numel() for batch in self.batches)
        self.tokens = int(lengths.sum())
        self.padding = 1 - self.tokens / max(places, 1)

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return self.batches[index]


@freed_memory_kept()
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
    """Fit ``model`` to ``rows`` in place; ``on_log`` gets (optimizer step, numbers) for the learning curves.

    ``loss(outputs, labels, items)``: the sum over targets divided by ``items``, the number of targets in the whole optimizer
    step (None when evaluating). ``classes`` makes labels integers. ``validation`` may be empty, but not if
    ``options.patience`` waits for its loss: raises InputError.
    """
    if options.patience is not None and not validation:
        raise InputError(
            f"optimization.patience: {options.patience} stops by the loss of validation examples, and this training has none; "
            "set it to null, or keep problems apart for validation"
        )
    if options.processes > 1:
        from stepscale.training.side_by_side import fit_side_by_side

        alone = options.model_copy(update={"processes": 1})
        job = {"rows": list(rows), "validation": list(validation), "loss": loss, "options": alone}
        return fit_side_by_side(model, job | {"pad_id": pad_id, "classes": classes}, options.processes, on_log)
    seed = seed_for(options.seed, "fit") % 2**31
    train = Batches(rows, options.batch_size, pad_id, classes, seed)
    valid = Batches(validation, options.batch_size, pad_id, classes, seed) if validation else None
    together = options.gradient_accumulation * int(os.environ.get("WORLD_SIZE", "1"))  # batches of an optimizer step
    steps = max(1, round(len(train) * options.epochs / together))
    longest = max((len(row.ids) for row in rows), default=0)
    if _bfloat16(options) and not torch.cuda.is_available() and longest <= _SHORT:
        model.set_attn_implementation("eager")  # the fused attention's backward pass is 4x slower in bfloat16 on a CPU
    lanes = Lanes(lanes_to_train(model, options.batch_size, options.gradient_accumulation))
    with lanes, tempfile.TemporaryDirectory() as scratch, progress("training", steps, "optimizer steps") as shown:
        trainer = LaneTrainer(
            model,
            _arguments(options, scratch, steps, len(train) // together, valid is not None, seed),
            train_dataset=train,
            eval_dataset=valid,
            data_collator=_only_one,
            callbacks=_callbacks(options, valid is not None, on_log, shown),
            compute_loss_func=lambda outputs, labels, num_items_in_batch=None: loss(
                outputs, labels, num_items_in_batch
            ),
            lanes=lanes,
            bfloat16=_bfloat16(options),
        )
        trainer.remove_callback(PrinterCallback)
        started = time.perf_counter()
        done = trainer.train().global_step
        seconds = time.perf_counter() - started
    del trainer
    model.eval()
    tokens = round(train.tokens * done * together / max(len(train), 1))
    return FitReport(done, tokens, train.padding, seconds)


def _arguments(
    options: Optimization, scratch: str, steps: int, steps_per_epoch: int, evaluates: bool, seed: int
) -> TrainingArguments:
    evaluates = evaluates and options.evaluations_per_epoch > 0
    every = max(1, steps_per_epoch // max(options.evaluations_per_epoch, 1))
    stops = evaluates and options.patience is not None
    keep_best = stops and options.keep == "best"
    arguments = TrainingArguments(
        output_dir=scratch,
        max_steps=steps,
        per_device_train_batch_size=1,
        per_device_eval_batch_size=1,
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
        eval_strategy="steps" if evaluates else "no",
        eval_steps=every,
        save_strategy="steps" if keep_best else "no",
        save_steps=every,
        save_total_limit=1,
        save_only_model=True,
        load_best_model_at_end=keep_best,
        metric_for_best_model="eval_loss" if stops else None,
        greater_is_better=False,
        prediction_loss_only=True,
        report_to="none",
        disable_tqdm=True,
        seed=seed,
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
    )
    if arguments.n_gpu > 1:
        arguments._n_gpu = (
            1  # one process, one device: Trainer would else split a batch of ours, which it takes for one row
        )
    return arguments


class _Stop(EarlyStoppingCallback):
    """Stops by the validation loss."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Says nothing: that the best weights are not loaded at the end may be what was asked for."""


class _Shown(TrainerCallback):
    """Counts optimizer steps for whoever waits."""

    def __init__(self, shown: Progress) -> None:
        self.shown = shown

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.shown.update()


def _bfloat16(options: Optimization) -> bool:
    if options.precision != "auto":
        return options.precision == "bfloat16"
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


class _Curves(TrainerCallback):
    """Hands Trainer's numbers to ``on_log``."""

    def __init__(self, receive: OnLog) -> None:
        self.receive = receive

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        kept = {name: float(value) for name, value in (logs or {}).items() if name in _CURVES}
        if kept:
            self.receive(state.global_step, kept)


def _callbacks(options: Optimization, evaluates: bool, on_log: OnLog | None, shown: Progress) -> list[TrainerCallback]:
    told: list[TrainerCallback] = [_Shown(shown), *([_Curves(on_log)] if on_log else [])]
    stops = evaluates and options.patience is not None and options.evaluations_per_epoch > 0
    return [*told, _Stop(options.patience)] if stops else told


def _pad(rows: Sequence[Row], pad_id: int, classes: bool) -> dict[str, torch.Tensor]:
    longest = max(len(row.ids) for row in rows)
    longest += -longest % _MULTIPLE
    ids = np.full((len(rows), longest), pad_id, np.int64)
    labels = np.full((len(rows), longest), IGNORED, np.int64 if classes else np.float32)
    for place, row in enumerate(rows):
        ids[place, : len(row.ids)] = row.ids
        labels[place, : len(row.ids)] = row.targets
    return {"input_ids": torch.from_numpy(ids), "labels": torch.from_numpy(labels)}


def _only_one(batches: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    return batches[0]
