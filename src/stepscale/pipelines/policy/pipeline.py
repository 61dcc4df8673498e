"""The policy that the searches teach, saved to be served."""

from kedro.pipeline import Pipeline

from stepscale.pipelines.policy import measuring


def create_pipeline() -> Pipeline:
    """The policy pipeline."""
    return Pipeline(measuring.nodes(), tags="policy")
