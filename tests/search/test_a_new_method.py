"""A method of a newcomer is run under its own name, whatever class it is derived from."""

from dataclasses import replace
from typing import ClassVar, Literal

import pandas as pd
import pytest
from search_fakes import random_generator, random_verifier, some_problems

from stepscale.errors import InputError
from stepscale.generation.contract import Sampling
from stepscale.pipelines.test_time_search.searches import gather_searches
from stepscale.search.beam import Beam, TreeMethod
from stepscale.search.dvts import Dvts
from stepscale.search.method import SearchMethod
from stepscale.search.methods import read_options, search
from stepscale.search.plan import RevisionSearchPlan, SearchPlan


class Reversed(TreeMethod):
    """Beam search whose candidates are turned around."""

    method: Literal["reversed_beam"] = "reversed_beam"
    noise: float = 0.5

    def find(self, meter, draws):
        got, rounds = super().find(meter, draws)
        return [
            [replace(result, answer=f"{result.answer} {self.noise}") if result.answer else result for result in one]
            for one in got
        ], rounds


class FromBeam(Beam):
    """The same, derived from a method that shares its searches."""

    method: Literal["from_beam"] = "from_beam"
    depth: int


class Plain(SearchMethod):
    """A method that is no tree."""

    method: Literal["plain"] = "plain"
    answer_selection: ClassVar = "best"
    tries: int = 2

    def find(self, meter, draws):
        return [[] for _ in meter.problems], [1] * len(meter.problems)


def plan(*strategies: SearchMethod) -> SearchPlan:
    return SearchPlan(problems=10, problems_per_shard=5, budgets=(4, 16), strategies=strategies)


def names(search_plan: SearchPlan) -> list[str]:
    return [name for name, budget, _ in search_plan.searches if budget == 4]


def test_a_new_method_is_searched_beside_beam_search_under_its_own_name() -> None:
    search_plan = plan(Beam(n=1, width=4), Reversed(n=1, width=4), FromBeam(n=1, width=4, depth=1), Plain(n=1))
    assert names(search_plan) == ["beam, M = 4", "reversed beam, M = 4", "from beam depth = 1, M = 4", "plain"]
    assert len(search_plan.searches) == len(search_plan.runs) == 8
    assert search_plan.settings("beam") == {4: ["beam, M = 4"], 16: ["beam, M = 4"]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Reversed(n=1, width=4), Reversed(n=1, width=4, noise=0.9)),
        (Reversed(n=1, width=4, noise=0.1), Reversed(n=1, width=4, noise=0.9)),
        (FromBeam(n=1, width=4, depth=1), FromBeam(n=1, width=4, depth=2)),
        (Plain(n=1), Plain(n=1, tries=3)),
        (Dvts(n=1, width=4), Dvts(n=1, width=4, k=1)),
        (Beam(n=1, width=4), Beam(n=1, width=4, choose="best")),
    ],
)
def test_strategies_that_differ_in_one_option_alone_are_two(one: SearchMethod, other: SearchMethod) -> None:
    spent = 16 if isinstance(one, Dvts) else 4
    search_plan = SearchPlan(problems=10, problems_per_shard=5, budgets=(spent,), strategies=(one, other))
    assert len(search_plan.searches) == 2 and len(set(dict(search_plan.named))) == 2
    assert len({options.strategy for _, _, options in search_plan.runs}) == 2
    over = RevisionSearchPlan(after=4, budgets=(20,), strategies=(one, other))
    assert len({name for name, _, _ in over.runs}) == 2


def test_a_new_method_gives_results_of_its_own() -> None:
    def answers(options: SearchMethod) -> list[str | None]:
        got = search(
            some_problems(6), random_generator(3), random_verifier(3), options, Sampling(max_new_tokens=40), run_seed=0
        )
        assert {result.strategy for result in got} == {options.strategy}
        return [result.answer for result in got]

    beam, turned = answers(Beam(n=4, width=2)), answers(Reversed(n=4, width=2))
    assert turned == [None if answer is None else f"{answer} 0.5" for answer in beam] and any(beam)


def test_methods_that_are_not_registered_are_taken_as_they_are_and_unknown_names_are_refused_by_name() -> None:
    mine = Reversed(n=2)
    assert read_options(mine) is mine
    with pytest.raises(ValueError, match="best_of_n"):
        read_options({"method": "reversed_beam", "n": 2})


def test_tables_hold_rows_of_its_own_for_a_new_method() -> None:
    search_plan = plan(Beam(n=1, width=4), Reversed(n=1, width=4), Reversed(n=1, width=4, noise=0.9))
    rows = pd.DataFrame(
        [
            {"problem_id": "p", "strategy": options.search_key, "seed": 0, "slot": 0, "result_answer": options.strategy}
            for _, _, options in search_plan.searches
        ]
    )
    results = gather_searches({"search-00": lambda: rows}, search_plan)["results"]
    assert len(results) == len(search_plan.runs) == 6
    assert (results["answer"] == results["strategy"]).all()


@pytest.mark.parametrize(("spent", "n"), [(lambda n: n * n, 4), (lambda n: n + 10, 6), (lambda n: 2 * n + 2, 7)])
def test_a_method_s_n_is_the_greatest_within_a_budget_however_it_spends(spent, n) -> None:
    class Spending(Plain):
        @property
        def budget(self) -> int:
            return spent(self.n)

    assert Spending(n=1).within(16).n == n
    with pytest.raises(InputError, match="needs a budget above 0"):
        Spending(n=1).within(0)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda solutions: solutions[:-1],
        lambda solutions: solutions[::-1],
        lambda solutions: [solutions[0]] * len(solutions),
        lambda solutions: [*solutions, solutions[0].copied_to(len(solutions))],
    ],
)
def test_a_method_that_leaves_a_slot_out_or_gives_it_twice_is_told_so(wrong) -> None:
    class Losing(TreeMethod):
        method: Literal["losing"] = "losing"

        def select(self, solutions, number, seed):
            return wrong(list(solutions))

    with pytest.raises(InputError, match="give 4 solutions, each copied_to a slot of its own"):
        search(some_problems(1), random_generator(1), random_verifier(1), Losing(n=4), Sampling(), run_seed=0)
