"""Every parameter of the project, typed: one model a top-level block of ``conf/*/parameters.yml``.

The whole is checked before a run touches any data, so a misspelt key anywhere is one clear line. Blocks that belong to
domain code are declared there; those that only wire pipelines are declared here. Heavy libraries stay out.
"""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from stepscale.errors import InputError
from stepscale.generation.prompts import FewShotPrompt, Prompt, prompt_template
from stepscale.labeling.arms import Experiment
from stepscale.labeling.options import LoopOptions, ReleaseOptions, RolloutOptions
from stepscale.models.encoding import TextFormat
from stepscale.models.optimization import Optimization
from stepscale.models.placement import GeneratorPlacement, Placement
from stepscale.search.plan import RevisionSearchPlan, SearchPlan
from stepscale.search.revision_data import RevisionData
from stepscale.verifiers.options import VerifierOptions, VerifierTraining
from stepscale.verifiers.public import PublicVerifier

if TYPE_CHECKING:
    from stepscale.generation.finetune import GeneratorTraining

_PAST_TRAINING = 8  # attempts: the first budget whose longest chain goes past what a revision model is trained on
_STRICT = ConfigDict(extra="forbid", frozen=True)


class Block(BaseModel):
    """A block of parameters: immutable, unknown keys refused."""

    model_config = _STRICT


class LabProblems(Block):
    """How many problems the lab makes, by split."""

    train: int = Field(ge=1, description="problems generator and verifiers learn from")
    valid: int = Field(ge=1, description="problems for early stopping and calibration, not learned from")
    test: int = Field(ge=1, description="problems results are measured on")
    heldout: int = Field(ge=1, description="problems of the family no verifier is trained on")


class FileSource(Block):
    """A data set to read with ``stepscale.formats.read``."""

    path: str = Field(description="file or folder; relative to the project's folder")
    format: str = Field(description="a name stepscale.formats.read knows")
    options: dict[str, Any] = Field(default={}, description="options of that reader")
    limit: int | None = Field(None, ge=1, description="read so many problems at the most")


class ProblemSource(Block):
    """Where problems (and given solutions and labels) come from."""

    source: Literal["lab", "files"]
    lab: LabProblems | None = None
    train: FileSource | None = None
    test: FileSource | None = None
    valid_share: float = Field(
        0.1, gt=0, lt=1, description="share of the training problems in a file kept for validation"
    )


class SamplingBlock(Block):
    """How solutions are drawn."""

    temperature: float = Field(1.0, ge=0, description="0 is greedy")
    top_p: float = Field(1.0, gt=0, le=1)
    max_new_tokens: int = Field(ge=1, description="longest solution (tokens); a longer one counts as unfinished")


class SampleCounts(Block):
    """How many samples a problem, and how they are stored."""

    per_problem: int = Field(ge=1)
    problems_per_shard: int = Field(ge=1, description="problems in one saved shard: what a crash can cost")


class GeneratorBlock(Block):
    """The generator and how it is made ready (Lightman et al. 2023, 2.3)."""

    base: str = Field(description="folder or Hugging Face name of the base causal LM")
    prompt: Prompt = Field(
        description="a template with {problem}; or style: chat, the model's own; or style: few_shot, solved examples"
    )
    examples: Literal["own", "given"] = Field(
        description="fine-tune on its own right samples, or on given right solutions"
    )
    samples_per_problem: int = Field(ge=1, description="own samples a problem to choose right ones from")
    sampling: SamplingBlock
    fine_tuning: Optimization | None = Field(description="null: the base as it is, asked by its prompt")
    placement: GeneratorPlacement = GeneratorPlacement()

    def base_template(self, seed: int) -> str:
        """What the base is asked with. Raises InputError."""
        return prompt_template(self.prompt, self.base, seed)

    def template(self, seed: int) -> str:
        """What the generator is asked with: once fine-tuned, it needs no examples. Raises InputError."""
        if isinstance(self.prompt, FewShotPrompt) and self.fine_tuning:
            return prompt_template(self.prompt.then, self.base, seed)
        return self.base_template(seed)

    def training(self, seed: int) -> "GeneratorTraining":
        """The fine-tuning's settings, typed. Raises pydantic's ValidationError."""
        from stepscale.generation.finetune import GeneratorTraining

        assert self.fine_tuning, "nothing is fine-tuned"
        fitted = {**self.fine_tuning.model_dump(), "seed": seed}
        return GeneratorTraining.model_validate({"layout": {"prompt": self.template(seed)}, "optimization": fitted})


class PoolBlock(Block):
    """Samples of the training problems to be labelled."""

    train: SampleCounts
    labeler: Literal["symbolic", "given"]


class VerifierBlock(Block):
    """The base of the verifiers and each one's training."""

    base: str = Field(description="folder or Hugging Face name")
    prompt: str = Field(description="prompt template with {problem}")
    prm: VerifierOptions
    orm: VerifierOptions
    small_layers: int | None = Field(
        None, ge=1, description="layers of the base that the small verifiers have, which the comparison of supervision and the "
        "data loop train; null: all",
    )  # fmt: skip
    placement: Placement = Placement()

    def training(self, kind: Literal["prm", "orm"], seed: int, small: bool = False) -> VerifierTraining:
        """One verifier's settings. The validation problems are set apart by the pipeline, so none is taken here.

        ``small``: those of a verifier that learns from PRM_large's labels, with fewer layers (Lightman et al. 2023, 4.1).
        """
        given = self.prm if kind == "prm" else self.orm
        fitted = given.optimization.model_copy(update={"seed": seed})
        layout = TextFormat(prompt=self.prompt)
        options = given.model_dump() | {"optimization": fitted, "layers": self.small_layers if small else None}
        return VerifierTraining(kind=kind, layout=layout, validation_share=0.0, **options)


class GivenSamples(FileSource):
    """Samples of somebody else's generator, with their scores, measured instead of the project's own."""

    places: int | None = Field(
        None, ge=1, description="samples a problem; those absent from the file count as unanswered. null: all are there"
    )


class SearchBlock(Block):
    """Best-of-N on the test problems."""

    given_samples: GivenSamples | None = None
    public_prms: tuple[PublicVerifier, ...] = Field(
        (), description="reward models of others that score the samples too"
    )
    samples: SampleCounts
    heldout_samples: SampleCounts
    grading_rules: Literal["prm800k", "lenient"] = "prm800k"


class ExperimentPart(Block):
    """Problems of one split, and how many samples of each."""

    problems: int = Field(ge=1, description="the first so many of the split")
    samples: SampleCounts


class ExperimentBlock(Block):
    """Ways to supervise compared on the same samples (Lightman et al. 2023, 4): claims A3 and A4."""

    pool: ExperimentPart = Field(description="training problems and the samples that may be labelled")
    test: ExperimentPart = Field(description="test problems and samples on which every reward model is measured")
    design: Experiment


class TrainingChains(Block):
    """Chains of training problems, for the revision ORMs to learn from."""

    problems: int = Field(ge=1, description="the first so many training problems")
    chains: int = Field(ge=1, description="chains a problem")
    attempts: int = Field(ge=1, description="attempts a chain")
    problems_per_shard: int = Field(ge=1)


class TestChains(Block):
    """Test problems on which chains are run; the largest budget says how many and how long."""

    problems: int = Field(ge=10, description="the first so many test problems; five bins of two halves need ten")
    problems_per_shard: int = Field(ge=1)


class RevisionsBlock(Block):
    """A model that revises its own attempts (Snell et al. 2024, 6): claims B4-B6 and B10."""

    samples: SampleCounts | None = Field(
        None, description="samples a training problem to make revision data from; null: those of the labelled pool"
    )
    temperature: float = Field(1.0, gt=0, description="of those samples")
    data: RevisionData = RevisionData()
    fine_tuning: Optimization
    validation_share: float = Field(
        0.05, ge=0, lt=1, description="share of the training problems for the validation loss"
    )
    training_chains: TrainingChains
    test: TestChains
    budgets: tuple[int, ...] = Field(
        description="attempts a problem, powers of 2; each is split into sequential and parallel in every way"
    )

    search: RevisionSearchPlan | None = Field(None, description="PRM search over the model's proposals; null: none")

    @field_validator("budgets")
    @classmethod
    def _are_powers_of_two(cls, budgets: tuple[int, ...]) -> tuple[int, ...]:
        if not budgets or any(n < 1 or n & (n - 1) for n in budgets) or max(budgets) < _PAST_TRAINING:
            raise ValueError(f"must be powers of 2 up to {_PAST_TRAINING} or more: claim B4 is about longer chains")
        return budgets


class LargerBlock(Block):
    """A larger model trained on the same tokens, against which test-time compute is measured (Snell et al. 2024, 7): claim B7."""

    base: str = Field(description="folder or Hugging Face name; how much larger it is is counted, not told")
    samples_per_problem: int | None = Field(
        None, ge=1, description="own samples a problem to choose right ones from; null: as many as the generator's"
    )
    fine_tuning: Optimization | None = Field(None, description="null: the generator's")
    placement: GeneratorPlacement | None = Field(None, description="null: the generator's")
    problems_per_shard: int = Field(100, ge=1, description="problems in one saved shard of its greedy answers")

    def like(self, generator: GeneratorBlock) -> GeneratorBlock:
        """What makes the larger model ready and asks it: the generator's block with this base."""
        names = ("base", "samples_per_problem", "fine_tuning", "placement")
        own = {name: getattr(self, name) for name in names}
        return generator.model_copy(update={name: value for name, value in own.items() if value is not None})


class ReportBlock(Block):
    """What is measured and shown."""

    budgets: tuple[int, ...]
    bootstrap: int = Field(ge=100, description="bootstrap resamples of the problems")
    probes: int = Field(
        4, ge=1, description="samples of a problem in the estimate of its difficulty from a few of them"
    )


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


def check_parameters(params: dict[str, Any]) -> Parameters:
    """The parameters, typed. Raises InputError: one line naming each wrong key and what is wrong with it."""
    try:
        return Parameters.model_validate(params)
    except ValidationError as error:
        faults = "; ".join(_fault(e) for e in error.errors())
        raise InputError(f"parameters: {faults} (see conf/base/parameters.yml)") from None


def _fault(error: Any) -> str:
    key = ".".join(str(part) for part in error["loc"])
    return f"{key}: unknown key" if error["type"] == "extra_forbidden" else f"{key}: {error['msg']}"
