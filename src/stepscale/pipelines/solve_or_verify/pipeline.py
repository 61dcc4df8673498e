"""Solve or verify at equal FLOPs (arXiv 2504.01005): a critic that writes, against a vote of more samples."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.named import named
from stepscale.pipelines.sampling import gather
from stepscale.pipelines.solve_or_verify import nodes


def create_pipeline() -> Pipeline:
    """The solve_or_verify pipeline."""
    settings = {"settings": "params:solve_or_verify_settings"}
    tested = {"problems": "test_problems", "solutions": "test_solutions"}
    return Pipeline(
        [
            Node(
                nodes.write_critiques,
                inputs={"problems": "problems", "solutions": "pool_solutions"} | settings,
                outputs="critiques",
                name="write_critiques",
            ),
            Node(
                nodes.train_critic,
                inputs=named("problems", "critiques") | settings,
                outputs="critic_model",
                name="train_critic",
            ),
            Node(
                nodes.judge_samples,
                inputs=named("critic_model") | tested | settings,
                outputs="judgments_shards",
                name="judge_with_critic",
            ),
            Node(
                gather,
                inputs={"shards": "judgments_shards"},
                outputs="judgments",
                name="gather_judgments",
            ),
            Node(
                nodes.measure_solve_or_verify,
                inputs=named("generator_model", "judgments") | tested | settings,
                outputs="solve_or_verify_tables",
                name="measure_solve_or_verify",
            ),
            Node(
                nodes.show_solve_or_verify,
                inputs={"tables": "solve_or_verify_tables"},
                outputs="solve_or_verify_part",
                name="show_solve_or_verify",
            ),
        ],
        tags="solve_or_verify",
    )
