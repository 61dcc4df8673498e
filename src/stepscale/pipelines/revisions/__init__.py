from stepscale.pipelines.revisions.pipeline import create_pipeline

__all__ = ["create_pipeline"]
