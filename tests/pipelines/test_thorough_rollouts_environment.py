"""The lab as Snell et al. 2024 have it: values by rollouts, a soft PRM of the whole pool, the paper's searches by last steps."""

import pytest
from configured import CONF, parameters

from stepscale.environments import pipelines_of
from stepscale.labeling.options import PoolByRollouts
from stepscale.parameters import Parameters, check_parameters


@pytest.fixture(scope="module")
def checked() -> Parameters:
    return check_parameters(parameters("thorough_rollouts"))


def test_no_step_is_rated(checked: Parameters) -> None:
    assert isinstance(checked.pool.labeler, PoolByRollouts) and checked.pool.train.per_problem > 1
    pipelines = pipelines_of("thorough_rollouts", str(CONF))
    assert "soft_prm" in pipelines and not {"rollouts", "supervision", "data_loop"} & set(pipelines)


def test_both_verifiers_learn_until_the_loss_of_other_questions_stops_falling(checked: Parameters) -> None:
    fits = [checked.verifiers.training(kind, 0).optimization for kind in ("prm", "orm")]
    assert all(fit.patience and fit.epochs > 5 for fit in fits)


def test_the_paper_s_searches_judge_by_last_steps(checked: Parameters) -> None:
    assert checked.tree_search and checked.report.aggregation == "last"
    strategies = checked.tree_search.strategies
    assert {strategy.method for strategy in strategies} == {"beam", "lookahead"}
    assert {strategy.aggregation for strategy in strategies} == {"last"}


def test_its_seed_is_of_no_other_environment(checked: Parameters) -> None:
    assert checked.seed not in {parameters(name)["seed"] for name in ("base", "thorough")}
