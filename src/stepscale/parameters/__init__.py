"""Every parameter of the project, typed: one model a top-level block of ``conf/*/parameters.yml``.

The whole is checked before a run touches any data, so a misspelt key anywhere is one clear line. Blocks that belong to
domain code are declared there; those that only wire pipelines are declared here. Heavy libraries stay out.
"""

from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from stepscale.errors import InputError
from stepscale.labeling.options import ReleaseOptions, RolloutOptions
from stepscale.parameters.block import Block, FileSource, SampleCounts, SamplingBlock
from stepscale.parameters.measurements import (
    ExperimentBlock,
    ExperimentPart,
    GivenSamples,
    LabProblems,
    PoolBlock,
    ProblemSource,
    ReportBlock,
    RevisionsBlock,
    SearchBlock,
    TestChains,
    TrainingChains,
)
from stepscale.parameters.models import GeneratorBlock, LargerBlock, PRMBlock, VerifierBlock, VerifierModels
from stepscale.search.plan import SearchPlan, check_samples
from stepscale.supervision.loop_options import LoopOptions

__all__ = [
    "Block",
    "ExperimentBlock",
    "ExperimentPart",
    "FileSource",
    "GeneratorBlock",
    "GivenSamples",
    "LabProblems",
    "LargerBlock",
    "PRMBlock",
    "Parameters",
    "PoolBlock",
    "ProblemSource",
    "ReportBlock",
    "RevisionsBlock",
    "SampleCounts",
    "SamplingBlock",
    "SearchBlock",
    "TestChains",
    "TrainingChains",
    "VerifierBlock",
    "VerifierModels",
    "check_parameters",
]


class Parameters(Block):
    """All of them."""

    seed: int = Field(ge=0, description="seed of the whole run")
    data_root: str | None = Field(None, description="folder for the run's data; null: the environment's own (--params)")
    tracking_root: str | None = Field(None, description="folder for MLflow's store; null: the project's (--params)")
    run_name: str | None = Field(None, description="name of the MLflow run (--params)")
    problems: ProblemSource
    generator: GeneratorBlock
    pool: PoolBlock
    verifiers: VerifierBlock
    experiment: ExperimentBlock | None = Field(description="null: no comparison of supervision")
    loop: LoopOptions | None = Field(
        description="rounds of select, label, retrain on the experiment's pool; null: none"
    )
    rollouts: RolloutOptions | None = Field(description="null: no soft labels by rollouts")
    release: ReleaseOptions | None = Field(description="null: no data set is left to pass on")
    search: SearchBlock
    tree_search: SearchPlan | None = Field(description="null: no search beyond best-of-N and votes")
    revisions: RevisionsBlock | None = Field(description="null: no revisions")
    larger: LargerBlock | None = Field(description="null: no FLOPs-matched comparison")
    report: ReportBlock

    @model_validator(mode="after")
    def _has_samples_to_compare_searches_with(self) -> "Parameters":
        """How many samples are given is known when they are read: ``choose_test_problems`` checks it then."""
        if self.tree_search and not self.search.given_samples:
            check_samples(self.tree_search, self.search.samples.per_problem, "raise search.samples.per_problem")
        return self

    @model_validator(mode="after")
    def _loop_has_a_pool(self) -> Self:
        if self.loop and not self.experiment:
            raise ValueError(
                "loop: it draws on the experiment's pool, and experiment is null; give both or set loop to null"
            )
        return self

    @model_validator(mode="after")
    def _comparisons_have_samples(self) -> Self:
        """What the comparison and the loop take of a problem's samples is there."""
        if not self.experiment:
            return self
        drawn, tested = (part.samples.per_problem for part in (self.experiment.pool, self.experiment.test))
        design, loop = self.experiment.design, self.loop
        wanted = [
            ("experiment.design.sizes", max(design.sizes), drawn, "pool"),
            ("experiment.design.budgets", max(design.budgets), tested, "test"),
        ]
        if loop:
            wanted.append(("loop.per_problem: audit, first sample and rounds take", loop.samples, drawn, "pool"))
            wanted.append(("loop.budgets", max(loop.budgets), tested, "test"))
        for key, n, there, part in wanted:
            if n > there:
                raise ValueError(
                    f"{key}: {n} is above the {there} samples a problem; lower it or raise "
                    f"experiment.{part}.samples.per_problem"
                )
        return self

    @model_validator(mode="after")
    def _rollouts_have_a_loss_to_stop_by(self) -> Self:
        if (
            self.rollouts
            and self.rollouts.patience is not None
            and not self.verifiers.prm.optimization.evaluations_per_epoch
        ):
            raise ValueError(
                "rollouts.patience waits for evaluations, and verifiers.prm.optimization.evaluations_per_epoch is 0; raise it "
                "or set patience to null"
            )
        return self

    @model_validator(mode="after")
    def _values_are_no_ratings(self) -> Self:
        """What needs ratings has none where rollouts label the pool."""
        asked = {
            "experiment": self.experiment,
            "release": self.release,
            "rollouts": self.rollouts,
            "verifiers.large": self.verifiers.large,
        }
        wanting = [key for key, block in asked.items() if block]
        if self.pool.labeler.kind == "rollouts" and wanting:
            raise ValueError(
                f"pool.labeler: rollouts give values and no ratings, and the run's PRM is then the soft one; set "
                f"{' and '.join(wanting)} to null"
            )
        return self

    @model_validator(mode="after")
    def _small_verifiers_learn_from_all(self) -> Self:
        """Where small verifiers are trained, none of their few samples is kept apart to stop by."""
        small = self.verifiers.sized(small=True)
        key = "verifiers.small" if self.verifiers.small else "verifiers"
        for name, options in (("prm", small.prm), ("orm", small.orm)):
            if (self.experiment or self.loop) and options.optimization.patience is not None:
                raise ValueError(
                    f"{key}.{name}.optimization.patience: verifiers of the experiment and the loop learn from all of their "
                    "samples, so there is no validation loss to stop by; set it to null"
                    + ("" if self.verifiers.small else ", or give these settings of their own (verifiers.small)")
                )
        return self


def check_parameters(params: dict[str, Any]) -> Parameters:
    """The parameters, typed. Raises InputError: one line naming each wrong key and what is wrong with it."""
    try:
        return Parameters.model_validate(params)
    except ValidationError as error:
        faults = "; ".join(_fault(e) for e in error.errors())
        raise InputError(f"parameters: {faults} (see conf/base/parameters.yml)") from None


def _fault(error: Any) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if not key:  # of several blocks together: it names their keys itself
        return str(error["msg"]).removeprefix("Value error, ")
    return f"{key}: unknown key" if error["type"] == "extra_forbidden" else f"{key}: {error['msg']}"
