"""Solutions worth looking at: one the PRM rightly trusts, one whose error it caught, one that fooled it.

In: scored samples and their texts. Out: up to three examples. Chosen by rule, never by hand.
"""

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any

import numpy as np
import pandas as pd

from stepscale.formats.tables import SOLUTION_KEY
from stepscale.report.part import ExampleStep, WorkedExample
from stepscale.studies.best_of_n.aggregates import SplitScores, chosen_by

Rate = Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]
Place = tuple[int, int]  # row and column of the grid

_MAX_RATED_SAMPLES = 40  # chosen right samples that are rated in search of one without a wrong step


def choose(
    scored: SplitScores, problems: pd.DataFrame, solutions: pd.DataFrame, prm_scores: pd.DataFrame, rate: Rate | None
) -> list[WorkedExample]:
    """Up to three solutions to look at.

    Args:
        scored: Samples of one split.
        problems: With their texts.
        solutions: With their steps.
        prm_scores: Whose step scores are shown.
        rate: ``rate(problems, solutions)`` gives step labels to show beside the PRM's view, where there is a labeler. The rightly
            trusted one then has no wrong step, if there is such a one among the first looked at.
    """
    texts = problems.set_index("problem_id")
    judged = solutions.merge(prm_scores[[*SOLUTION_KEY, "negative"]], on=SOLUTION_KEY, how="left")
    judged = judged.set_index(SOLUTION_KEY)

    def example(kind: str, remark: str, place: Place) -> WorkedExample:
        problem_id = scored.grid.ids[place[0]]
        sample: dict[Any, Any] = judged.loc[(problem_id, place[1]), :].to_dict()
        ratings = _ratings(rate, texts.loc[[problem_id]].reset_index(), problem_id, sample["steps"])
        steps = zip_longest(sample["steps"], sample["negative"], ratings)
        return WorkedExample(
            kind=kind,
            remark=remark,
            problem=texts.loc[problem_id, "problem"],
            steps=tuple(ExampleStep(text=text, probability=float(1 - p), rating=rating) for text, p, rating in steps),
            answer=str(sample["answer"]),
            gold=str(texts.loc[problem_id, "answer"]),
        )

    best = chosen_by(scored, "prm")
    rows = np.arange(len(best))
    right = (best >= 0) & scored.grid.correct[rows, best]
    trusted = (
        example("Trusted and right", "The sample the PRM chose; its answer is right.", (row, int(best[row])))
        for row in _from_the_middle(rows[right])[:_MAX_RATED_SAMPLES]
    )
    fooled = (
        example("Fooled", "The sample the PRM chose, although its answer is wrong.", (row, int(best[row])))
        for row in _from_the_middle(rows[(best >= 0) & ~right])
    )
    caught = (example("Error caught", remark, place) for remark, place in _caught(scored, right))
    return [example for example in (_without_wrong_step(trusted), next(caught, None), next(fooled, None)) if example]


def _ratings(rate: Rate | None, problem: pd.DataFrame, problem_id: str, steps: Any) -> list[int]:
    if rate is None:
        return []
    row = pd.DataFrame({"problem_id": [problem_id], "sample_id": [0], "steps": [steps]})
    return [int(rating) for rating in rate(problem, row)["rating"]]


def _without_wrong_step(examples: Iterator[WorkedExample]) -> WorkedExample | None:
    """The first example without a step rated wrong; else the first; None if there are no examples."""
    first = None
    for example in examples:
        if all(step.rating != -1 for step in example.steps):
            return example
        first = first or example
    return first


def _from_the_middle(rows: Any) -> list[int]:
    """The rows from the middle of the list outwards: neither the easiest nor the hardest problems first."""
    middle = len(rows) // 2
    return sorted((int(row) for row in rows), key=lambda row: abs(row - int(rows[middle]))) if len(rows) else []


def _caught(scored: SplitScores, right: Any) -> Iterator[tuple[str, Place]]:
    """Wrong samples the PRM scores lowest where its own choice was right: of a misled majority first, then of any problem."""
    grid, scores = scored.grid, scored.scores["prm"]
    later: list[Place] = []
    for row in _from_the_middle(np.flatnonzero(right)):
        wrong = grid.mask[row] & ~grid.correct[row]
        if not wrong.any():
            continue
        top = pd.Series(grid.answers[row][grid.mask[row]]).mode().iloc[0]
        popular = wrong & (grid.answers[row] == top)
        column = int(np.where(popular if popular.any() else wrong, scores[row], np.inf).argmin())
        if popular.any():
            yield (
                "A wrong answer that the majority would give; the PRM, which chose a right one, trusts it little.",
                (row, column),
            )
        later.append((row, column))
    yield from (("A wrong sample; the PRM, which chose a right one, trusts it little.", place) for place in later)
