"""Searches as `thorough_rollouts` has them, over more problems and without lookahead."""

from pathlib import Path

import pytest
from configured import parameters, seeds_of_commands

from stepscale.parameters import Parameters, check_parameters

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def checked() -> Parameters:
    return check_parameters(parameters("thorough_searches"))


def test_models_and_beam_searches_are_those_of_thorough_rollouts(checked: Parameters) -> None:
    rollouts = check_parameters(parameters("thorough_rollouts"))
    assert checked.pool == rollouts.pool
    assert checked.verifiers == rollouts.verifiers
    assert checked.generator == rollouts.generator
    assert checked.search.samples == rollouts.search.samples
    assert checked.tree_search and rollouts.tree_search
    beams = [strategy for strategy in rollouts.tree_search.strategies if strategy.method == "beam"]
    assert list(checked.tree_search.strategies) == beams
    assert checked.tree_search.budgets == rollouts.tree_search.budgets


def test_three_times_as_many_problems_are_searched(checked: Parameters) -> None:
    rollouts = check_parameters(parameters("thorough_rollouts"))
    assert checked.tree_search and rollouts.tree_search
    assert checked.tree_search.problems == 3 * rollouts.tree_search.problems


def test_its_seeds_are_of_no_other_command() -> None:
    seeds = seeds_of_commands(but="thorough_searches")
    assert {0, 10, 13, 22} <= seeds
    assert not seeds & {16, 17, 18}, "claims of these seeds were announced before anything of them was made"
