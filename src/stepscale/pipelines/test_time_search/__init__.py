from stepscale.pipelines.test_time_search.pipeline import create_pipeline

__all__ = ["create_pipeline"]
