"""The settings of a verifier's training, apart from the training, so that parameters are checked without importing torch."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from stepscale.engine.encoding import TextFormat
from stepscale.training.optimization import Optimization
from stepscale.verifiers.saved import Kind

Supervise = Literal["step_end", "every_token", "solution_end"]


class VerifierOptions(BaseModel):
    """What may be chosen for each verifier."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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
    dropout: float = Field(0.0, ge=0, lt=1, description="in attention and before the head while training")
    optimization: Optimization = Optimization()


class VerifierTraining(VerifierOptions):
    """How a verifier is trained."""

    kind: Kind
    layout: TextFormat = TextFormat()
    validation_share: float = Field(0.1, ge=0, lt=1, description="share of the problems kept for validation")
