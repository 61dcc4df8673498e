"""A verifier over the solutions table: the scores table."""

from collections.abc import Callable

import pandas as pd

from stepscale.cost import Ledger
from stepscale.engine.opened import opened
from stepscale.progress import progress
from stepscale.verifiers.contract import Trajectory, Verifier

_MAX_SOLUTIONS_AT_ONCE = 16_384  # solutions between two signs of progress


def score_solutions(
    verifier: Verifier, problems: pd.DataFrame, solutions: pd.DataFrame, ledger: Ledger
) -> pd.DataFrame:
    """The scores table of some solutions.

    Args:
        verifier: That reads them.
        problems: Texts by problem_id.
        solutions: With their steps.
        ledger: Gets the tokens read.

    Returns:
        P(-1) and P(0) at each step's end. With a column ``unread``, the number of steps at the end that it could not read, where
        there are any.
    """
    texts = dict(zip(problems["problem_id"], problems["problem"], strict=True))
    pairs = zip(solutions["problem_id"], solutions["steps"], strict=True)
    trajectories = [Trajectory(texts[problem_id], tuple(steps)) for problem_id, steps in pairs]
    scores_of_all = []
    with progress(f"scoring with {verifier.name}", len(trajectories), "solutions") as bar:
        for start in range(0, len(trajectories), _MAX_SOLUTIONS_AT_ONCE):
            part = trajectories[start : start + _MAX_SOLUTIONS_AT_ONCE]
            scores_of_all += verifier.score(part, ledger)
            bar.update(len(part))
    table = pd.DataFrame(
        {
            "problem_id": solutions["problem_id"].to_numpy(),
            "sample_id": solutions["sample_id"].to_numpy(),
            "verifier": verifier.name,
            "negative": [scores.negative.tolist() for scores in scores_of_all],
            "neutral": [scores.neutral.tolist() for scores in scores_of_all],
        }
    )
    unread = [scores.unread for scores in scores_of_all]
    return table.assign(unread=unread) if any(unread) else table


def score_part(
    opens: Callable[[], Verifier], problems: pd.DataFrame, solutions: pd.DataFrame
) -> tuple[pd.DataFrame, Ledger]:
    """The scores of some solutions, with their index, and what they cost; the same bytes whatever was scored before.

    Args:
        opens: Gives the verifier; picklable, for it may run on another machine.
        problems: The problems table.
        solutions: Rows of the solutions table.
    """
    verifier, ledger = opened(opens), Ledger()
    return score_solutions(verifier, problems, solutions, ledger).set_index(solutions.index), ledger
