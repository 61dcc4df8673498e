"""The data loop: accuracy by labels so far, the selectors' health round by round, differences at the end."""

import pandas as pd

from stepscale.parameters import ReportBlock
from stepscale.studies.data_loop.comparison import health_by_round, loop_differences
from stepscale.supervision.loop_options import LoopOptions
from stepscale.supervision.points import by_size


def measure_loop(
    points: pd.DataFrame, health: pd.DataFrame, loop: LoopOptions, config: ReportBlock, seed: int
) -> dict[str, pd.DataFrame]:
    """Tables by_labels, health (by round) and differences of the loop's strategies.

    Args:
        points: What the verifiers of each round reached, an arm for each strategy.
        health: What each selector believed of a round's samples.
        loop: The budgets N; accuracies are at the largest.
        config: Bootstrap resamples.
        seed: Of the run.
    """
    n, resamples = max(loop.budgets), config.bootstrap
    return {
        "by_labels": by_size(points, n, resamples, seed),
        "health": health_by_round(health, resamples, seed),
        "differences": pd.DataFrame(loop_differences(points, n, resamples, seed)),
    }
