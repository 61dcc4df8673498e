"""The settings of labelers, rollouts and the release, in a file without heavy imports, so that parameters are checked quickly."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field

from stepscale.labeling.by_verifier import THRESHOLD
from stepscale.labeling.page.page_options import LabelFile
from stepscale.user_settings import UserSettings

if TYPE_CHECKING:
    from stepscale.labeling.contract import Labeler


class BySymbols(UserSettings):
    """The lab's labeler: what follows from the problem, exactly."""

    kind: Literal["symbolic"] = "symbolic"
    free_text: bool = Field(
        False,
        description="steps may be worded freely, as a language model does: one that cannot be read has no rating; else it is -1",
    )

    @property
    def description(self) -> str:
        """Who labeled, for a data card."""
        return "the lab's symbolic labeler"

    def open(self) -> "Labeler":
        """The labeler; all that need no model have it."""
        from stepscale.labeling.symbolic import SymbolicLabeler

        return SymbolicLabeler(self.free_text)


class ByLargePRM(UserSettings):
    """PRM_large (Lightman et al. 2023, 4.1): ``verifiers.large``, or the run's own PRM."""

    kind: Literal["prm_large"] = "prm_large"
    threshold: float = Field(THRESHOLD, ge=0, lt=1, description="P(negative) above which a step is -1")

    @property
    def description(self) -> str:
        """Who labeled, for a data card."""
        return f"PRM_large, a step being -1 where P(negative) > {self.threshold:g}"


class ByRollouts(UserSettings):
    """The generator's own rollouts, as ratings: -1 where none of them ends right (Math-Shepherd's hard estimation)."""

    kind: Literal["rollouts"] = "rollouts"
    per_step: int = Field(16, ge=1, description="rollouts from the end of each step")

    @property
    def description(self) -> str:
        """Who labeled, for a data card."""
        return f"{self.per_step} rollouts of the generator from each step, which is -1 where none ends right, else +1"


class PoolByRollouts(ByRollouts):
    """The same for the whole pool, as values instead of ratings; the run's PRM is then a soft PRM (Snell et al. 2024, D)."""

    problems_per_shard: int = Field(10, ge=1, description="problems in one saved shard: what a crash can cost")

    @property
    def description(self) -> str:
        """Who labeled, for a data card."""
        return f"{self.per_step} rollouts of the generator from each step, as values"


class ByFile(LabelFile):
    """People, whose labels lie in a file of PRM800K's format."""

    kind: Literal["file"] = "file"

    @property
    def description(self) -> str:
        """Who labeled, for a data card."""
        return f"people, in {Path(self.path).name}"

    def open(self) -> "Labeler":
        """The labeler.

        Raises:
            InputError: The file is missing, or a line of it is bad.
        """
        from stepscale.labeling.by_file import FileLabeler
        from stepscale.labeling.people import labelers_left_out

        return FileLabeler(self.path, self.name, labelers_left_out(self))


class AsGiven(UserSettings):
    """Those who labeled the data that the problems come from; the pool is then theirs too."""

    kind: Literal["given"] = "given"

    @property
    def description(self) -> str:
        """Who labeled, for a data card."""
        return "those who labeled the data it was given"


def _of_kind(value: object) -> object:
    """A labeler without settings of its own may be written as its kind alone: ``labeler: symbolic``."""
    return {"kind": value} if isinstance(value, str) else value


NeedsNoModel = BySymbols | ByFile
"""Labelers that open by themselves, for the pool and for the loop; a new one joins here (docs/how_to/add_a_labeler.md)."""
LoopLabeler = Annotated[NeedsNoModel | ByLargePRM | ByRollouts, Field(discriminator="kind"), BeforeValidator(_of_kind)]
# PRM_large learns from the pool's labels, so it cannot give them
PoolLabeler = Annotated[NeedsNoModel | AsGiven | PoolByRollouts, Field(discriminator="kind"), BeforeValidator(_of_kind)]


class RolloutOptions(UserSettings):
    """Soft labels by rolling out the generator, and the PRM that learns them (Snell et al. 2024, 5.1 and D)."""

    problems: int = Field(ge=1, description="the first so many training problems; the paper takes all")
    samples: int = Field(16, ge=1, description="solutions of each that are rolled out")
    per_step: int = Field(16, ge=1, description="rollouts from the end of each step")
    problems_per_shard: int = Field(ge=1, description="problems in one saved shard: what a crash can cost")
    least_steps: int = Field(
        60,
        ge=1,
        description="optimizer steps of the soft PRM and of the ORM of its solutions, if ``patience`` does not stop them before",
    )
    validation_share: float = Field(0.1, ge=0, lt=1, description="share of the questions kept apart for early stopping")
    patience: int | None = Field(3, ge=1, description="evaluations without gain until it stops; null: all epochs")
    scored_samples: int = Field(ge=1, description="samples of each test problem that it scores")


class ReleaseOptions(UserSettings):
    """The labeled data set that is left to pass on."""

    title: str
    license: str = Field("apache-2.0", description="an identifier of the Hugging Face hub")
