"""How many earlier attempts late revisions really saw: ``revisions.data.layout.max_tokens`` leaves out those that do not fit.

By position and by the oracle's difficulty bins, for attempts are longer on hard problems, so fewer of them fit.
"""

import pandas as pd

from stepscale.estimators.difficulty import oracle_easiness, quantile_bins
from stepscale.parameters import ReportBlock, RevisionsBlock
from stepscale.studies.revisions.shown_attempts import COLUMNS, shown_attempts
from stepscale.studies.search.measure import scored_samples


def measure_contexts(
    test_problems: pd.DataFrame,
    test_solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    chains: pd.DataFrame,
    revisions: RevisionsBlock | None,
    config: ReportBlock,
    seed: int,
) -> pd.DataFrame:
    """revision_contexts; empty without revisions."""
    if revisions is None or chains.empty:
        return pd.DataFrame(columns=COLUMNS)
    ids = list(chains["problem_id"].unique())
    grid = scored_samples(test_problems, test_solutions, prm_scores, ids, config.rule).grid
    bins = quantile_bins(oracle_easiness(grid.correct, grid.mask), ids, seed=seed)
    by_id = dict(zip(ids, bins.tolist(), strict=True))
    return shown_attempts(chains, revisions.data.layout.context, by_id, config.bootstrap, seed)
