"""The settings of a fit, in a file of their own, so that parameters are checked without importing torch."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from stepscale.engine.precision import is_fast_at_bfloat16
from stepscale.formats.output import make_folder
from stepscale.user_paths import written_out
from stepscale.user_settings import UserSettings


class Checkpoints(UserSettings):
    """Where a fit saves what it needs to resume after a kill: weights, optimizer, schedule, random states."""

    folder: str = Field(
        pattern=r"\S", description="folder; each fit has one of its own in it, named by all that decides its weights"
    )
    every: int = Field(
        100, ge=1, description="optimizer steps between two; with patience and keep: best, one at each evaluation"
    )

    def make(self) -> Path:
        """The folder, which is made if it does not exist.

        Raises:
            InputError: It cannot be made or written to.
        """
        folder = written_out(self.folder)
        make_folder(folder, f"checkpoints.folder: {self.folder}", "name another folder")
        return folder


class Optimization(UserSettings):
    """How a model is fitted. Defaults suit a model of about a million parameters; papers' values in the config files."""

    epochs: float = Field(2.0, gt=0, le=10_000, description="passes over the rows")
    learning_rate: float = Field(1e-3, gt=0, le=10, description="peak rate of AdamW")
    schedule: Literal["constant", "linear", "cosine", "constant_with_warmup"] = Field(
        "cosine", description="how the rate falls"
    )
    warmup: float = Field(0.05, ge=0, lt=1, description="share of the optimizer steps over which the rate rises")
    batch_size: int = Field(128, ge=1, description="rows in a batch of one device")
    gradient_accumulation: int = Field(1, ge=1, description="batches summed into one optimizer step")
    processes: int = Field(
        1,
        ge=1,
        description="training side by side on so many GPUs of this machine, through accelerate, each a batch at a time",
    )
    parallel: Literal["ddp", "fsdp"] = Field(
        "ddp",
        description="several processes: ddp gives each the whole model; fsdp cuts weights, gradients and AdamW's moments "
        "among them",
    )
    gradient_checkpointing: bool = Field(
        False, description="compute activations again on the way back: less memory, about a third more time"
    )
    weight_decay: float = Field(0.01, ge=0)
    beta1: float = Field(0.9, ge=0, lt=1)
    beta2: float = Field(0.95, ge=0, lt=1)
    max_grad_norm: float = Field(1.0, ge=0, description="gradients are scaled down to this norm; 0 leaves them")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="of the products, weights stay float32; auto: bfloat16 where the hardware has it"
    )
    log_every: int = Field(20, ge=1, description="optimizer steps between two points of a learning curve")
    evaluations_per_epoch: int = Field(
        2, ge=0, description="evaluations of the validation loss in an epoch; 0 for none"
    )
    patience: int | None = Field(
        None, ge=1, description="stop after so many evaluations of the validation loss without gain"
    )
    keep: Literal["best", "last"] = Field(
        "best",
        description="weights where patience stopped: of the least validation loss; or the last, so many evaluations past "
        "that minimum, as Snell et al. 2024 (H) take their revision model",
    )
    checkpoints: Checkpoints | None = Field(None, description="null: a killed fit starts again from the beginning")
    seed: int = Field(0, ge=0, description="of the order of rows, dropout and new weights")

    @property
    def uses_bfloat16(self) -> bool:
        """Whether products are in bfloat16: as asked, or with ``auto`` where this machine is fast at it."""
        return self.precision == "bfloat16" or (self.precision == "auto" and is_fast_at_bfloat16())

    @model_validator(mode="after")
    def _evaluates_where_it_waits(self) -> "Optimization":
        if self.patience is not None and not self.evaluations_per_epoch:
            raise ValueError(
                "patience waits for evaluations, and evaluations_per_epoch is 0; raise it or set patience to null"
            )
        if self.keep == "last" and self.patience is None:
            raise ValueError("keep: last tells what patience leaves, and patience is null; give it, or leave keep out")
        return self
