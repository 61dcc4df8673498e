"""The lab's labeler over tables: every step of every solution rated by what it follows from (``stepscale.lab.free_labeler``)."""

import logging

import pandas as pd

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.lab.free_labeler import rate_steps
from stepscale.lab.wording import Malformed
from stepscale.labeling.contract import NEGATIVE, label_table

logger = logging.getLogger(__name__)

NAME = "symbolic"


class SymbolicLabeler:
    """A Labeler that stands for PRM800K's people; it spends no tokens."""

    name = NAME

    def label(self, problems: pd.DataFrame, solutions: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
        """As ``label_solutions``."""
        return label_solutions(problems, solutions)


def label_solutions(problems: pd.DataFrame, solutions: pd.DataFrame) -> pd.DataFrame:
    """A step_labels table of ``solutions``, up to each one's first negative step (Lightman et al. 2023, 2.4).

    Ratings also end before the first line that the labeler cannot read; the log counts such solutions. Identical solutions
    are rated once. Raises InputError if a problem is not in the lab's language.
    """
    texts = dict(zip(problems["problem_id"], problems["problem"], strict=True))
    known: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    ratings = []
    for problem_id, steps in zip(solutions["problem_id"], solutions["steps"], strict=True):
        key = (problem_id, tuple(steps))
        if key not in known:
            known[key] = _rate(texts[problem_id], key[1])
        ratings.append(known[key])
    unread = sum(
        NEGATIVE not in rated and len(rated) < len(steps)
        for rated, steps in zip(ratings, solutions["steps"], strict=True)
    )
    if unread:
        logger.info(
            "%d of %d solutions have a line that the labeler cannot read: no ratings from there on",
            unread,
            len(ratings),
        )
    return label_table(solutions, NAME, ratings)


def _rate(problem: str, steps: tuple[str, ...]) -> list[int]:
    try:
        return rate_steps(problem, steps)
    except Malformed as error:
        raise InputError(
            f"the symbolic labeler reads only problems of the lab: {error}; choose another for pool.labeler and loop.labeler"
        ) from None
