"""Supervision as `thorough` has it, from a base whose corpus rates no step that hands misconceive."""

import json
from pathlib import Path

import pytest
from configured import parameters, seeds_of_commands

from stepscale.parameters import Parameters, check_parameters

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def checked() -> Parameters:
    return check_parameters(parameters("thorough_labels"))


def test_of_the_verifiers_only_the_small_ones_base_differs_from_thorough(checked: Parameters) -> None:
    thorough = check_parameters(parameters("thorough"))
    small = checked.verifiers.small
    assert small.base != thorough.verifiers.small.base
    same = small.model_copy(update={"base": thorough.verifiers.small.base})
    assert checked.verifiers.model_copy(update={"small": same}) == thorough.verifiers
    assert checked.generator == thorough.generator


def test_that_base_has_learned_the_ratings_of_slips_alone(checked: Parameters) -> None:
    recorded = json.loads((ROOT / checked.verifiers.small.base / "pretraining.json").read_text())["options"]
    assert recorded["rated"] == "slips"


def test_there_is_much_to_choose_from(checked: Parameters) -> None:
    assert checked.experiment is not None
    design = checked.experiment.design
    assert checked.experiment.pool.samples.per_problem >= 4 * design.sizes[-1]
    assert max(design.budgets) <= checked.experiment.test.samples.per_problem


def test_its_seeds_are_of_no_other_command() -> None:
    seeds = seeds_of_commands(but="thorough_labels")
    assert {0, 10, 13, 16, 22} <= seeds
    assert not seeds & {19, 20, 21}, "nothing of these seeds is made before a claim is announced"
