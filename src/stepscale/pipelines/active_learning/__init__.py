from stepscale.pipelines.active_learning.pipeline import create_pipeline

__all__ = ["create_pipeline"]
