"""Parameters of what a run makes and measures: problems, pools, comparisons, searches, revisions, the report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from stepscale.estimators.rising import Rising
from stepscale.estimators.vote_rules import DEFAULT_RULES, AnyVoteRule
from stepscale.generation.temperature import Temperature
from stepscale.labeling.options import PoolLabeler
from stepscale.parameters.block import Block, FileSource, SampleCounts
from stepscale.revisions.data import RevisionData
from stepscale.search.asking import MAX_GENERATIONS
from stepscale.search.plan import RevisionSearchPlan
from stepscale.supervision.arms import Experiment
from stepscale.training.optimization import Optimization
from stepscale.verifiers.aggregation import Aggregation, ScoreAggregation
from stepscale.verifiers.public import PublicVerifier

_PAST_TRAINING = 8  # attempts: the first budget whose longest chain goes past what a revision model is trained on


class LabProblems(Block):
    """How many problems the lab makes, by split."""

    levels: tuple[Annotated[int, Field(ge=1, le=5)], ...] = Field(
        (1, 2, 3, 4, 5), min_length=1, description="levels of the problems, 1 (easiest) to 5"
    )
    level_shares: Literal["equal", "math"] = Field(
        "equal", description="how many problems of each level; math: as in MATH, 1, 2, 3, 3 and 3 of levels 1 to 5"
    )
    train: int = Field(ge=1, description="problems generator and verifiers learn from")
    valid: int = Field(ge=1, description="problems for early stopping and calibration, not learned from")
    test: int = Field(ge=1, description="problems results are measured on")
    heldout: int = Field(ge=1, description="problems of the families that no verifier is trained on")


class ProblemSource(Block):
    """Where problems (and given solutions and labels) come from."""

    source: Literal["lab", "files"]
    lab: LabProblems | None = None
    train: FileSource | None = None
    test: FileSource | None = None
    valid_share: float = Field(
        0.1, gt=0, lt=1, description="share of the training problems in a file kept for validation"
    )

    @model_validator(mode="after")
    def _has_what_it_names(self) -> "ProblemSource":
        needed = ("lab",) if self.source == "lab" else ("train", "test")
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(
                f"source: {self.source} needs {' and '.join(missing)}; give {missing[0]} or another source"
            )
        return self


class PoolBlock(Block):
    """Samples of the training problems to be labeled."""

    train: SampleCounts
    labeler: PoolLabeler = Field(description="who rates them; a kind alone, or one with its settings")


class _Graded(FileSource):
    """A source whose answers are graded by the run's rules."""

    @model_validator(mode="after")
    def _is_graded_as_the_run_is(self) -> Self:
        if "rules" in self.options:
            raise ValueError("options.rules: the run grades by search.grading_rules; set that")
        return self


class GivenSearch(_Graded):
    """Answers of another project's search, shown beside given samples of the same problems."""

    reads = "read_searches"

    name: str | None = Field(None, description="in the report; null: the file's name")

    @property
    def label(self) -> str:
        """The name that the report shows."""
        return self.name or Path(self.path).name.split(".")[0]


class GivenSamples(_Graded):
    """Samples of another project's generator, with their scores, measured instead of the project's own."""

    searches: tuple[GivenSearch, ...] = Field((), description="results of searches on the same problems")

    places: int | None = Field(
        None,
        ge=1,
        description="samples per problem; absent ones count as unanswered; null: as many as any problem has",
    )

    @field_validator("searches")
    @classmethod
    def _have_names_of_their_own(cls, searches: tuple[GivenSearch, ...]) -> tuple[GivenSearch, ...]:
        if twice := named_twice([search.label for search in searches]):
            raise ValueError(f"two searches would be shown as {twice!r}; give one of them a name of its own")
        return searches


def named_twice(names: Sequence[str]) -> str | None:
    """The first of ``names`` that comes up again; None where all differ."""
    return next((name for place, name in enumerate(names) if name in names[:place]), None)


class SearchBlock(Block):
    """Best-of-N on the test problems."""

    given_samples: GivenSamples | None = Field(None, description="null: the project's generator samples")
    public_prms: tuple[PublicVerifier, ...] = Field(
        (), description="reward models of others that score the samples too"
    )
    samples: SampleCounts
    heldout_samples: SampleCounts
    certainty: bool = Field(
        False, description="keep the self-certainty of each token of these samples, for votes by self-certainty"
    )
    grading_rules: Literal["prm800k", "lenient"] = Field(
        "prm800k", description="of test samples, searches and revisions; the labeled pool goes by prm800k"
    )

    @field_validator("public_prms")
    @classmethod
    def _have_names_of_their_own(cls, verifiers: tuple[PublicVerifier, ...]) -> tuple[PublicVerifier, ...]:
        if twice := named_twice([verifier.shown_name for verifier in verifiers]):
            raise ValueError(f"two reward models would be shown as {twice!r}; give one of them a name of its own")
        return verifiers


class ExperimentPart(Block):
    """Problems of one split, and how many samples of each."""

    problems: int = Field(ge=1, description="the first so many of the split")
    samples: SampleCounts


class ExperimentBlock(Block):
    """Ways to supervise compared on the same samples (Lightman et al. 2023, 4): claims A3 and A4."""

    pool: ExperimentPart = Field(description="training problems and the samples that may be labeled")
    test: ExperimentPart = Field(description="test problems and samples on which every reward model is measured")
    design: Experiment


class TrainingChains(Block):
    """Chains of training problems, for the revision ORMs to learn from."""

    problems: int = Field(ge=1, description="the first so many training problems")
    chains: int = Field(ge=1, description="chains per problem")
    attempts: int = Field(ge=1, description="attempts per chain")
    problems_per_shard: int = Field(ge=1)


class RevisionOrms(Block):
    """How the two revision ORMs learn from these chains: like the run's ORM, until the validation loss stops falling."""

    epochs: float = Field(4.0, gt=0, le=10_000, description="passes over the attempts, at most")
    validation_share: float = Field(
        0.1, ge=0, lt=1, description="share of the chains' problems kept apart for early stopping"
    )
    patience: int | None = Field(3, ge=1, description="evaluations without gain until they stop; null: all epochs")


class TestChains(Block):
    """Test problems on which chains are run; the largest budget decides their number and length."""

    problems: int = Field(ge=10, description="the first so many test problems; five bins of two halves need ten")
    problems_per_shard: int = Field(ge=1)


class RevisionsBlock(Block):
    """A model that revises its own attempts (Snell et al. 2024, 6): claims B4-B6 and B10."""

    samples: SampleCounts | None = Field(
        None, description="samples per training problem to make revision data from; null: those of the labeled pool"
    )
    temperature: Temperature = Field(1.0, gt=0, description="of those samples")
    data: RevisionData = RevisionData()
    fine_tuning: Optimization
    validation_share: float = Field(
        0.05, ge=0, lt=1, description="share of the training problems for the validation loss"
    )
    training_chains: TrainingChains
    orms: RevisionOrms = RevisionOrms()
    test: TestChains
    budgets: Rising = Field(
        description="attempts per problem, powers of 2; each is split into sequential and parallel in every way"
    )
    search: RevisionSearchPlan = Field(description="PRM search over the model's proposals")

    @model_validator(mode="after")
    def _has_problems_to_stop_by(self) -> "RevisionsBlock":
        if self.fine_tuning.patience is not None and not self.validation_share:
            raise ValueError(
                "fine_tuning.patience stops by the loss of problems kept apart, and validation_share is 0; raise it or set "
                "patience to null"
            )
        return self

    @field_validator("budgets")
    @classmethod
    def _are_powers_of_two(cls, budgets: tuple[int, ...]) -> tuple[int, ...]:
        is_power = all(0 < n <= MAX_GENERATIONS and not n & (n - 1) for n in budgets)
        if not budgets or not is_power or max(budgets) < _PAST_TRAINING:
            raise ValueError(
                f"must be powers of 2 up to {_PAST_TRAINING} or more (at most {MAX_GENERATIONS:,}): claim B4 is about longer "
                "chains"
            )
        return budgets


class ReportBlock(Block):
    """What is measured and shown."""

    budgets: Rising = Field(description="N of best-of-N and votes; those beyond the samples are left out")
    bootstrap: int = Field(ge=100, le=100_000, description="bootstrap resamples of the problems")
    probes: int = Field(
        4, ge=1, description="samples of a problem in the estimate of its difficulty from a few of them"
    )

    aggregation: Aggregation = Field(
        "product",
        description="how the PRM's steps become a solution's score where no search says it: product (Lightman et al. "
        "2023, F) or last (Snell et al. 2024, E), min, mean",
    )

    votes: tuple[AnyVoteRule, ...] = Field(
        DEFAULT_RULES, description="rules for votes that are measured too, where samples carry what they judge by"
    )

    @property
    def score_aggregation(self) -> ScoreAggregation:
        """The aggregation, with neutral steps as positive."""
        return ScoreAggregation(self.aggregation, "positive")
