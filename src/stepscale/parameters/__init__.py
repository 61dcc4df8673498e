"""Every parameter of the project, typed: one model per top-level block of ``conf/*/parameters.yml``.

All parameters are checked before a run touches any data, so a misspelled key anywhere is one clear line. Blocks that belong to
domain code are declared there; those that only wire pipelines are declared here. Heavy libraries stay out.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from stepscale.engine.cluster import Cluster
from stepscale.errors import InputError, describe_validation_error
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
    RevisionOrms,
    RevisionsBlock,
    SearchBlock,
    TestChains,
    TrainingChains,
)
from stepscale.parameters.models import GeneratorBlock, LargerBlock, PRMBlock, VerifierBlock, VerifierModels
from stepscale.parameters.settings import (
    SETTINGS,
    LargerSettings,
    LoopSettings,
    ReleaseSettings,
    RevisionSettings,
    RolloutSettings,
    SearchSettings,
    SolveOrVerifySettings,
    SupervisionSettings,
)
from stepscale.parameters.solve_or_verify import SolveOrVerifyBlock
from stepscale.parameters.step_benchmarks import StepBenchmarks
from stepscale.parameters.world_map import WorldMapBlock
from stepscale.search.plan import SearchPlan
from stepscale.supervision.loop_options import LoopOptions

__all__ = [
    "SETTINGS",
    "Block",
    "ExperimentBlock",
    "ExperimentPart",
    "FileSource",
    "GeneratorBlock",
    "GivenSamples",
    "LabProblems",
    "LargerBlock",
    "LargerSettings",
    "LoopSettings",
    "PRMBlock",
    "Parameters",
    "PoolBlock",
    "ProblemSource",
    "ReleaseSettings",
    "ReportBlock",
    "RevisionOrms",
    "RevisionSettings",
    "RevisionsBlock",
    "RolloutSettings",
    "SampleCounts",
    "SamplingBlock",
    "SearchBlock",
    "SearchSettings",
    "SolveOrVerifyBlock",
    "SolveOrVerifySettings",
    "StepBenchmarks",
    "SupervisionSettings",
    "TestChains",
    "TrainingChains",
    "VerifierBlock",
    "VerifierModels",
    "WorldMapBlock",
    "check_parameters",
    "settings_of",
]


class Parameters(Block):
    """All parameters. Every block has values; a pipeline reads only the blocks that it needs."""

    seed: int = Field(ge=0, description="seed of the whole run")
    data_root: str | None = Field(None, description="folder for the run's data; null: the environment's own (--params)")
    tracking_root: str | None = Field(None, description="folder for MLflow's store; null: the project's (--params)")
    run_name: str | None = Field(None, description="name of the MLflow run (--params)")
    cluster: Cluster | None = Field(None, description="machines that share the work (docs/scale.md); null: this one")
    problems: ProblemSource
    generator: GeneratorBlock
    pool: PoolBlock
    verifiers: VerifierBlock
    search: SearchBlock
    tree_search: SearchPlan
    report: ReportBlock
    experiment: ExperimentBlock = Field(description="of pipeline supervision, and the samples of data_loop")
    loop: LoopOptions = Field(description="of pipeline data_loop")
    rollouts: RolloutOptions = Field(description="of pipeline rollouts")
    release: ReleaseOptions = Field(description="of pipelines release and loop_release")
    revisions: RevisionsBlock = Field(description="of pipelines revisions and larger_model")
    larger: LargerBlock = Field(description="of pipeline larger_model")
    solve_or_verify: SolveOrVerifyBlock = Field(description="of pipeline solve_or_verify")
    world_map: WorldMapBlock = Field(description="of pipeline world_map")
    step_benchmarks: StepBenchmarks = Field(description="of pipeline step_benchmarks")


def check_parameters(params: Mapping[str, Any]) -> Parameters:
    """The parameters, typed.

    Args:
        params: As written in an environment, or with blocks that Kedro has typed already.

    Returns:
        All blocks. What several of them must agree on is checked by the settings of a pipeline (``settings_of``).

    Raises:
        InputError: One line naming each wrong key and what is wrong with it.
    """
    try:
        return Parameters.model_validate(dict(params))
    except ValidationError as error:
        raise _refused(error) from None


def settings_of(parameters: Parameters, name: str) -> Block:
    """The blocks that some nodes take together, by the name of their settings.

    Args:
        parameters: All parameters.
        name: A key of ``SETTINGS``, such as ``search_settings``.

    Returns:
        The settings, whose blocks agree with each other.

    Raises:
        InputError: One line naming the keys that do not agree, and the remedy.
    """
    kind = SETTINGS[name]
    try:
        return kind.model_validate({block: getattr(parameters, block) for block in kind.model_fields})
    except ValidationError as error:
        raise _refused(error) from None


def _refused(error: ValidationError) -> InputError:
    return InputError(f"parameters: {describe_validation_error(error)} (see conf/base/parameters.yml)")
