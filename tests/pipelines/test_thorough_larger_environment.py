"""Searches of the main run's models against a larger model, at budgets that equal FLOPs ask for."""

import pytest
from configured import parameters, seeds_of_commands

from stepscale.environments import pipelines_of
from stepscale.estimators.flops_match import RATIOS, budget_multiplier
from stepscale.parameters import Parameters, check_parameters

SIZE_RATIO = 14.3


@pytest.fixture(scope="module")
def checked() -> Parameters:
    return check_parameters(parameters("thorough_larger"))


def test_models_and_their_training_are_those_of_base(checked: Parameters) -> None:
    base = check_parameters(parameters("base"))
    assert checked.pool == base.pool
    assert checked.verifiers == base.verifiers
    assert checked.generator == base.generator


def test_the_samples_reach_every_budget_of_equal_flops_within_a_tenth(checked: Parameters) -> None:
    largest = max(budget_multiplier(SIZE_RATIO, ratio, "v1") for ratio in RATIOS["v1"])
    assert largest / 1.1 <= max(checked.report.budgets) == checked.search.samples.per_problem


def test_every_test_problem_is_searched_and_no_revisions_are_run(checked: Parameters) -> None:
    assert checked.tree_search
    assert checked.tree_search.problems == checked.problems.lab.test
    assert "larger_model" in pipelines_of("thorough_larger")
    assert "revisions" not in pipelines_of("thorough_larger")


def test_its_seeds_are_of_no_other_command() -> None:
    seeds = seeds_of_commands(but="thorough_larger")
    assert {0, 10, 13, 16, 19, 22} <= seeds
    assert not seeds & {25, 26, 27}, "claims of these seeds were announced before anything of them was made"
