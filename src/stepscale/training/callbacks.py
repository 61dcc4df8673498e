"""What a fit tells while it runs: its learning curves, its progress, and when to stop."""

from collections.abc import Callable
from typing import Any

from transformers import EarlyStoppingCallback, TrainerCallback

from stepscale.progress import Progress
from stepscale.training.optimization import Optimization

_CURVES = ("loss", "eval_loss", "learning_rate", "grad_norm")
OnLog = Callable[[int, dict[str, float]], None]


def fit_callbacks(
    options: Optimization, evaluates: bool, on_log: OnLog | None, progress: Progress
) -> list[TrainerCallback]:
    """Trainer's callbacks of one fit; ``evaluates``: there are validation rows."""
    callbacks: list[TrainerCallback] = [_ProgressCallback(progress)]
    if on_log:
        callbacks.append(_CurvesCallback(on_log))
    if evaluates and options.patience is not None and options.evaluations_per_epoch > 0:
        callbacks.append(_StopCallback(options.patience))
    return callbacks


class _StopCallback(EarlyStoppingCallback):
    """Stops by the validation loss."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Says nothing: that the best weights are not loaded at the end may be what was asked for."""


class _ProgressCallback(TrainerCallback):
    """Counts optimizer steps for whoever waits."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.progress.update()


class _CurvesCallback(TrainerCallback):
    """Hands Trainer's numbers to ``on_log``."""

    def __init__(self, receive: OnLog) -> None:
        self.receive = receive

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        numbers = {name: float(value) for name, value in (logs or {}).items() if name in _CURVES}
        if numbers:
            self.receive(state.global_step, numbers)
