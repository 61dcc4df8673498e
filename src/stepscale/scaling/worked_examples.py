"""Solutions worth looking at: one the PRM rightly trusts, one whose error it caught, one that fooled it."""

from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import Any

import numpy as np
import pandas as pd

from stepscale.scaling.aggregates import Scored, chosen_by

_KINDS = (
    ("Trusted and right", "The sample the PRM chose; its answer is right."),
    ("Error caught", "A wrong answer that the majority would give; the PRM sees where it went wrong."),
    ("Fooled", "The sample the PRM chose, although its answer is wrong."),
)


Rate = Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]


def choose(
    scored: Scored, problems: pd.DataFrame, solutions: pd.DataFrame, prm_scores: pd.DataFrame, rate: Rate | None
) -> list[dict[str, Any]]:
    """Up to three examples, JSON-ready: kind, remark, problem, steps as [text, P(correct), rating or None], answer, gold.

    ``rate(problems, solutions)`` gives step labels to show beside the PRM's view, where there is a labeler.
    """
    best = chosen_by(scored, "prm")
    rows = np.arange(len(best))
    right = (best >= 0) & scored.grid.correct[rows, best]
    places = [_middle(rows[right], best), _caught(scored, right), _middle(rows[(best >= 0) & ~right], best)]
    texts = problems.set_index("problem_id")
    found = solutions.assign(negative=prm_scores["negative"].to_numpy()).set_index(["problem_id", "sample_id"])
    examples = []
    for (kind, remark), place in zip(_KINDS, places, strict=True):
        if place is None:
            continue
        problem_id = scored.grid.ids[place[0]]
        sample: dict[Any, Any] = found.loc[(problem_id, place[1]), :].to_dict()
        ratings = _ratings(rate, texts.loc[[problem_id]].reset_index(), problem_id, sample)
        shown = zip_longest(sample["steps"], sample["negative"], ratings)
        steps = [[text, float(1 - p), rating] for text, p, rating in shown]
        examples.append(
            {
                "kind": kind, "remark": remark, "problem": texts.loc[problem_id, "problem"], "steps": steps,
                "answer": str(sample["answer"]), "gold": str(texts.loc[problem_id, "answer"]),
            }
        )  # fmt: skip
    return examples


def _ratings(rate: Rate | None, problem: pd.DataFrame, problem_id: str, sample: Mapping[Any, Any]) -> list[int]:
    if rate is None:
        return []
    row = pd.DataFrame({"problem_id": [problem_id], "sample_id": [0], "steps": [sample["steps"]]})
    return [int(rating) for rating in rate(problem, row)["rating"]]


def _middle(rows: Any, best: Any) -> tuple[int, int] | None:
    """The problem in the middle of the list: neither the easiest nor the hardest."""
    return (int(rows[len(rows) // 2]), int(best[rows[len(rows) // 2]])) if len(rows) else None


def _caught(scored: Scored, right: Any) -> tuple[int, int] | None:
    """A sample with the most frequent answer, wrong, on a problem where the PRM's choice was right."""
    for row in np.flatnonzero(right)[::-1]:
        answers = pd.Series(scored.grid.answers[row][scored.grid.mask[row]])
        top = answers.mode().iloc[0]
        columns = np.flatnonzero((scored.grid.answers[row] == top) & scored.grid.mask[row])
        if not scored.grid.correct[row, columns[0]]:
            return int(row), int(columns[0])
    return None
