"""Signs of over-optimization (Snell et al. 2024, 5.3) in what searches chose, beside best-of-N weighted on the same problems.

Best-of-N weighted is drawn from the recorded samples. Each problem's are cut into groups of N, in the order they were drawn, and
the winner of each group is looked at, by the aggregation that searches choose by.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from stepscale.formats.tables import SOLUTION_KEY
from stepscale.parameters import ReportBlock
from stepscale.search.answer_selection import choose
from stepscale.search.plan import SearchPlan
from stepscale.search.results import Candidate
from stepscale.seeds import seed_for
from stepscale.studies.search.overoptimization import signs_table
from stepscale.studies.strategies.accuracy import WEIGHTED
from stepscale.studies.strategies.samples import SEARCH, ScoredGrid, scored_grid

_WON = ["strategy", "budget", "problem_id", "steps"]


def measure_signs(
    solutions: pd.DataFrame,
    samples: pd.DataFrame,
    candidates: pd.DataFrame,
    plan: SearchPlan,
    config: ReportBlock,
    seed: int,
) -> pd.DataFrame:
    """A row for each sign, strategy and budget.

    Args:
        solutions: Texts of the recorded samples.
        samples: ``SCORED_SAMPLES`` of the test problems.
        candidates: What each search wrote, and which of it won.
        plan: The searches that were planned.
        config: Bootstrap resamples.
        seed: Of the run.
    """
    ids = list(candidates["problem_id"].unique())
    runs = pd.DataFrame(
        [[options.strategy, name, options.budget] for name, _, options in plan.runs],
        columns=["strategy", "name", "budget"],
    )
    chosen = candidates[candidates["is_chosen"]].merge(runs.drop_duplicates("strategy"), on="strategy")
    searched = chosen.assign(strategy=chosen["name"])[_WON]
    budgets = sorted(set(searched["budget"]))
    winners = _weighted_winners(scored_grid(samples, ids, SEARCH), solutions, budgets, seed)
    sampled = pd.DataFrame(winners, columns=_WON)
    return signs_table(pd.concat([sampled, searched], ignore_index=True), WEIGHTED, ids, config.bootstrap, seed)


def _weighted_winners(
    scored: ScoredGrid, solutions: pd.DataFrame, budgets: list[int], seed: int
) -> Iterator[list[object]]:
    """Winners of best-of-N weighted in each whole group of N samples."""
    places = scored.grid.mask.shape[1]
    texts = solutions.set_index(SOLUTION_KEY)["steps"].to_dict()
    for i, problem_id in enumerate(scored.grid.ids):
        pool = [_candidate(scored, i, k, texts[problem_id, k]) for k in np.flatnonzero(scored.grid.mask[i]).tolist()]
        tie = seed_for(seed, "search-tie", problem_id)
        for n in budgets:
            for start in range(0, places - n + 1, n):
                group = [candidate for candidate in pool if start <= candidate.slot < start + n]
                winner = choose(group, "weighted", tie, rules=None).candidate
                if winner is not None:
                    yield [WEIGHTED, n, problem_id, group[winner].steps]


def _candidate(scored: ScoredGrid, problem: int, sample: int, steps: Sequence[str]) -> Candidate:
    """A recorded sample as searches see a finished solution."""
    answer, score = str(scored.grid.answers[problem, sample]), float(scored.prm[problem, sample])
    return Candidate(sample, 0, tuple(steps), (), (), "solution", answer, (), score, None)
