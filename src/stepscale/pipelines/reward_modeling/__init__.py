from stepscale.pipelines.reward_modeling.pipeline import create_pipeline

__all__ = ["create_pipeline"]
