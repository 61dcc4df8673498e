from stepscale.pipelines.policy.pipeline import create_pipeline

__all__ = ["create_pipeline"]
