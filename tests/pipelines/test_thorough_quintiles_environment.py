"""Best-of-N of the main run's models over so many problems that each fifth of them has some ninety per seed."""

import pytest
from configured import parameters, seeds_of_commands

from stepscale.parameters import Parameters, check_parameters


@pytest.fixture(scope="module")
def checked() -> Parameters:
    return check_parameters(parameters("thorough_quintiles"))


def test_models_and_their_training_are_those_of_base(checked: Parameters) -> None:
    base = check_parameters(parameters("base"))
    assert checked.pool == base.pool
    assert checked.verifiers == base.verifiers
    assert checked.generator == base.generator


def test_a_quintile_has_ninety_problems_and_all_samples_are_reported(checked: Parameters) -> None:
    assert checked.problems.lab.test // 5 >= 90
    assert max(checked.report.budgets) == checked.search.samples.per_problem


def test_its_seeds_are_of_no_other_command() -> None:
    seeds = seeds_of_commands(but="thorough_quintiles")
    assert {0, 10, 13, 16, 19, 22, 25} <= seeds
    assert not seeds & {28, 29, 30}, "claims of these seeds were announced before anything of them was made"
