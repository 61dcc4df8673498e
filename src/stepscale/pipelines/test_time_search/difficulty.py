"""Difficulty of the test problems from their questions alone (past Snell et al. 2024, 8), learned from training problems.

Training problems and their samples in the labelled pool -> a regression on the text -> an easiness for every test problem. No
sample of a test problem is seen. Without a pool, or without searches and revisions to use it, the table is empty.
"""

import logging

import pandas as pd

from stepscale.parameters import RevisionsBlock
from stepscale.search.plan import SearchPlan

logger = logging.getLogger(__name__)

COLUMNS = ["problem_id", "easiness"]


def predict_difficulty(
    problems: pd.DataFrame | None,
    pool: pd.DataFrame | None,
    test_problems: pd.DataFrame,
    tree_search: SearchPlan | None,
    revisions: RevisionsBlock | None,
) -> pd.DataFrame:
    """Easiness in [0, 1] of each test problem, by a model fitted on pass@1 of the training problems in the pool."""
    if problems is None or pool is None or (tree_search is None and revisions is None):
        return pd.DataFrame(columns=COLUMNS)
    from stepscale.estimators.question_difficulty import QuestionDifficulty

    texts = problems[problems["split"] == "train"].set_index("problem_id")["problem"]
    right = pool["is_correct"].fillna(False).astype(float).groupby(pool["problem_id"]).mean()
    right = right[right.index.isin(texts.index)]
    fitted = QuestionDifficulty().fit(list(texts[right.index]), right.to_numpy(float))
    logger.info("difficulty from the question: fitted on pass@1 of %d training problems", len(right))
    easiness = fitted.predict(list(test_problems["problem"]))
    return pd.DataFrame({"problem_id": test_problems["problem_id"].to_numpy(), "easiness": easiness})
