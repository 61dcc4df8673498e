"""Solve or verify: a critic is trained or given, and its judgments are compared with more samples at equal FLOPs."""

from typing import Self

from pydantic import Field, field_validator, model_validator

from stepscale.estimators.rising import Rising
from stepscale.generation.temperature import Temperature
from stepscale.parameters.block import Block
from stepscale.parameters.models import FineTuning
from stepscale.search.asking import MAX_GENERATIONS
from stepscale.verifiers.generative_options import GenerativePRM


class CriticTraining(Block):
    """The lab's critic: the generator's base, fine-tuned on critiques that the labeler makes."""

    problems: int = Field(ge=1, description="the first so many training problems")
    per_problem: int = Field(ge=1, description="solutions of the labeled pool that are criticized, per problem")
    max_new_tokens: int = Field(ge=1, description="longest critique (tokens)")
    temperature: Temperature = Field(0.7, gt=0, description="of its judgments")
    fine_tuning: FineTuning


class SolveOrVerifyBlock(Block):
    """More samples with a vote, or fewer samples with judgments (arXiv 2504.01005)."""

    critic: GenerativePRM | None = Field(
        None, description="a language model that judges as it is; null: the lab's critic is trained"
    )
    training: CriticTraining = Field(description="of the lab's critic")
    problems: int = Field(ge=2, description="the first so many test problems")
    samples: Rising = Field(description="S: samples per problem that are judged")
    judgments: Rising = Field(description="V: judgments per sample")
    solve: Rising = Field(description="N of the vote without judgments; those beyond the samples are left out")
    problems_per_shard: int = Field(ge=1)

    @field_validator("samples", "judgments")
    @classmethod
    def _can_be_asked_for(cls, numbers: Rising) -> Rising:
        if numbers[-1] > MAX_GENERATIONS:
            raise ValueError(f"holds {numbers[-1]}, above {MAX_GENERATIONS:,}; give smaller numbers")
        return numbers

    @model_validator(mode="after")
    def _leaves_judgments_to_the_study(self) -> Self:
        if self.critic and self.critic.judgments != 1:
            raise ValueError("critic.judgments: the study asks for as many as judgments says; leave it out")
        if self.critic and self.critic.temperature == 0 and max(self.judgments) > 1:
            raise ValueError("critic.temperature: several judgments at 0 are all the same; set it above 0")
        return self
