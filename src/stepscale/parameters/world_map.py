"""The map of worlds: which worlds of the lab are made, and what is measured in each."""

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from stepscale.estimators.rising import Rising
from stepscale.parameters.block import Block

Share = Annotated[float, Field(ge=0, le=0.5)]
Level = Annotated[int, Field(ge=1, le=5)]
_MAX_BUDGET = 256


class WorldGrid(Block):
    """The values that worlds are made of; every combination is one world."""

    labels: Rising = Field(description="step labels that the PRM learns from")
    flipped: tuple[Share, ...] = Field(min_length=1, description="share of those labels that say the opposite")
    slips: tuple[Annotated[float, Field(ge=0, le=20)], ...] = Field(
        min_length=1, description="rate of the generator's slips, in multiples of the lab's hands'"
    )
    misconceptions: tuple[Share, ...] = Field(
        min_length=1, description="share of facts, readings and names that the generator has misconceived"
    )
    levels: tuple[Level, ...] = Field(min_length=1, description="length of the problems, 1 to 5")

    @field_validator("flipped", "slips", "misconceptions", "levels")
    @classmethod
    def _make_each_world_once(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if len(set(values)) < len(values):
            raise ValueError("holds a value twice, so that a world would be made twice; leave one of them out")
        return values


class WorldMapBlock(Block):
    """Where each strategy pays, in worlds with a simulated generator and a PRM that is trained in seconds."""

    grid: WorldGrid
    problems: int = Field(ge=2, description="problems of each world")
    budgets: Rising = Field(description="N at which strategies are compared, each a multiple of the chain's length")
    attempts: int = Field(4, ge=2, description="attempts in a chain of revisions")
    notices: float = Field(0.5, ge=0, le=1, description="chance that the reviser notices that a step is wrong")
    false_alarms: float = Field(0.02, ge=0, le=1, description="chance that it takes a right step for a wrong one")
    held_out: int = Field(ge=2, description="worlds off the grid, on which the rule of thumb is tested")
    depth: int = Field(2, ge=1, le=4, description="questions that the rule of thumb asks at the most")

    @model_validator(mode="after")
    def _can_be_chained(self) -> Self:
        wrong = [n for n in self.budgets if n % self.attempts or n > _MAX_BUDGET]
        if wrong:
            raise ValueError(
                f"budgets: {wrong[0]} is not a multiple of attempts ({self.attempts}), or above {_MAX_BUDGET}"
            )
        return self
