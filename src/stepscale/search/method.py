"""What every search method is: typed options that know their name, their budget and how to find candidates.

A new method is one file with a subclass of ``SearchMethod`` and its name in ``methods.SearchOptions``
(docs/how_to/add_a_search_method.md). No other file knows the options of a method.
"""

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from pydantic import Field

from stepscale.errors import InputError
from stepscale.generation.contract import Sampling
from stepscale.grading import Rules
from stepscale.search.answer_selection import AnswerSelection, Choice, choose
from stepscale.search.asking import MAX_GENERATIONS, checked_generations
from stepscale.search.metering import Meter
from stepscale.search.results import Candidate
from stepscale.user_settings import UserSettings
from stepscale.verifiers.aggregation import Aggregation, NeutralIs


@dataclass(frozen=True)
class SeededSampling:
    """How tokens are drawn, and with which seed.

    Attributes:
        sampling: Temperature, top-p and limits; ``max_new_tokens`` bounds a whole solution.
        run_seed: The seed of the run.
        rules: The grading rules by which answers are equal, for methods that look at answers while they sample.
    """

    sampling: Sampling
    run_seed: int
    rules: Rules = "prm800k"


class SearchMethod(UserSettings, ABC):
    """Options common to all methods: N, and how scores become a choice.

    ``label``: the method's name in figures; the name of the method unless set. ``unlisted_in_name``: options that are not listed
    in its name automatically. ``shown_in_name``: those shown even at their defaults. ``measured_from_samples``: recorded samples
    measure it in closed form, so no plan runs it.
    """

    measured_from_samples: ClassVar[bool] = False
    label: ClassVar[str] = ""
    unlisted_in_name: ClassVar[frozenset[str]] = frozenset({"method", "n", "aggregation", "neutral_is"})
    shown_in_name: ClassVar[frozenset[str]] = frozenset()

    method: str
    n: int = Field(
        ge=1, le=MAX_GENERATIONS, description="N: solutions (samples or beams) searched at once for each problem"
    )
    aggregation: Aggregation = Field(
        "last", description="step scores to a solution's score, in the search and in the final choice"
    )
    neutral_is: NeutralIs = Field("positive", description="what a neutral step counts as")

    @property
    @abstractmethod
    def answer_selection(self) -> AnswerSelection:
        """How the answer is selected among the candidates."""

    @property
    def needs_verifier(self) -> bool:
        """Whether it looks at scores."""
        return True

    @property
    def budget(self) -> int:
        """Generations the method may use for a problem, in the paper's units; rises with ``n``."""
        return self.n

    @property
    def strategy(self) -> str:
        """The method and all its settings in one line, the key of its rows in tables."""
        settings = {name: getattr(self, name) for name in type(self).model_fields if name != "method"}
        option_texts = [f"{name}={value}" for name, value in settings.items() if value is not None]
        return " ".join([self.method, *option_texts])

    @property
    def search_key(self) -> str:
        """What is searched, in one line. Strategies with the same key make the same search, draw by draw, and are run once.

        By default a strategy shares its search with no other; a method may override this.
        """
        return self.strategy

    @property
    def expands_duplicates_once(self) -> bool:
        """Whether open solutions of the same tokens are expanded once."""
        return False

    def display_name(self, among: Sequence["SearchMethod"] = ()) -> str:
        """The name in figures and tables, whatever its N: the label, and own options that differ from their defaults.

        Args:
            among: The strategies that it is shown beside.

        Returns:
            The name in one line.
        """
        fields = type(self).model_fields
        options = [
            f"{name} = {getattr(self, name)}"
            for name, field in fields.items()
            if name not in self.unlisted_in_name
            and (name in self.shown_in_name or getattr(self, name) != field.get_default(call_default_factory=True))
        ]
        return " ".join([self.label or self.method.replace("_", " "), ", ".join(options)]).rstrip()

    def within(self, budget: int) -> Self:
        """These options with the greatest N whose budget is at most ``budget``.

        Args:
            budget: Generations per problem.

        Returns:
            The same method with another N.

        Raises:
            InputError: There is none.
        """
        places = range(1, MAX_GENERATIONS + 2)
        n = bisect_right(places, budget, key=lambda n: self.model_copy(update={"n": n}).budget)
        if n < 1:
            raise InputError(f"search method {self.method!r} needs a budget above {budget}; raise it")
        if n > MAX_GENERATIONS:
            checked_generations(budget)
        return self.model_copy(update={"n": n})

    def choice(self, candidates: Sequence[Candidate], seed: int, rules: Rules) -> Choice:
        """The winner among the candidates of one problem; ``seed`` settles ties.

        Args:
            candidates: Finished or cut-off solutions of one problem.
            seed: Settles ties.
            rules: By which answers are equal.

        Returns:
            The winning answer, the index of its candidate, and how sure it is.
        """
        return choose(candidates, self.answer_selection, seed, rules)

    @abstractmethod
    def find(self, meter: Meter, draws: SeededSampling) -> tuple[list[list[Candidate]], list[int]]:
        """Candidates and the number of rounds, for each of the meter's problems.

        Args:
            meter: Asks generator and verifier, and counts the cost of each problem.
            draws: How tokens are drawn.

        Returns:
            Candidates of each problem, and the number of rounds of each.
        """
