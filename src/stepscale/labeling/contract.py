"""The Labeler contract: who rates the steps of a solution, and the one table they all write.

In: the problems table and solutions. Out: step_labels, which ``stepscale.formats.write`` turns into PRM800K records. A
labeler may be a program, a large verifier, rollouts of a generator or people; the code that reads the table does not know which.
"""

from collections.abc import Sequence
from typing import Protocol

import pandas as pd

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.formats import tables
from stepscale.formats.ratings import NEGATIVE
from stepscale.verifiers.processbench import NO_ERROR


class Labeler(Protocol):
    """Rates steps."""

    name: str

    def label(self, problems: pd.DataFrame, solutions: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
        """The step_labels of ``solutions``, each up to its first negative step (Lightman et al. 2023, 2.4).

        A solution it cannot judge has no rows. Counts the tokens it spends into ``ledger``.

        Args:
            problems: The problems table.
            solutions: Solutions of these problems.
            ledger: Where tokens are counted.

        Returns:
            A step_labels table.
        """
        ...


def label_table(
    solutions: pd.DataFrame,
    labeler: str,
    ratings: Sequence[Sequence[int]] | None = None,
    values: Sequence[Sequence[float]] | None = None,
) -> pd.DataFrame:
    """step_labels of solutions from ratings, soft values, or both.

    Args:
        solutions: The labeled solutions.
        labeler: Who labeled.
        ratings: -1, 0 or 1 of each step [solutions][steps]; a row may end before its solution does.
        values: Soft values in [0, 1], likewise.

    Returns:
        A step_labels table, a row per label.

    Raises:
        InputError: There are neither, more labels than steps, or ratings and values of different lengths.
    """
    labels_of_all = ratings if ratings is not None else values
    if labels_of_all is None:
        raise InputError("label_table needs ratings or values of the steps; give at least one of them")
    columns: dict[str, list[object]] = {"problem_id": [], "sample_id": [], "step": [], "text": []}
    rows = zip(solutions["problem_id"], solutions["sample_id"], solutions["steps"], labels_of_all, strict=True)
    for problem_id, sample_id, steps, labels in rows:
        n = len(labels)
        if n > len(steps):
            raise InputError(f"{labeler}: {n} labels for the {len(steps)} steps of {(problem_id, sample_id)}")
        columns["problem_id"] += [problem_id] * n
        columns["sample_id"] += [sample_id] * n
        columns["step"] += range(n)
        columns["text"] += list(steps[:n])
    flat = {"rating": _flat(ratings), "value": _flat(values)}
    n_rows = len(columns["step"])
    if any(column is not None and len(column) != n_rows for column in flat.values()):
        raise InputError(f"{labeler}: give as many values as ratings for every solution")
    frame = pd.DataFrame(columns).assign(completion=0, is_chosen=True, labeler=labeler, **flat)
    return tables.step_labels(frame.astype({"problem_id": "str", "text": "str", "sample_id": "int64", "step": "int64"}))


def up_to_first_negative(ratings: Sequence[int]) -> list[int]:
    """The ratings up to and including the first -1: what comes after an error is not judged (Lightman et al. 2023, 2.4).

    Args:
        ratings: -1, 0 or 1 of each step.

    Returns:
        The first of them.
    """
    rated = list(ratings)
    return rated[: rated.index(NEGATIVE) + 1] if NEGATIVE in rated else rated


def first_negative_step(ratings: Sequence[int]) -> int:
    """The place of the first step rated -1, from 0; ``NO_ERROR`` if none is.

    Args:
        ratings: -1, 0 or 1 of each step.
    """
    return next((place for place, rating in enumerate(ratings) if rating == NEGATIVE), NO_ERROR)


def _flat(nested: Sequence[Sequence[float]] | None) -> list[float] | None:
    return None if nested is None else [label for labels in nested for label in labels]
