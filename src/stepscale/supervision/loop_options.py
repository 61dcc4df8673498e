"""The settings of the data loop, in a file without heavy imports, so that parameters are checked quickly."""

from pydantic import Field, field_validator

from stepscale.estimators.rising import Rising
from stepscale.labeling.options import BySymbols, LoopLabeler
from stepscale.supervision.selection import Blend, Convincing, Selection, Uniform
from stepscale.user_settings import UserSettings

ROUNDS = 3
"""Rounds of the loop. A pipeline cannot turn in circles, so their number is fixed here; the paper's phase 2 had ten."""


class LoopStrategy(UserSettings):
    """A way to choose what each round labels, and whether its selector learns from what was labeled."""

    name: str = Field(description="as shown in tables and figures")
    selection: Selection
    retrained: bool = Field(True, description="the selector is retrained from scratch every round on all labels so far")


RETRAINED = LoopStrategy(name="80/20, selector retrained", selection=Convincing())
TRAINED_ONCE = LoopStrategy(name="80/20, selector trained once", selection=Convincing(), retrained=False)
BLENDED = LoopStrategy(name="Half 80/20, half random, retrained", selection=Blend())
AT_RANDOM = LoopStrategy(name="Random", selection=Uniform())


class LoopOptions(UserSettings):
    """Rounds of select, label, retrain (Lightman et al. 2023, 4.2); their number is fixed in the pipeline."""

    problems: int = Field(ge=1, description="the first so many of the experiment's training problems")
    per_problem: int = Field(ge=1, description="samples labeled per round and problem; before the first, one at random")
    labeler: LoopLabeler = Field(
        BySymbols(), description="who rates what is chosen; a kind alone, or one with its settings"
    )
    audit: int = Field(
        2, ge=1, description="samples per problem by which selectors are judged; none of them is ever learned from"
    )
    seeds: int = Field(1, ge=1, description="repeats of the whole loop")
    least_steps: int = Field(40, ge=1, description="optimizer steps of a training at the least")
    budgets: Rising = Field(description="N of best-of-N at which selectors are measured")
    strategies: tuple[LoopStrategy, ...] = Field(
        (RETRAINED, TRAINED_ONCE, BLENDED, AT_RANDOM),
        min_length=1,
        description="compared at the same numbers of labels; what the first one labeled is released",
    )

    @property
    def samples(self) -> int:
        """Samples per problem that the whole loop labels: the audit's, one at random, then those of every round."""
        return self.audit + 1 + ROUNDS * self.per_problem

    @field_validator("strategies")
    @classmethod
    def _distinct(cls, value: tuple[LoopStrategy, ...]) -> tuple[LoopStrategy, ...]:
        if len({strategy.name for strategy in value}) != len(value):
            raise ValueError("each strategy needs a name of its own")
        return value
