"""The settings of labelers, of the data loop and of rollouts, apart from the work, so that parameters are checked at once."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from stepscale.estimators.rising import Rising
from stepscale.labeling.by_verifier import THRESHOLD
from stepscale.supervision.selection import Blend, Convincing, Selection, Uniform

_STRICT = ConfigDict(extra="forbid", frozen=True)

ROUNDS = 3
"""Rounds of the loop. A pipeline cannot turn in circles, so their number is fixed here; the paper's phase 2 had ten."""


class BySymbols(BaseModel):
    """The lab's labeler: what follows from the problem, exactly."""

    model_config = _STRICT
    kind: Literal["symbolic"] = "symbolic"

    @property
    def told(self) -> str:
        """Who labelled, for a data card; all of these have it."""
        return "the lab's symbolic labeler"


class ByLargePRM(BaseModel):
    """PRM_large (Lightman et al. 2023, 4.1): ``verifiers.large``, or the run's own PRM."""

    model_config = _STRICT
    kind: Literal["prm_large"] = "prm_large"
    threshold: float = Field(THRESHOLD, ge=0, lt=1, description="P(negative) above which a step is -1")

    @property
    def told(self) -> str:
        """Who labelled, for a data card."""
        return f"PRM_large, a step being -1 where P(negative) > {self.threshold:g}"


class ByRollouts(BaseModel):
    """The generator's own rollouts, as ratings: -1 where none of them ends right (Math-Shepherd's hard estimation)."""

    model_config = _STRICT
    kind: Literal["rollouts"] = "rollouts"
    per_step: int = Field(16, ge=1, description="rollouts from the end of each step")

    @property
    def told(self) -> str:
        """Who labelled, for a data card."""
        return f"{self.per_step} rollouts of the generator from each step, which is -1 where none ends right, else +1"


class PoolByRollouts(ByRollouts):
    """The same of the whole pool, as values and no ratings; the run's PRM is then a soft one (Snell et al. 2024, D)."""

    problems_per_shard: int = Field(10, ge=1, description="problems in one saved shard: what a crash can cost")

    @property
    def told(self) -> str:
        """Who labelled, for a data card."""
        return f"{self.per_step} rollouts of the generator from each step, as values"


class ByFile(BaseModel):
    """People, whose labels lie in a file of PRM800K's format."""

    model_config = _STRICT
    kind: Literal["file"] = "file"
    path: str = Field(description="the file, JSONL; relative to the project's folder")
    name: str = Field("human", description="of the labeler of records that name none")

    @property
    def told(self) -> str:
        """Who labelled, for a data card."""
        return f"people, in {Path(self.path).name}"


class AsGiven(BaseModel):
    """Those who labelled the data that the problems come from; the pool is then theirs too."""

    model_config = _STRICT
    kind: Literal["given"] = "given"

    @property
    def told(self) -> str:
        """Who labelled, for a data card."""
        return "those who labelled the data it was given"


def _of_kind(value: object) -> object:
    """A labeler without settings of its own may be written as its kind alone: ``labeler: symbolic``."""
    return {"kind": value} if isinstance(value, str) else value


LoopLabeler = Annotated[
    BySymbols | ByLargePRM | ByRollouts | ByFile, Field(discriminator="kind"), BeforeValidator(_of_kind)
]
# PRM_large learns from the pool's labels, so it cannot give them
PoolLabeler = Annotated[
    BySymbols | AsGiven | ByFile | PoolByRollouts, Field(discriminator="kind"), BeforeValidator(_of_kind)
]


class LoopStrategy(BaseModel):
    """A way to choose what each round labels, and whether its selector learns from what was labelled."""

    model_config = _STRICT

    name: str = Field(description="as shown in tables and figures")
    selection: Selection
    retrained: bool = Field(True, description="the selector is trained anew every round on all labels so far")


RETRAINED = LoopStrategy(name="80/20, selector retrained", selection=Convincing())
TRAINED_ONCE = LoopStrategy(name="80/20, selector trained once", selection=Convincing(), retrained=False)
BLENDED = LoopStrategy(name="Half 80/20, half random, retrained", selection=Blend())
AT_RANDOM = LoopStrategy(name="Random", selection=Uniform())


class LoopOptions(BaseModel):
    """Rounds of select, label, retrain (Lightman et al. 2023, 4.2); their number is fixed in the pipeline."""

    model_config = _STRICT

    problems: int = Field(ge=1, description="the first so many of the experiment's training problems")
    per_problem: int = Field(
        ge=1, description="samples labelled in a round, a problem; before the first, one at random"
    )
    labeler: LoopLabeler = Field(
        BySymbols(), description="who rates what is chosen; a kind alone, or one with its settings"
    )
    audit: int = Field(
        2, ge=1, description="samples a problem by which selectors are judged; none of them is ever learned from"
    )
    seeds: int = Field(1, ge=1, description="repeats of the whole loop")
    least_steps: int = Field(40, ge=1, description="optimizer steps of a training at the least")
    budgets: Rising = Field(description="N of best-of-N at which selectors are measured")
    strategies: tuple[LoopStrategy, ...] = Field(
        (RETRAINED, TRAINED_ONCE, BLENDED, AT_RANDOM),
        min_length=1,
        description="compared at the same numbers of labels; what the first one labelled is released",
    )

    @property
    def samples(self) -> int:
        """Samples of a problem that the whole loop takes: the audit's, one at random, then those of every round."""
        return self.audit + 1 + ROUNDS * self.per_problem

    @field_validator("strategies")
    @classmethod
    def _distinct(cls, value: tuple[LoopStrategy, ...]) -> tuple[LoopStrategy, ...]:
        if len({strategy.name for strategy in value}) != len(value):
            raise ValueError("each strategy needs a name of its own")
        return value


class RolloutOptions(BaseModel):
    """Soft labels by rolling out the generator, and the PRM that learns them (Snell et al. 2024, 5.1 and D)."""

    model_config = _STRICT

    problems: int = Field(ge=1, description="the first so many training problems; the paper takes all")
    samples: int = Field(16, ge=1, description="solutions of each that are rolled out")
    per_step: int = Field(16, ge=1, description="rollouts from the end of each step")
    problems_per_shard: int = Field(ge=1, description="problems in one saved shard: what a crash can cost")
    least_steps: int = Field(60, ge=1, description="optimizer steps of the soft PRM's training at the least")
    validation_share: float = Field(0.1, ge=0, lt=1, description="share of the questions kept apart for early stopping")
    patience: int | None = Field(3, ge=1, description="evaluations without gain until it stops; null: all epochs")
    scored_samples: int = Field(ge=1, description="samples of each test problem that it scores")


class ReleaseOptions(BaseModel):
    """The labelled data set that is left to pass on."""

    model_config = _STRICT

    title: str
    licence: str = Field("apache-2.0", description="an identifier of the Hugging Face hub")
