"""Problems and sampling of another type: every container of problems is read, and what is none is one line."""

from collections.abc import Callable
from typing import Any

import pytest
from search_fakes import random_generator, random_verifier, some_problems

from stepscale.errors import InputError
from stepscale.estimators.online_policy import Action, OnlinePolicy
from stepscale.generation.contract import Sampling
from stepscale.revisions.chains import run_chains
from stepscale.revisions.prompt import RevisionLayout
from stepscale.search.methods import search
from stepscale.search.online import search_online
from stepscale.search.results import Problem

SAMPLING = Sampling(max_new_tokens=20)
POLICY = OnlinePolicy(probes=1, sure=2.0, borders=(), actions=(Action(samples=1),))


def searched(problems: Any, sampling: Any = SAMPLING) -> list[Any]:
    options = {"method": "best_of_n", "n": 2}
    return search(problems, random_generator(0), random_verifier(0), options, sampling, run_seed=0)


def online(problems: Any, sampling: Any = SAMPLING) -> list[Any]:
    return search_online(problems, random_generator(0), random_verifier(0), POLICY, {}, sampling, run_seed=0)


def revised(problems: Any, sampling: Any = SAMPLING) -> list[Any]:
    return run_chains(problems, random_generator(0), [1, 2], RevisionLayout(), sampling, run_seed=0)


CALLS = [searched, online, revised]


@pytest.mark.parametrize("call", CALLS)
def test_an_iterator_of_problems_is_read_as_the_list_is(call: Callable[..., list[Any]]) -> None:
    problems = some_problems(3)
    assert call(iter(problems)) == call(problems) and len(call(tuple(problems))) == 3


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "problems",
    [None, 5, "How many?", ["How many?"], [None], Problem("a", "1?"), [Problem("a", "")], [Problem("a", None)]],
)
def test_what_is_no_list_of_problems_is_one_line(call: Callable[..., list[Any]], problems: Any) -> None:
    with pytest.raises(InputError, match="problem") as caught:
        call(problems)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("call", CALLS)
def test_two_problems_of_one_id_are_refused(call: Callable[..., list[Any]]) -> None:
    with pytest.raises(InputError, match="same problem_id"):
        call([Problem("a", "1?"), Problem("a", "2?")])


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("sampling", [None, 1.0, {"temperature": 1.0}])
def test_sampling_of_another_type_is_one_line(call: Callable[..., list[Any]], sampling: Any) -> None:
    with pytest.raises(InputError, match="sampling must be a stepscale"):
        call(some_problems(1), sampling)


@pytest.mark.parametrize("lengths", [None, [], [0], [1.5], "12"])
def test_chains_of_no_length_are_one_line(lengths: Any) -> None:
    with pytest.raises(InputError):
        run_chains(some_problems(1), random_generator(0), lengths, RevisionLayout(), SAMPLING, run_seed=0)
