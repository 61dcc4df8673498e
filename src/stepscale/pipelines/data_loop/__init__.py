from stepscale.pipelines.data_loop.pipeline import create_pipeline

__all__ = ["create_pipeline"]
