"""ProcessBench (Zheng et al. 2024): solutions with the place of their first wrong step.

    {"id": "gsm8k-0", "generator": "Qwen2-7B-Instruct", "problem": ..., "steps": [...], "final_answer_correct": false, "label": 1}

``label`` counts from 0; -1 says that every step is right. Steps before it are rated +1, it is rated -1, those after it
are not labeled. `stepscale.verifiers.processbench` measures a verifier on it.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stepscale.formats.contract import Tables
from stepscale.formats.fields import BadRecord, Record, flag, maybe_text, problem_text, texts
from stepscale.formats.solution_rows import SolutionRows, solution_reader
from stepscale.formats.tables import SOLUTION_KEY


def _add(rows: SolutionRows, record: Record) -> None:
    steps, label, is_correct = texts(record, "steps"), record["label"], flag(record, "final_answer_correct")
    if type(label) is not int or not -1 <= label < len(steps):
        raise BadRecord(f"label is {label!r:.60}, not -1 or one of the {len(steps)} steps counted from 0")
    ratings = [1] * len(steps) if label == -1 else [1] * label + [-1]
    part = (maybe_text(record, "id") or "").rpartition("-")[0] or None
    generator = maybe_text(record, "generator")
    rows.add(problem_text(record, "problem"), steps, ratings, subject=part, is_correct=is_correct, generator=generator)


read = solution_reader("processbench", _add, has_splits=False)
"""ProcessBench's tables; problems.subject is the part, from the record's id ("gsm8k-0": gsm8k), which is the hub's split."""


def first_errors(tables: Tables) -> NDArray[np.int64]:
    """The first wrong step of each solution.

    Args:
        tables: Solutions and step_labels.

    Returns:
        int64 [solutions], in the order of the solutions table: the first step rated -1, or -1 where none is.
    """
    labels = tables.step_labels
    wrong = labels[(labels["rating"] == -1).fillna(False) & labels["is_chosen"]]
    first = wrong.groupby(SOLUTION_KEY)["step"].min()
    keys = pd.MultiIndex.from_frame(tables.solutions[SOLUTION_KEY])
    return first.reindex(keys, fill_value=-1).to_numpy(dtype=np.int64)
