"""Signs of over-optimisation (Snell et al. 2024, 5.3) in what searches chose, beside best-of-N weighted on the same problems.

Best-of-N weighted is drawn from the recorded samples: each problem's are cut into groups of N, in the order they were drawn, and
the winner of each group is looked at, by the rule that searches choose by.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from stepscale.parameters import ReportBlock
from stepscale.search.plan import SearchPlan
from stepscale.search.results import Candidate
from stepscale.search.selection import choose
from stepscale.seeds import seed_for
from stepscale.studies.best_of_n.aggregates import Scored
from stepscale.studies.search.measure import WEIGHTED, scored_samples
from stepscale.studies.search.overoptimization import COLUMNS, signs_table

_WON = ["strategy", "budget", "problem_id", "steps"]


def measure_signs(
    test_problems: pd.DataFrame,
    test_solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    search_candidates: pd.DataFrame,
    tree_search: SearchPlan | None,
    config: ReportBlock,
    seed: int,
) -> pd.DataFrame:
    """search_signs: a row a (sign, strategy, budget); empty without searches."""
    if tree_search is None or search_candidates.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    ids = list(search_candidates["problem_id"].unique())
    named = pd.DataFrame(
        [[options.strategy, name, options.budget] for name, _, options in tree_search.runs],
        columns=["strategy", "name", "budget"],
    )
    chosen = search_candidates[search_candidates["is_chosen"]].merge(named.drop_duplicates("strategy"), on="strategy")
    searched = chosen.assign(strategy=chosen["name"])[_WON]
    scored = scored_samples(test_problems, test_solutions, prm_scores, ids, tree_search.rule)
    drawn = pd.DataFrame(_weighted(scored, test_solutions, sorted(set(searched["budget"])), seed), columns=_WON)
    return signs_table(pd.concat([drawn, searched], ignore_index=True), WEIGHTED, ids, config.bootstrap, seed)


def _weighted(scored: Scored, solutions: pd.DataFrame, budgets: list[int], seed: int) -> Iterator[list[object]]:
    """Winners of best-of-N weighted in each whole group of N samples."""
    grid, scores = scored.grid, scored.scores["prm"]
    written = solutions.set_index(["problem_id", "sample_id"])["steps"].to_dict()
    places = grid.mask.shape[1]
    for i, problem_id in enumerate(grid.ids):
        pool = [
            Candidate(
                k,
                0,
                tuple(written[problem_id, k]),
                (),
                (),
                "solution",
                str(grid.answers[i, k]),
                (),
                float(scores[i, k]),
                None,
            )
            for k in np.flatnonzero(grid.mask[i]).tolist()
        ]
        tie = seed_for(seed, "search-tie", problem_id)
        for n in budgets:
            for start in range(0, places - n + 1, n):
                group = [own for own in pool if start <= own.slot < start + n]
                found = choose(group, "weighted", tie)
                if found.candidate is not None:
                    yield [WEIGHTED, n, problem_id, group[found.candidate].steps]
