from stepscale.pipelines.rollouts.pipeline import create_pipeline

__all__ = ["create_pipeline"]
