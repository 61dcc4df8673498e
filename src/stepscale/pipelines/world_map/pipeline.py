"""The map of worlds: which strategy pays where, and a rule of thumb. It needs no model; `make map` draws it."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.sampling import gather
from stepscale.pipelines.world_map import nodes


def create_pipeline() -> Pipeline:
    """The world_map pipeline."""
    options, report, seed = ({name: f"params:{key}"} for name, key in _PARAMETERS.items())
    return Pipeline(
        [
            Node(nodes.explore_worlds, inputs=options | seed, outputs="world_map_shards", name="explore_worlds"),
            Node(
                gather,
                inputs={"shards": "world_map_shards"},
                outputs="world_outcomes",
                name="gather_worlds",
            ),
            Node(
                nodes.draw_map,
                inputs={"outcomes": "world_outcomes"} | options | report | seed,
                outputs="world_map_tables",
                name="draw_map",
            ),
            Node(
                nodes.try_rule,
                inputs={"tables": "world_map_tables", "samples": "scored_samples", "solutions": "test_solutions"}
                | options
                | report
                | seed,
                outputs="world_rule_tables",
                name="try_rule",
            ),
            Node(
                nodes.show_map,
                inputs={"tables": "world_map_tables", "on_samples": "world_rule_tables"},
                outputs="world_map_part",
                name="show_map",
            ),
        ],
        tags="world_map",
    )


_PARAMETERS = {"options": "world_map", "report": "report", "seed": "seed"}
