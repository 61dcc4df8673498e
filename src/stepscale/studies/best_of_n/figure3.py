"""Lightman et al.'s Figure 3 from the samples OpenAI published: the curves, in closed form where there is one.

In: `ScoredSamples` (scores and verdicts [problems, 1860 places]). Out: a curves table with the methods of A's
comparison: best-of-N of PRM and ORM, majority, PRM-weighted voting and the pass@N ceiling. A budget n draws n of the
1860 places; a place without an answer is drawn like any other and is never right, as in the published evaluator. It
does not read files.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stepscale.estimators.samples import SampleGrid
from stepscale.formats import tables
from stepscale.formats.scored_samples import ScoredSamples
from stepscale.studies.best_of_n.comparison import curves_table, estimates

BUDGETS = (1, 2, 4, 10, 20, 40, 100, 200, 400, 700, 1000, 1300, 1600, 1860)
"""Samples per problem; 10, 100, 1000 and 1860 are those that the published evaluator prints."""


def figure3_curves(
    samples: ScoredSamples,
    ns: Sequence[int] = BUDGETS,
    *,
    data: str = "lightman_figure3",
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """The curves table of the samples at budgets `ns`, with 95 % intervals over problems (and a column ``label``).

    Raises InputError for a budget beyond the places of a problem.
    """
    none = np.zeros(0, dtype=np.int64)
    answers = samples.answers.astype(object)
    ids = tuple(samples.problem_ids)
    grid = SampleGrid(ids, answers, samples.is_correct, samples.answered, _rows=none, _columns=none)
    scores = {"prm": samples.prm_score, "orm": samples.orm_score}
    votes = estimates(grid, scores, ns)
    values, errors = (
        {label: getattr(vote, name) for label, vote in votes.items()} for name in ("per_problem", "error")
    )
    return tables.curves(curves_table(data, values, ns, resamples, seed, errors=errors))
