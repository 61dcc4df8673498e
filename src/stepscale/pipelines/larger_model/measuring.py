"""A larger model at equal FLOPs: searches and revisions against it, claim B7, and its part of the report."""

from collections.abc import Mapping

import pandas as pd
from kedro.pipeline import Node

from stepscale.studies.larger_model.figures import larger_part
from stepscale.studies.larger_model.measure import match_larger

_SHARED = {
    "samples": "scored_samples",
    "answers": "larger_answers",
    "sizes": "model_sizes",
    "config": "params:report",
    "seed": "params:seed",
}
_ACCURACY = {"searches": "search_accuracy", "revisions": "revision_accuracy"}
_TABLES = {"searches": "larger_searches_tables", "revisions": "larger_revisions_tables"}


def nodes() -> list[Node]:
    """Match, log and show."""
    return [
        *(
            Node(
                match_larger,
                inputs={"accuracy": accuracy, **_SHARED},
                outputs=_TABLES[compared],
                name=f"match_{compared}",
            )
            for compared, accuracy in _ACCURACY.items()
        ),
        Node(log_flops_match, inputs=_TABLES, outputs=None, name="log_flops_match"),
        Node(larger_part, inputs=_TABLES, outputs="larger_model_part", name="show_larger_model"),
    ]


def log_flops_match(searches: Mapping[str, pd.DataFrame], revisions: Mapping[str, pd.DataFrame]) -> None:
    """Log the differences (small - larger) as MLflow metric histories, step = bin (0: all problems); and the ratio of sizes.

    Args:
        searches: Tables of the match with searches.
        revisions: Tables of the match with revisions.
    """
    from stepscale.tracking import current_run

    run = current_run()
    for match in (tables["match"] for tables in (searches, revisions) if tables):
        if run:
            run.metrics({"flops_match.size_ratio": float(match["size_ratio"].iloc[0])})
            keys = match[["of", "bins", "counted", "version", "r"]].astype(str)
            names = ["flops_match." + ".".join(key) for key in keys.itertuples(index=False)]
            run.history(zip(names, match["bin"], match["difference"], strict=True))
