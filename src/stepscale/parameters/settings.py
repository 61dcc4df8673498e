"""Blocks of parameters that nodes take together: one typed object instead of five inputs.

A node names its settings as it names a parameter, ``params:search_settings``. They are made from the run's parameters
before a pipeline begins (``stepscale.hooks``), only for the pipelines that read them. Agreement between blocks is
checked where they are used together, and nowhere else.
"""

from typing import Self

from pydantic import Field, model_validator

from stepscale.labeling.options import ReleaseOptions, RolloutOptions
from stepscale.parameters.block import Block
from stepscale.parameters.measurements import ExperimentBlock, PoolBlock, ReportBlock, RevisionsBlock, SearchBlock
from stepscale.parameters.models import GeneratorBlock, LargerBlock, VerifierBlock
from stepscale.parameters.solve_or_verify import SolveOrVerifyBlock
from stepscale.search.plan import SearchPlan, check_samples
from stepscale.supervision.loop_options import LoopOptions


class SearchSettings(Block):
    """Settings of searches against the PRM."""

    generator: GeneratorBlock
    verifiers: VerifierBlock
    search: SearchBlock
    tree_search: SearchPlan
    report: ReportBlock
    seed: int = Field(ge=0)

    @model_validator(mode="after")
    def _has_samples_to_compare_with(self) -> Self:
        """The number of given samples is known only when they are read; ``choose_searched`` checks it then."""
        if not self.search.given_samples:
            check_samples(self.tree_search, self.search.samples.per_problem, "raise search.samples.per_problem")
        return self

    @model_validator(mode="after")
    def _know_the_sizes_of_served_models(self) -> Self:
        generative = self.verifiers.generative
        servers = {
            "generator": self.generator.server,
            "verifiers": self.verifiers.server,
            "verifiers.generative": generative.server if generative else None,
        }
        for name, server in servers.items():
            if server and not server.parameters:
                raise ValueError(
                    f"{name}.server.parameters: searches are compared by FLOPs, so say how many parameters the served model has"
                )
        return self


class RevisionSettings(Block):
    """Settings of revisions."""

    generator: GeneratorBlock
    verifiers: VerifierBlock
    search: SearchBlock
    revisions: RevisionsBlock
    seed: int = Field(ge=0)

    @model_validator(mode="after")
    def _have_weights_to_train(self) -> Self:
        if self.generator.server:
            raise ValueError(
                "generator.server: revisions fine-tune the generator, so its weights must be here; give generator.base and set "
                "generator.server to null, or leave out the pipeline revisions"
            )
        return self


class LargerSettings(Block):
    """Settings of the larger model, and which test problems it answers."""

    generator: GeneratorBlock
    larger: LargerBlock
    search: SearchBlock
    tree_search: SearchPlan
    revisions: RevisionsBlock
    seed: int = Field(ge=0)

    @model_validator(mode="after")
    def _has_a_tokenizer_for_its_prompt(self) -> Self:
        if self.larger.base is None and not isinstance(self.generator.prompt, str):
            raise ValueError(
                "larger.base: this style of generator.prompt needs the model's tokenizer; name its folder or Hugging Face name"
            )
        return self

    @property
    def block(self) -> GeneratorBlock:
        """The block that trains and prompts the larger model."""
        return self.larger.like(self.generator)

    @property
    def n_problems(self) -> int:
        """Test problems that searches or revisions work on."""
        return max(self.tree_search.problems, self.revisions.test.problems)


class SolveOrVerifySettings(Block):
    """Settings of critics, and which samples they judge."""

    generator: GeneratorBlock
    verifiers: VerifierBlock
    report: ReportBlock
    solve_or_verify: SolveOrVerifyBlock
    seed: int = Field(ge=0)


class _RatedPool(Block):
    """Settings of work that learns from ratings."""

    pool: PoolBlock

    @model_validator(mode="after")
    def _has_ratings(self) -> Self:
        if self.pool.labeler.kind == "rollouts":
            raise ValueError(
                "pool.labeler: rollouts give values and no ratings, and the run's PRM is then the soft one; leave out the "
                "pipelines supervision, data_loop, rollouts and release, or give another labeler"
            )
        return self


class RolloutSettings(_RatedPool):
    """Settings of the soft PRM of rollouts."""

    generator: GeneratorBlock
    verifiers: VerifierBlock
    rollouts: RolloutOptions
    seed: int = Field(ge=0)

    @model_validator(mode="after")
    def _has_a_loss_to_stop_by(self) -> Self:
        if self.rollouts.patience is not None and not self.verifiers.prm.optimization.evaluations_per_epoch:
            raise ValueError(
                "rollouts.patience waits for evaluations, and verifiers.prm.optimization.evaluations_per_epoch is 0; raise it "
                "or set patience to null"
            )
        return self


class ReleaseSettings(_RatedPool):
    """What the card of a released data set states."""

    generator: GeneratorBlock
    loop: LoopOptions
    release: ReleaseOptions
    seed: int = Field(ge=0)


class _SmallVerifiers(Block):
    """Settings of work that trains small verifiers on few samples of the experiment."""

    verifiers: VerifierBlock
    experiment: ExperimentBlock
    seed: int = Field(ge=0)

    @model_validator(mode="after")
    def _learn_from_all_samples(self) -> Self:
        """All of the few samples are learned from; none is set apart for early stopping."""
        small = self.verifiers.sized(small=True)
        key = "verifiers.small" if self.verifiers.small else "verifiers"
        for name, options in (("prm", small.prm), ("orm", small.orm)):
            if options.optimization.patience is not None:
                raise ValueError(
                    f"{key}.{name}.optimization.patience: verifiers of the experiment and the loop learn from all of their "
                    "samples, so there is no validation loss to stop by; set it to null"
                    + ("" if self.verifiers.small else ", or give these settings of their own (verifiers.small)")
                )
        return self


class SupervisionSettings(_SmallVerifiers, _RatedPool):
    """Settings of the comparison of ways to supervise."""

    @model_validator(mode="after")
    def _has_samples(self) -> Self:
        design = self.experiment.design
        _check_samples("experiment.design.sizes", max(design.sizes), self.experiment, "pool")
        _check_samples("experiment.design.budgets", max(design.budgets), self.experiment, "test")
        return self


class LoopSettings(_SmallVerifiers):
    """Settings of the data loop."""

    generator: GeneratorBlock
    loop: LoopOptions

    @model_validator(mode="after")
    def _has_samples(self) -> Self:
        key = "loop.per_problem: audit, first sample and rounds take"
        _check_samples(key, self.loop.samples, self.experiment, "pool")
        _check_samples("loop.budgets", max(self.loop.budgets), self.experiment, "test")
        return self


def _check_samples(key: str, n: int, experiment: ExperimentBlock, part: str) -> None:
    n_samples = (experiment.pool if part == "pool" else experiment.test).samples.per_problem
    if n > n_samples:
        raise ValueError(
            f"{key}: {n} is above the {n_samples} samples per problem; lower it or raise experiment.{part}.samples.per_problem"
        )


SETTINGS: dict[str, type[Block]] = {
    "search_settings": SearchSettings,
    "revision_settings": RevisionSettings,
    "larger_settings": LargerSettings,
    "solve_or_verify_settings": SolveOrVerifySettings,
    "rollout_settings": RolloutSettings,
    "release_settings": ReleaseSettings,
    "supervision_settings": SupervisionSettings,
    "loop_settings": LoopSettings,
}
