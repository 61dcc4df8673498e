"""Which searches are run on the test problems: strategies, each at every budget (Snell et al. 2024, 5.2 and 5.3).

In: typed options without their N. Out: the same options with the N that each budget allows, and the name a strategy is shown
by. Knows nothing about models or how results are stored.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator, model_validator

from stepscale.errors import InputError
from stepscale.estimators.rising import Rising
from stepscale.search.method import SearchMethod
from stepscale.search.methods import SearchOptions
from stepscale.user_settings import UserSettings
from stepscale.verifiers.aggregation import ScoreAggregation


class _Strategies(UserSettings):
    """Search options, each run at every budget; their N follows from the budget."""

    strategies: tuple[SearchOptions, ...] = Field(
        min_length=1, description="search options without n, which follows from the budgets"
    )

    @field_validator("strategies", mode="before")
    @classmethod
    def _take_n_from_budgets(cls, strategies: Any) -> Any:
        if not isinstance(strategies, list | tuple):
            raise ValueError("must be a list of searches, each with its method")
        if any(isinstance(options, Mapping) and "n" in options for options in strategies):
            raise ValueError("a strategy has no n of its own; give budgets")
        return [{**options, "n": 1} if isinstance(options, Mapping) else options for options in strategies]

    @property
    def named(self) -> list[tuple[str, SearchMethod]]:
        """The strategies, each with the name it is shown by among these."""
        return [(options.display_name(self.strategies), options) for options in self.strategies]


class SearchPlan(_Strategies):
    """Tree searches on the test problems. Best-of-N and votes need no search: they are computed from the samples."""

    problems: int = Field(
        ge=10, description="number of test problems, from the first on; five bins of two halves need ten"
    )
    problems_per_shard: int = Field(ge=1, description="problems in one saved shard, and searched together")
    budgets: Rising = Field(description="generations per problem, as the paper counts them")

    @model_validator(mode="after")
    def _can_be_run(self) -> "SearchPlan":
        names = [name for name, _ in self.named]
        sampled = [options.method for options in self.strategies if options.measured_from_samples]
        if sampled:
            raise ValueError(f"recorded samples tell what {sampled[0]} does, measured without search; leave it out")
        if len(set(names)) < len(names):
            raise ValueError(f"two strategies would both be shown as one of {', '.join(sorted(set(names)))}")
        if len({(options.aggregation, options.neutral_is) for options in self.strategies}) > 1:
            raise ValueError(
                "strategies that are compared take the same aggregation and neutral_is, and best-of-N with them; plan them apart"
            )
        try:
            uneven = next(((name, n, options.budget) for name, n, options in self.runs if options.budget != n), None)
        except InputError as error:
            raise ValueError(str(error)) from None
        if uneven:
            name, budget, spent = uneven
            raise ValueError(
                f"{name} spends {spent} of a budget of {budget}; give budgets that it can spend, such as 4, 16, 64"
            )
        return self

    @property
    def score_aggregation(self) -> ScoreAggregation:
        """How all of them, and the samples they are compared with, are scored."""
        return ScoreAggregation(self.strategies[0].aggregation, self.strategies[0].neutral_is)

    @property
    def runs(self) -> list[tuple[str, int, SearchMethod]]:
        """(name of the strategy, budget, its options at that budget), the cheapest first.

        Raises:
            InputError: A strategy has no options at any budget.
        """
        return [(name, n, options.within(n)) for n in self.budgets for name, options in self.named]

    @property
    def filtering(self) -> tuple[str, ...]:
        """The names of the strategies that expand identical open beams once."""
        return tuple(name for name, options in self.named if options.expands_duplicates_once)

    @property
    def searches(self) -> list[tuple[str, int, SearchMethod]]:
        """``runs`` without repeats of an earlier search: each search is run once and serves every strategy that shares it."""
        first: dict[str, tuple[str, int, SearchMethod]] = {}
        for run in self.runs:
            first.setdefault(run[2].search_key, run)
        return list(first.values())

    @property
    def scored_searches(self) -> list[tuple[str, int, SearchMethod]]:
        """Those of ``searches`` whose candidates are scored, so that a policy may continue with them."""
        return [run for run in self.searches if run[2].needs_verifier]

    def settings(self, method: str) -> dict[int, list[str]]:
        """By budget the names of a method's strategies; strategies that share a search there count once.

        Args:
            method: Name of a search method, such as ``beam``.

        Returns:
            Names in the order of the plan, by budget; empty where the plan has no strategy of the method.
        """
        by_budget: dict[int, dict[str, str]] = {}
        for name, _, options in self.runs:
            if options.method == method:
                by_budget.setdefault(options.budget, {}).setdefault(options.search_key, name)
        return {budget: list(names.values()) for budget, names in by_budget.items()}


class RevisionSearchPlan(_Strategies):
    """Searches against the PRM over a revision model's proposals, after a chain of attempts (past Snell et al. 2024, 8)."""

    after: int = Field(ge=1, description="attempts in the chain before; they are paid for, and may win")
    budgets: Rising = Field(description="attempts and candidates of the search together")

    @model_validator(mode="after")
    def _can_be_run(self) -> "RevisionSearchPlan":
        if any(not options.needs_verifier for options in self.strategies):
            raise ValueError("majority takes no PRM; leave it out")
        if len({(options.aggregation, options.neutral_is) for options in self.strategies}) > 1:
            raise ValueError(
                "strategies that are compared take the same aggregation and neutral_is, and the attempts before them with them; "
                "plan them apart"
            )
        if min(self.budgets) <= self.after:
            raise ValueError(f"a budget must be above the {self.after} attempts that come before the search")
        try:
            names = [name for name, _, _ in self.runs]
        except InputError as error:
            raise ValueError(str(error)) from None
        if len(set(names)) * len(set(self.budgets)) < len(names):
            raise ValueError(f"two strategies would both be shown as one of {', '.join(sorted(set(names)))}")
        return self

    @property
    def runs(self) -> list[tuple[str, int, SearchMethod]]:
        """(name of the strategy, budget, options of its search), the cheapest first.

        Raises:
            InputError: A strategy has no options at any budget.
        """
        return [
            (f"PRM {name} over revisions", n, options.within(n - self.after))
            for n in self.budgets
            for name, options in self.named
        ]


def check_samples(plan: SearchPlan, per_problem: int, remedy: str) -> None:
    """Check that no budget is above ``per_problem``, the largest N of best-of-N.

    Args:
        plan: The searches and their budgets.
        per_problem: Samples that best-of-N has to choose from.
        remedy: What to do about it, as the message ends.

    Raises:
        InputError: One is; the line ends with the ``remedy``.
    """
    if max(plan.budgets) > per_problem:
        raise InputError(
            f"tree_search.budgets: {max(plan.budgets)} is above the {per_problem} samples per problem that searches are compared "
            f"with; lower it or {remedy}"
        )
