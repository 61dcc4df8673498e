"""Methods of later papers with the models of another run: nothing is trained, and each method of the field is there."""

import pytest
from configured import CONF, parameters

from stepscale.environments import pipelines_of
from stepscale.parameters import Parameters, check_parameters
from stepscale.search.deepconf import DeepConf


@pytest.fixture(scope="module")
def checked() -> Parameters:
    return check_parameters(parameters("later_methods"))


def test_nothing_is_trained(checked: Parameters) -> None:
    assert checked.generator.fine_tuning is None
    pipelines = pipelines_of("later_methods", str(CONF))
    assert "test_time_search" in pipelines and not {"reward_modeling", "active_learning"} & set(pipelines)


def test_filters_rejection_and_deepconf_are_searched_beside_beam_search(checked: Parameters) -> None:
    assert checked.tree_search
    methods = {strategy.method for strategy in checked.tree_search.strategies}
    filters = {"particle_filtering", "entropic_particle_filtering"}
    assert methods == {"beam", "speculative_rejection", "deepconf"} | filters


def test_certainties_are_kept_and_voted_by_over_the_groups_that_deepconf_looks_at(checked: Parameters) -> None:
    assert checked.search.certainty and checked.tree_search
    (deepconf,) = (strategy for strategy in checked.tree_search.strategies if isinstance(strategy, DeepConf))
    rules = {(rule.kind, rule.by) for rule in checked.report.votes}
    assert {("borda", "mean_logprob"), ("borda", "self_certainty"), ("pessimistic", "score")} <= rules
    assert {rule.group for rule in checked.report.votes if rule.by == "lowest_group"} == {deepconf.group}


def test_deepconf_stops_samples_at_every_budget_above_the_smallest(checked: Parameters) -> None:
    assert checked.tree_search
    (deepconf,) = (strategy for strategy in checked.tree_search.strategies if isinstance(strategy, DeepConf))
    assert deepconf.warm_up < checked.tree_search.budgets[1]


def test_its_seed_is_a_design_seed(checked: Parameters) -> None:
    assert 1001 <= checked.seed <= 1099
