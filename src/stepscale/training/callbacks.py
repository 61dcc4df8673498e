"""Callbacks of a fit: its learning curves, its progress, and when to stop."""

from collections.abc import Callable
from typing import Any

from transformers import EarlyStoppingCallback, TrainerCallback

from stepscale.progress import Progress
from stepscale.training.batches import LikeLengthSampler
from stepscale.training.optimization import Optimization

_CURVES = ("loss", "eval_loss", "learning_rate", "grad_norm")
OnLog = Callable[[int, dict[str, float]], None]


def fit_callbacks(
    options: Optimization, evaluates: bool, on_log: OnLog | None, progress: Progress, sampler: LikeLengthSampler
) -> list[TrainerCallback]:
    """Trainer's callbacks of one fit.

    Args:
        options: Patience, and evaluations per epoch.
        evaluates: Whether there are validation rows.
        on_log: Gets each step's metrics; None: they are not reported.
        progress: Shows the steps.
        sampler: Takes the order of an epoch as it begins.
    """
    callbacks: list[TrainerCallback] = [_ProgressCallback(progress), _EpochCallback(sampler)]
    if on_log:
        callbacks.append(_CurvesCallback(on_log))
    if evaluates and options.patience is not None and options.evaluations_per_epoch > 0:
        callbacks.append(_StopCallback(options.patience))
    return callbacks


def has_stopped(state: dict[str, Any], options: Optimization) -> bool:
    """Whether a fit had waited long enough when it noted ``state`` (Trainer's, as JSON).

    Args:
        state: As Trainer writes it beside a checkpoint.
        options: With the patience of the fit.
    """
    waited = state.get("stateful_callbacks", {}).get(_StopCallback.__name__)
    counted = waited["attributes"]["early_stopping_patience_counter"] if waited else 0
    return options.patience is not None and counted >= options.patience


class _StopCallback(EarlyStoppingCallback):
    """Stops by the validation loss."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Without the warning of the base class: not loading the best weights at the end may be intended."""

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stop if it is time, and save the weights there if checkpoints are kept, so that a finished fit can load them."""
        super().on_evaluate(args, state, control, **kwargs)
        if control.should_training_stop and args.save_strategy != "no":
            control.should_save = True


class _ProgressCallback(TrainerCallback):
    """Shows how many optimizer steps are done."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.progress.update(state.global_step)  # those of a checkpoint

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.progress.update()


class _EpochCallback(TrainerCallback):
    """Tells the sampler which epoch begins: accelerate's loaders tell only some samplers."""

    def __init__(self, sampler: LikeLengthSampler) -> None:
        self.sampler = sampler

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.sampler.begin_epoch(int(state.epoch))


class _CurvesCallback(TrainerCallback):
    """Hands Trainer's numbers to ``on_log``; first those up to the checkpoint that the fit resumes from."""

    def __init__(self, receive: OnLog) -> None:
        self.receive = receive

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        for entry in state.log_history:
            self._hand_on(entry["step"], entry)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self._hand_on(state.global_step, logs or {})

    def _hand_on(self, step: int, logs: dict[str, Any]) -> None:
        numbers = {name: float(value) for name, value in logs.items() if name in _CURVES}
        if numbers:
            self.receive(step, numbers)
