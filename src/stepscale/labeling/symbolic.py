"""The lab's labeler over tables: every step of every solution rated by what it follows from (``stepscale.lab.labeler``)."""

import pandas as pd

from stepscale.errors import InputError
from stepscale.lab.expressions import Malformed
from stepscale.lab.labeler import rate_steps

NAME = "symbolic"


def label_solutions(problems: pd.DataFrame, solutions: pd.DataFrame) -> pd.DataFrame:
    """A step_labels table of ``solutions``, up to each one's first negative step (Lightman et al. 2023, 2.4).

    Identical solutions are rated once. Raises InputError if a problem is not in the lab's language.
    """
    texts = dict(zip(problems["problem_id"], problems["problem"], strict=True))
    known: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    columns: dict[str, list[object]] = {"problem_id": [], "sample_id": [], "step": [], "text": [], "rating": []}
    for problem_id, sample_id, steps in solutions[["problem_id", "sample_id", "steps"]].itertuples(index=False):
        key = (problem_id, tuple(steps))
        if key not in known:
            known[key] = _rate(texts[problem_id], key[1])
        ratings = known[key]
        columns["problem_id"] += [problem_id] * len(ratings)
        columns["sample_id"] += [sample_id] * len(ratings)
        columns["step"] += range(len(ratings))
        columns["text"] += steps[: len(ratings)]
        columns["rating"] += ratings
    labels = pd.DataFrame(columns)
    return labels.assign(completion=0, value=None, is_chosen=True, labeler=NAME)


def _rate(problem: str, steps: tuple[str, ...]) -> list[int]:
    try:
        return rate_steps(problem, steps)
    except Malformed as error:
        raise InputError(f"the symbolic labeler reads only problems of the lab: {error}; use labeler: given") from None
