"""Solve or verify at equal FLOPs (arXiv 2504.01005): a critic that writes, against a vote of more samples."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.named import named
from stepscale.pipelines.sampling import gather
from stepscale.pipelines.solve_or_verify import critic, nodes

_SETTINGS = {"settings": "params:solve_or_verify_settings"}
_TESTED = {"problems": "test_problems", "solutions": "test_solutions"}


def create_pipeline() -> Pipeline:
    """The solve_or_verify pipeline."""
    return Pipeline([*_trained(), *_judging(), *_measuring()], tags="solve_or_verify")


def ready_critic() -> Pipeline:
    """The same with a critic that is named (``solve_or_verify.critic``) and taken as it is."""
    take = Node(critic.take_critic, inputs=_SETTINGS, outputs="critic_model", name="take_critic")
    return Pipeline([take, *_judging(), *_measuring()], tags="ready_critic")


def _trained() -> list[Node]:
    """Write critiques and train the critic on them."""
    return [
        Node(
            critic.write_critiques,
            inputs={"problems": "problems", "solutions": "pool_solutions"} | _SETTINGS,
            outputs="critiques",
            name="write_critiques",
        ),
        Node(
            critic.train_critic,
            inputs=named("problems", "critiques") | _SETTINGS,
            outputs="critic_model",
            name="train_critic",
        ),
    ]


def _judging() -> list[Node]:
    """Let the critic judge the test samples."""
    return [
        Node(
            nodes.judge_samples,
            inputs=named("critic_model") | _TESTED | _SETTINGS,
            outputs="judgments_shards",
            name="judge_with_critic",
        ),
        Node(
            gather,
            inputs={"shards": "judgments_shards"},
            outputs="judgments",
            name="gather_judgments",
        ),
    ]


def _measuring() -> list[Node]:
    """Compare votes with and without the critic at equal FLOPs, and show the comparison."""
    return [
        Node(
            nodes.measure_solve_or_verify,
            inputs=named("generator_model", "judgments") | _TESTED | _SETTINGS,
            outputs="solve_or_verify_tables",
            name="measure_solve_or_verify",
        ),
        Node(
            nodes.show_solve_or_verify,
            inputs={"tables": "solve_or_verify_tables"},
            outputs="solve_or_verify_part",
            name="show_solve_or_verify",
        ),
    ]
