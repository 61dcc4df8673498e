"""The settings of a verifier's training, in a file of their own, so that parameters are checked without importing torch."""

from typing import Literal

from pydantic import Field, model_validator

from stepscale.engine.encoding import TextFormat
from stepscale.engine.precision import Dtype
from stepscale.training.optimization import Optimization
from stepscale.user_settings import UserSettings
from stepscale.verifiers.saved import Kind

Supervise = Literal["step_end", "every_token", "solution_end"]
Neutral = Literal["class", "positive", "negative"]


class LoRA(UserSettings):
    """Low-rank adapters (Hu et al. 2021, through peft) and the head are trained; they are merged into the saved weights."""

    rank: int = Field(16, ge=1, description="width of the adapters")
    alpha: float = Field(32.0, gt=0, description="the adapters' products are scaled by alpha / rank")
    dropout: float = Field(0.0, ge=0, lt=1, description="before the adapters while training")
    targets: tuple[str, ...] = Field((), description="names of layers with adapters; none: every linear layer")


class VerifierOptions(UserSettings):
    """The options of each verifier."""

    supervise: Supervise | None = Field(
        None,
        description="tokens with a target: each step's last, every token of a step that has one, or the solution's "
        "last only; null: the papers' choice, step_end for a PRM and every_token for an ORM",
    )
    head_init_tokens: tuple[str, ...] = Field(
        (),
        description="tokens of the base that stand for the ratings, worst first (<bad>, <ok>, <good>): the head starts from "
        "the rows by which the base predicts them",
    )
    head_bias: bool = Field(
        True, description="the head has a bias; false: none, as in the classification heads of older versions of vLLM"
    )
    neutral: Neutral = Field(
        "class",
        description="a neutral rating is a class of its own (three-way, Lightman et al. 2023, 2.6); or the head has two "
        "classes, and it counts as one of them",
    )
    after_error: bool = Field(
        False, description="learn the ratings after the first negative one too; the papers and the lab stop there"
    )
    weights: Literal["all", "head"] | LoRA = Field("all", description="what is trained: all, the head alone, or LoRA")
    frozen_dtype: Dtype = Field(
        "float32",
        description="of the weights that LoRA or the head alone leave as they are, trained ones are float32; auto: bfloat16 "
        "where the hardware is fast at it",
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="in attention and before the head while training")
    optimization: Optimization = Optimization()

    @model_validator(mode="after")
    def _trains_in_float32(self) -> "VerifierOptions":
        if self.frozen_dtype == "bfloat16" and (self.weights == "all" or not self.optimization.uses_bfloat16):
            raise ValueError(
                "frozen_dtype: bfloat16 goes with weights: head or LoRA, and with optimization.precision: bfloat16"
            )
        return self


class VerifierTraining(VerifierOptions):
    """How a verifier is trained."""

    kind: Kind = Field(
        description="what it learns: ratings of steps (prm), values of steps (soft_prm) or outcomes (orm)"
    )
    layout: TextFormat = Field(TextFormat(), description="how a problem and its steps become tokens")
    validation_share: float = Field(0.1, ge=0, lt=1, description="share of the problems kept for validation")
