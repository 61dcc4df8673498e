"""Outcome labels from step labels: a solution is right if every step passes (Lightman et al. 2023, 4.1).

In: solutions and any labeler's step_labels. Out: solutions with that verdict in ``is_correct``, as ``orm_examples`` takes
them; and how often the final answer disagrees.
"""

import pandas as pd

from stepscale.estimators.clustered import problem_resamples, share_with_bounds
from stepscale.formats.tables import SOLUTION_KEY


def judged_by_steps(solutions: pd.DataFrame, step_labels: pd.DataFrame) -> pd.DataFrame:
    """Solutions with ``is_correct`` by their steps: every step rated and none negative.

    Null where labels end before the solution does.
    A solution cut off by its length limit gives no answer, so it is never right; nor is one of PRM800K's whose error is a
    label after its last step.

    Args:
        solutions: The solutions.
        step_labels: Their ratings, of one labeler.
    """
    rated = step_labels[step_labels["is_chosen"] & step_labels["rating"].notna()]
    by_solution = rated.groupby(SOLUTION_KEY)["rating"].agg(worst="min", rated="size")
    last = step_labels.groupby(SOLUTION_KEY)["step"].max().rename("last")
    joined = solutions[SOLUTION_KEY].join(by_solution, on=SOLUTION_KEY).join(last, on=SOLUTION_KEY)
    n_steps = solutions["steps"].map(len)
    verdict = pd.Series(pd.NA, solutions.index, dtype="boolean")
    verdict[(joined["rated"] == n_steps) & (n_steps > 0)] = True
    wrong = (joined["worst"] < 0) | (joined["last"] >= n_steps)
    verdict[wrong.fillna(False).to_numpy(bool)] = False
    if "finish" in solutions:
        verdict[(solutions["finish"] == "length").fillna(False) & verdict.notna()] = False
    return solutions.assign(is_correct=verdict)


def outcome_noise(solutions: pd.DataFrame, judged: pd.DataFrame) -> dict[str, float]:
    """How often the final answer and the steps' verdict disagree, over solutions with both.

    Args:
        solutions: With ``is_correct`` of the final answer.
        judged: The same rows from ``judged_by_steps``.

    Returns:
        false_positives: share of right answers reached by a wrong step; false_negatives: share of wrong answers of which every
        step passes; agreement: same verdict. Shares in [0, 1] with their 95 % intervals over problems (``_low``, ``_high``), nan
        over nothing; n_problems, n_solutions.
    """
    is_judged = (solutions["is_correct"].notna() & judged["is_correct"].notna()).to_numpy()
    problem_ids = solutions["problem_id"][is_judged].tolist()
    resamples = problem_resamples(problem_ids)
    answer = solutions["is_correct"][is_judged].to_numpy(bool)
    steps = judged["is_correct"][is_judged].to_numpy(bool)
    return {
        "n_problems": float(len(set(problem_ids))),
        "n_solutions": float(len(answer)),
        **share_with_bounds("agreement", resamples, answer == steps),
        **share_with_bounds("false_positives", resamples, ~steps, answer),
        **share_with_bounds("false_negatives", resamples, steps, ~answer),
    }
