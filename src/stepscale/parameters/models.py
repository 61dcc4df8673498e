"""The models of a run: the generator, the verifiers, a larger sibling; each a base and its training."""

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from stepscale.engine.encoding import TextFormat
from stepscale.engine.placement import GeneratorPlacement, Placement
from stepscale.generation.ends import LineBeginning
from stepscale.generation.prompts import HEADING, PROBLEM, ChatPrompt, FewShotPrompt, Prompt, prompt_template
from stepscale.generation.server_settings import ServerSettings
from stepscale.parameters.block import Block, FileSource, ModelSource, SamplingBlock
from stepscale.training.optimization import Optimization
from stepscale.verifiers.generative_options import GenerativePRM
from stepscale.verifiers.options import VerifierOptions, VerifierTraining
from stepscale.verifiers.public import PublicVerifier
from stepscale.verifiers.ready import ReadyPRM
from stepscale.verifiers.saved import Kind
from stepscale.verifiers.served_options import ServedPRM

if TYPE_CHECKING:
    from stepscale.generation.finetune import GeneratorTraining


def _without_patience(options: Optimization) -> Optimization:
    if options.patience is not None:
        raise ValueError(
            "patience: a generator learns from all of its examples and has no loss to stop by; set it to null"
        )
    return options


def _with_place_for_problem(template: str) -> str:
    if template.count(PROBLEM) != 1:
        raise ValueError(f"must hold {PROBLEM} exactly once, not {template.count(PROBLEM)} times")
    return template


Template = Annotated[str, AfterValidator(_with_place_for_problem)]
FineTuning = Annotated[Optimization, AfterValidator(_without_patience)]


def _check_can_be_asked(base: str | None, server: ServerSettings | None, fine_tuning: Optimization | None) -> None:
    """Refuse a model without a base or a server, and one that is both served and fine-tuned."""
    if base is None and server is None:
        raise ValueError("base: give a model folder or a Hugging Face name, or the server of a model")
    if server and fine_tuning:
        raise ValueError("server: a served model is asked as it is; set fine_tuning to null, or server to null")


class GeneratorBlock(Block):
    """The generator, its prompt and its fine-tuning (Lightman et al. 2023, 2.3)."""

    base: ModelSource | None = Field(
        description="folder or Hugging Face name of the base causal LM; of a served model: its tokenizer's, or null"
    )
    server: ServerSettings | None = Field(None, description="null: the model runs here; else where it is served")
    prompt: Prompt = Field(
        description="a template with {problem}; or style: chat, the model's own; or style: few_shot, solved examples"
    )
    examples: Literal["own", "given"] = Field(
        description="fine-tune on its own right samples, or on given right solutions"
    )
    samples_per_problem: int = Field(ge=1, description="own samples per problem to choose right ones from")
    sampling: SamplingBlock
    fine_tuning: FineTuning | None = Field(description="null: the base as it is, asked by its prompt")
    ends_before: LineBeginning | None = Field(
        None,
        description="a solution ends before a line that begins like this; null: the heading of the examples where "
        "the prompt is few_shot and the model is not fine-tuned, else no line",
    )
    placement: GeneratorPlacement = GeneratorPlacement()

    @field_validator("prompt")
    @classmethod
    def _holds_the_problem_once(cls, prompt: Prompt) -> Prompt:
        if not isinstance(prompt, ChatPrompt):
            _with_place_for_problem(prompt if isinstance(prompt, str) else prompt.then)
        return prompt

    @model_validator(mode="after")
    def _is_a_model_that_can_be_asked(self) -> Self:
        _check_can_be_asked(self.base, self.server, self.fine_tuning)
        if self.base is None and not isinstance(self.prompt, str):
            raise ValueError(
                "base: this style of prompt needs the model's tokenizer; name its folder or Hugging Face name"
            )
        return self

    @property
    def is_taken_as_it_is(self) -> bool:
        """Whether nothing is fine-tuned, which holds for every served model."""
        return self.fine_tuning is None

    def base_template(self, seed: int) -> str:
        """The prompt template of the base; ``seed`` decides which examples are shown.

        Raises:
            InputError: The template cannot be made, or lacks {problem}.
        """
        return prompt_template(self.prompt, self.base or "", seed)

    def template(self, seed: int) -> str:
        """The prompt template of the generator: without examples once fine-tuned; else ``seed`` decides which ones.

        Raises:
            InputError: The template cannot be made, or lacks {problem}.
        """
        prompt = self.prompt
        if not self.is_taken_as_it_is and not isinstance(prompt, str):
            prompt = prompt.then if isinstance(prompt, FewShotPrompt) else prompt.model_copy(update={"examples": None})
        return prompt_template(prompt, self.base or "", seed)

    @property
    def base_opening(self) -> str:
        """How the first line after a solution by the base begins; "": no such line.

        A base that is prompted with examples may write a further one.
        """
        heading = HEADING if isinstance(self.prompt, FewShotPrompt) else ""
        return heading if self.ends_before is None else self.ends_before

    @property
    def opening(self) -> str:
        """The same for the generator: once fine-tuned, its prompt has no examples."""
        return self.base_opening if self.is_taken_as_it_is or self.ends_before is not None else ""

    def training(self, seed: int) -> "GeneratorTraining":
        """The fine-tuning's settings, typed; ``seed`` is that of the run.

        Raises:
            pydantic.ValidationError: The settings do not agree.
        """
        from stepscale.generation.finetune import GeneratorTraining

        assert self.fine_tuning, "nothing is fine-tuned"
        fitted = {**self.fine_tuning.model_dump(), "seed": seed}
        return GeneratorTraining.model_validate({"layout": {"prompt": self.template(seed)}, "optimization": fitted})


class PRMBlock(Block):
    """A base and the PRM trained from it."""

    base: ModelSource = Field(description="folder or Hugging Face name")
    prm: VerifierOptions

    @model_validator(mode="after")
    def _start_every_output_of_the_prm(self) -> Self:
        n_tokens = len(self.prm.head_init_tokens)
        fitting = (3,) if self.prm.neutral == "class" else (2, 3)
        if n_tokens and n_tokens not in fitting:
            raise ValueError(
                f"prm.head_init_tokens: {n_tokens} tokens for the {fitting[0]} outputs of a PRM; give a token for each"
            )
        return self


class VerifierModels(PRMBlock):
    """A base and what is trained from it."""

    orm: VerifierOptions


class VerifierBlock(VerifierModels):
    """The verifiers of the run; PRM_large, which labels; and the small ones that learn from its labels."""

    server: ServedPRM | None = Field(None, description="the run's PRM as it is served, in place of one trained here")
    public: PublicVerifier | None = Field(
        None, description="the run's PRM is this reward model of others as it is, in place of one trained here"
    )
    generative: GenerativePRM | None = Field(
        None, description="the run's PRM is a language model that judges in words, in place of one trained here"
    )
    prompt: Template = Field(description="prompt template with {problem}")
    judged_at: Literal["separator", "step"] = Field(
        "separator",
        description="token at which a step is judged: the last one of the separator after it, or of its own",
    )
    large: PRMBlock | None = Field(
        None,
        description="of PRM_large, which labels what the small verifiers learn from (Lightman et al. 2023, 4.1); "
        "null: the run's PRM is PRM_large",
    )
    small: VerifierModels | None = Field(
        None,
        description="of the small verifiers, which the comparison of supervision and the data loop train (the same, "
        "4.1); null: as the run's",
    )
    placement: Placement = Placement()
    processbench: FileSource | None = Field(
        None, description="ProcessBench (its files or hub name), on which the run's PRM names first errors too"
    )

    @model_validator(mode="after")
    def _have_one_prm(self) -> Self:
        named = [name for name in ("server", "public", "generative") if getattr(self, name)]
        if len(named) > 1:
            raise ValueError(f"{named[0]} and {named[1]} both name the run's PRM; set one of them to null")
        return self

    @property
    def ready_prm(self) -> ReadyPRM | None:
        """The run's PRM where it is not trained here."""
        return self.server or self.public or self.generative

    def sized(self, small: bool) -> VerifierModels:
        """The verifiers of the run; with ``small`` the small ones, if there are any."""
        return self.small if small and self.small else self

    def training(self, kind: Kind, seed: int, small: bool = False) -> VerifierTraining:
        """Settings of one verifier by kind, seed and size. The pipeline sets validation problems apart, so none is taken here."""
        return self._fitted(kind, self.sized(small).orm if kind == "orm" else self.sized(small).prm, seed)

    def large_training(self, seed: int) -> VerifierTraining:
        """The settings of PRM_large; ``seed`` is that of its training."""
        return self._fitted("prm", (self.large or self).prm, seed)

    def _fitted(self, kind: Kind, of_kind: VerifierOptions, seed: int) -> VerifierTraining:
        fitted = of_kind.optimization.model_copy(update={"seed": seed})
        options = of_kind.model_dump() | {"optimization": fitted}
        layout = TextFormat(prompt=self.prompt, judged_at=self.judged_at)
        return VerifierTraining(kind=kind, layout=layout, validation_share=0.0, **options)


class LargerBlock(Block):
    """A larger model trained on the same tokens, against which test-time compute is measured (Snell et al. 2024, 7): claim B7."""

    base: ModelSource | None = Field(
        description="folder or Hugging Face name; its size is counted from the weights; of a served model: its tokenizer's"
    )
    server: ServerSettings | None = Field(None, description="null: it runs here; else where it is served")
    samples_per_problem: int | None = Field(
        None, ge=1, description="own samples per problem to choose right ones from; null: as many as the generator's"
    )
    fine_tuning: FineTuning | None = Field(None, description="null: the generator's")
    placement: GeneratorPlacement | None = Field(None, description="null: the generator's")
    problems_per_shard: int = Field(100, ge=1, description="problems in one saved shard of its greedy answers")

    @model_validator(mode="after")
    def _is_a_model_that_can_be_asked(self) -> Self:
        _check_can_be_asked(self.base, self.server, self.fine_tuning)
        return self

    def like(self, generator: GeneratorBlock) -> GeneratorBlock:
        """The larger model as a generator block: ``generator`` with this base."""
        settings = {name: getattr(self, name) for name in ("base", "samples_per_problem", "fine_tuning", "placement")}
        changed = {name: value for name, value in settings.items() if value is not None}
        if self.server:
            changed |= {"base": self.base, "fine_tuning": None}
        return generator.model_copy(update=changed | {"server": self.server})
