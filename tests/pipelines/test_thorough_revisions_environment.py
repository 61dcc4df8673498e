"""Revisions as `thorough` has them, over more problems and shorter chains."""

import pytest
from configured import parameters

from stepscale.parameters import Parameters, check_parameters


@pytest.fixture(scope="module")
def checked() -> Parameters:
    return check_parameters(parameters("thorough_revisions"))


def test_only_problems_and_chains_differ_from_thorough(checked: Parameters) -> None:
    thorough = check_parameters(parameters("thorough")).revisions
    assert checked.revisions is not None and thorough is not None
    sizes = {"training_chains", "test", "budgets", "search"}
    assert checked.revisions.model_dump(exclude=sizes) == thorough.model_dump(exclude=sizes)
    assert checked.revisions.test.problems > 3 * thorough.test.problems


def test_its_seeds_are_of_no_other_environment(checked: Parameters) -> None:
    assert checked.seed not in {parameters(name)["seed"] for name in ("base", "thorough", "thorough_rollouts")}
