"""All that answering needs in addition to the two models, in one JSON file: ``policy.json``.

In: the policies learned at several budgets, the searches they switch to, how tokens are drawn. Out: the same, typed and checked,
and the policy for any budget. Knows nothing about models.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stepscale.engine.placement import GeneratorPlacement, Placement
from stepscale.errors import InputError, describe_validation_error
from stepscale.estimators.capped_policy import Lead
from stepscale.estimators.online_policy import Action, OnlinePolicy
from stepscale.generation.temperature import Temperature
from stepscale.search.methods import SearchOptions
from stepscale.serving.confidence import ConfidenceMap
from stepscale.verifiers.aggregation import Aggregation, NeutralIs

_STRICT = ConfigDict(extra="forbid", frozen=True)


class BudgetPolicy(BaseModel):
    """What to do with a budget of ``budget`` generations or more."""

    model_config = _STRICT

    budget: int = Field(ge=1, description="generations that no problem goes beyond, probes included")
    policy: OnlinePolicy
    accuracy: float | None = Field(
        None, ge=0, le=1, description="expected, on problems it was not chosen on; null: not learned"
    )
    low: float | None = Field(None, ge=0, le=1, description="lower end of its 95 % interval over problems")
    high: float | None = Field(None, ge=0, le=1, description="upper end")
    error: float | None = Field(None, ge=0, description="Monte Carlo standard error of the accuracy; null: not known")
    generations: float | None = Field(None, gt=0, description="mean spending, on problems it was not chosen on")
    leads: tuple[Lead, ...] = Field((), description="over best-of-N weighted, on problems it was not chosen on")
    calibration: ConfidenceMap | None = Field(None, description="of its confidence; null: not calibrated")


class ServedSampling(BaseModel):
    """How solutions are drawn."""

    model_config = _STRICT

    temperature: Temperature = Field(description="0 is greedy")
    top_p: float = Field(gt=0, le=1)
    max_new_tokens: int = Field(ge=1, description="longest solution (tokens); a longer one counts as unfinished")


class ServedPolicy(BaseModel):
    """A policy that can be served, independent of the machine that loads it."""

    model_config = _STRICT

    seed: int = Field(ge=0, description="of the run it was learned in; part of every request's own seed")
    prompt: str = Field(description="prompt template with {problem}; empty: as the generator is asked by default")
    ends_before: str = Field("", description="a solution ends before a line that begins like this; empty: no such line")
    sampling: ServedSampling
    aggregation: Aggregation = Field(description="step scores to a sample's score")
    neutral_is: NeutralIs = Field("positive", description="what a neutral step counts as")
    grading_rules: Literal["prm800k", "lenient"] = Field("prm800k", description="by which answers are equal in a vote")
    generator: GeneratorPlacement = GeneratorPlacement()
    verifier: Placement = Placement()
    runs: dict[str, SearchOptions] = Field(description="searches that a policy may switch to, by name")
    budgets: tuple[BudgetPolicy, ...] = Field(min_length=1, description="rising budgets")
    chosen_on: int = Field(ge=0, description="problems it was chosen on; 0: not learned")
    questions_per_request: int = Field(32, ge=1, description="a request with more is refused: others wait meanwhile")

    @model_validator(mode="after")
    def _keeps_to_its_budgets(self) -> "ServedPolicy":
        if list(self.budgets) != sorted(self.budgets, key=lambda bounded: bounded.budget):
            raise ValueError("budgets must rise")
        for bounded in self.budgets:
            for action in bounded.policy.actions:
                if action.run is not None and action.run not in self.runs:
                    raise ValueError(f"a policy switches to {action.run!r}, which is not among the runs")
                if max(self._most(bounded.policy, action), bounded.policy.probes) > bounded.budget:
                    raise ValueError(f"the policy of budget {bounded.budget} may spend more")
        return self

    def within(self, budget: int) -> BudgetPolicy:
        """The policy for a budget: that of the greatest learned budget within it.

        Args:
            budget: Samples of one problem.

        Raises:
            InputError: No policy keeps to the budget.
        """
        fitting = [bounded for bounded in self.budgets if bounded.budget <= budget]
        if not fitting:
            raise InputError(f"budget {budget}: no policy keeps to it; ask for {self.budgets[0].budget} or more")
        return fitting[-1]

    def write(self, path: Path) -> None:
        """Write the policy as JSON.

        Args:
            path: The file.
        """
        path.write_text(self.model_dump_json(indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> "ServedPolicy":
        """Read a policy that ``write`` wrote.

        Args:
            path: The file.

        Raises:
            InputError: It cannot be read, or is at fault. The line names the file, the key and the fault.
        """
        try:
            return cls.model_validate_json(path.read_text())
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror}); run the reporting pipeline first") from None
        except ValidationError as error:
            fault = describe_validation_error(error, first_only=True, verbatim=True)
            raise InputError(f"{path}: {fault}; save it again") from None

    def _most(self, policy: OnlinePolicy, action: Action) -> int:
        return action.samples if action.run is None else policy.probes + self.runs[action.run].budget
