"""The lab's labeler over tables: every step of every solution rated by what it follows from (``stepscale.lab.labeler``)."""

import logging

import pandas as pd

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.formats.ratings import NEGATIVE
from stepscale.lab import free_labeler, labeler
from stepscale.lab.wording import Malformed
from stepscale.labeling.contract import label_table

logger = logging.getLogger(__name__)

NAME = "symbolic"


class SymbolicLabeler:
    """A Labeler that stands for PRM800K's people; it spends no tokens.

    Args:
        free_text: Whether steps in words of a language model are read, too; as in ``label_solutions``.
    """

    name = NAME

    def __init__(self, free_text: bool = False) -> None:
        self.free_text = free_text

    def label(self, problems: pd.DataFrame, solutions: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
        """As ``label_solutions``.

        Args:
            problems: Problems of the solutions, in the lab's language.
            solutions: Solutions to label.
            ledger: Unused: it reads no tokens.

        Returns:
            A row per step.
        """
        return label_solutions(problems, solutions, self.free_text)


def label_solutions(problems: pd.DataFrame, solutions: pd.DataFrame, free_text: bool = False) -> pd.DataFrame:
    """A step_labels table of ``solutions``, up to each one's first negative step (Lightman et al. 2023, 2.4).

    Identical solutions are rated once.

    Args:
        problems: Problems of the lab.
        solutions: Solutions of them, by anybody.
        free_text: Whether steps may be worded freely. Ratings then also end before the first line that the labeler cannot
            read; the log counts such solutions. Otherwise a step that is not in the lab's form is -1.

    Raises:
        InputError: A problem is not in the lab's language.
    """
    texts = dict(zip(problems["problem_id"], problems["problem"], strict=True))
    ratings_of_steps: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    ratings = []
    for problem_id, steps in zip(solutions["problem_id"], solutions["steps"], strict=True):
        key = (problem_id, tuple(steps))
        if key not in ratings_of_steps:
            ratings_of_steps[key] = _rate(texts[problem_id], key[1], free_text)
        ratings.append(ratings_of_steps[key])
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


def _rate(problem: str, steps: tuple[str, ...], free_text: bool) -> list[int]:
    try:
        return free_labeler.rate_steps(problem, steps) if free_text else labeler.rate_steps(problem, steps)
    except Malformed as error:
        raise InputError(
            f"the symbolic labeler reads only problems of the lab: {error}; choose another for pool.labeler and loop.labeler"
        ) from None
