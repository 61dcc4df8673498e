"""The settings of a fit as ``transformers.TrainingArguments``: steps, precision, evaluations and checkpoints."""

import os
from typing import Any

import torch
from transformers import TrainingArguments

from stepscale.training.optimization import Optimization


def trainer_arguments(
    options: Optimization, folder: str, steps: int, steps_per_epoch: int, evaluates: bool, seed: int
) -> TrainingArguments:
    """The settings as Trainer takes them.

    Args:
        options: How the model is fitted.
        folder: Where Trainer saves checkpoints.
        steps: Optimizer steps of the whole fit.
        steps_per_epoch: Optimizer steps of an epoch.
        evaluates: Whether there are rows of validation.
        seed: Of Trainer itself; the order of rows has its own.

    Returns:
        Trainer's arguments, for one process on one device.
    """
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
        bf16=options.uses_bfloat16,
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
        arguments._n_gpu = 1  # one process, one device: Trainer would split batches among GPUs that it was not given
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
