"""What the report says about the pool: its solutions, and how many of their steps have a label."""

import pandas as pd

from stepscale.formats.ratings import NEGATIVE
from stepscale.formats.tables import SOLUTION_KEY
from stepscale.report.part import Part, TextTable

_NOTE = (
    "Labels end at a solution's first negative step. They may end earlier, before a step that the labeler could not judge. "
    "Such a step and those after it have no label; the labels before it are learned from."
)


def pool_part(solutions: pd.DataFrame, labels: pd.DataFrame) -> Part:
    """The part of the report on the labeled pool.

    Args:
        solutions: A graded solutions table.
        labels: Its step_labels, by ratings or values.
    """
    labeled = labels[labels["is_chosen"] & (labels["rating"].notna() | labels["value"].notna())]
    by_solution = labeled.groupby(SOLUTION_KEY).agg(n=("step", "nunique"), worst=("rating", "min"))
    joined = solutions[SOLUTION_KEY].join(by_solution, on=SOLUTION_KEY)
    n_labeled = joined["n"].fillna(0).to_numpy(int)
    n_steps = solutions["steps"].map(len).to_numpy(int)
    found_error = joined["worst"].eq(NEGATIVE).fillna(False).to_numpy(bool)
    ends_early = ~found_error & (n_labeled < n_steps)
    to_judge = int(n_labeled.sum() + ends_early.sum())
    right = int(solutions["is_correct"].fillna(False).sum())
    row = {
        "problems": f"{solutions['problem_id'].nunique():,}",
        "solutions": f"{len(solutions):,}",
        "right answers": _share_text(right, len(solutions)),
        "steps": f"{n_steps.sum():,}",
        "steps judged, of those that came to judgment": _share_text(int(n_labeled.sum()), to_judge),
        "solutions not judged to their end": _share_text(int(ends_early.sum()), len(solutions)),
    }
    table = TextTable(title="Solutions and their labels", rows=(row,), note=_NOTE)
    return Part(name="pool", title="What does the pool hold?", tables=(table,))


def _share_text(part: int, total: int) -> str:
    return f"{part:,} ({part / total:.1%})" if total else "0"
