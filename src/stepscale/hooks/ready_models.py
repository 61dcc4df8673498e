"""Finds a run that takes a ready model where none is named, or trains one where one is named; before anything runs.

A ready model is one that is taken as it is.
"""

from collections.abc import Callable
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from stepscale.parameters import Parameters, check_parameters
from stepscale.pipelines.fine_tuning import check_is_taken_as_it_is
from stepscale.pipelines.reward_modeling.nodes import named_prm
from stepscale.pipelines.solve_or_verify.critic import check_is_trained, named_critic

_CHECKS: dict[str, Callable[[Parameters], object]] = {
    "take_generator": lambda parameters: check_is_taken_as_it_is(parameters.generator),
    "take_prm": lambda parameters: named_prm(parameters.verifiers),
    "take_critic": lambda parameters: named_critic(parameters.solve_or_verify),
    "write_critiques": lambda parameters: check_is_trained(parameters.solve_or_verify),
    "train_critic": lambda parameters: check_is_trained(parameters.solve_or_verify),
}
"""By node what the parameters must agree with."""


def check_ready_models(pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
    """Check that nodes that take a model as it is find one named, and that nodes that train a critic find none.

    Args:
        pipeline: The nodes that will run.
        catalog: Kedro's catalog of the run.

    Raises:
        InputError: One of them does not.
    """
    if checks := [_CHECKS[node.name] for node in pipeline.nodes if node.name in _CHECKS]:
        parameters = check_parameters(catalog.load("parameters"))
        for check in checks:
            check(parameters)
