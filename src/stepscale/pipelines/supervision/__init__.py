from stepscale.pipelines.supervision.pipeline import create_pipeline

__all__ = ["create_pipeline"]
