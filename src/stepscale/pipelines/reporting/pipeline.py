"""Scores -> curves, claims, figures, one HTML report, MLflow."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.active_learning import measuring as active_learning
from stepscale.pipelines.data_loop import measuring as data_loop
from stepscale.pipelines.larger_model import measuring as larger_model
from stepscale.pipelines.policy import measuring as policy
from stepscale.pipelines.reporting import best_of_n, page, searches
from stepscale.pipelines.reporting.when_there import when_there
from stepscale.pipelines.revisions import measuring as revisions
from stepscale.pipelines.reward_modeling import measuring as reward_modeling
from stepscale.pipelines.rollouts import measuring as rollouts
from stepscale.pipelines.supervision import measuring as supervision

_MEASURED = (supervision, data_loop, rollouts, revisions, larger_model, policy, reward_modeling, active_learning)


def create_pipeline() -> Pipeline:
    """The reporting pipeline."""
    optional: list[Node] = [node for study in (searches, *_MEASURED) for node in study.nodes()]
    return Pipeline([*best_of_n.nodes(), *map(when_there, optional), *page.nodes()], tags="reporting")
