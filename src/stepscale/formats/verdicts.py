"""Verdicts for solutions and predictions whose file gives none."""

import pandas as pd

from stepscale.grading import Rules, grade_many


def with_verdicts(solutions: pd.DataFrame, problems: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Grade the solutions that have no verdict, where the gold answer of the problem is known.

    Args:
        solutions: A solutions table.
        problems: A problems table with their gold answers.
        rules: How answers are graded.

    Returns:
        The solutions with ``is_correct`` filled in. It stays null where no gold answer is known.
    """
    golds = solutions["problem_id"].map(problems.set_index("problem_id")["answer"])
    is_open = solutions["is_correct"].isna() & golds.notna()
    if not is_open.any():
        return solutions
    predictions = [None if pd.isna(answer) else answer for answer in solutions["answer"][is_open]]
    verdicts = grade_many(predictions, golds[is_open].tolist(), rules)
    is_correct = solutions["is_correct"].copy()
    is_correct[is_open] = verdicts
    return solutions.assign(is_correct=is_correct)
