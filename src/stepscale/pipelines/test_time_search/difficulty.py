"""Difficulty of the test problems from their questions alone (past Snell et al. 2024, 8), learned from training problems.

Training problems and their samples in the labeled pool -> a regression on the text -> an easiness for every test problem. No
sample of a test problem is seen.
"""

import logging

import pandas as pd

logger = logging.getLogger(__name__)


def predict_difficulty(
    problems: pd.DataFrame, pool_solutions: pd.DataFrame, test_problems: pd.DataFrame
) -> pd.DataFrame:
    """Easiness in [0, 1] of each test problem, by a model fitted on pass@1 of the training problems in the pool.

    Args:
        problems: Problems of all splits, a row per problem.
        pool_solutions: Solutions of the labeled pool, a row per sample.
        test_problems: The test problems, a row per problem.

    Raises:
        InputError: There are too few training problems.
    """
    from stepscale.errors import InputError
    from stepscale.estimators.question_difficulty import MIN_TRAINING_TEXTS, QuestionDifficulty

    texts = problems[problems["split"] == "train"].set_index("problem_id")["problem"]
    is_right = pool_solutions["is_correct"].fillna(False).astype(float)
    pass_at_1 = is_right.groupby(pool_solutions["problem_id"]).mean()
    pass_at_1 = pass_at_1[pass_at_1.index.isin(texts.index)]
    if len(pass_at_1) < MIN_TRAINING_TEXTS:
        raise InputError(
            f"problems.train: {len(pass_at_1)} training problems have samples, and difficulty from the question is learned from "
            f"{MIN_TRAINING_TEXTS} or more; give more, or a smaller problems.valid_share"
        )
    fitted = QuestionDifficulty().fit(list(texts[pass_at_1.index]), pass_at_1.to_numpy(float))
    logger.info("difficulty from the question: fitted on pass@1 of %d training problems", len(pass_at_1))
    easiness = fitted.predict(list(test_problems["problem"]))
    return pd.DataFrame({"problem_id": test_problems["problem_id"].to_numpy(), "easiness": easiness})
