"""The solutions that PRM800K's labelers were shown in phase 2, whole: what an ORM learns outcomes from.

A record's own trajectory ends where the labeler found an error, without an answer. The generated solution it began from
stands in its question (``pre_generated_steps``, ``pre_generated_answer``) and goes on to one. Phase 1 has none.
"""

from collections import Counter
from typing import TypeGuard

import orjson
import pandas as pd

from stepscale.formats import tables
from stepscale.formats.columns import Columns
from stepscale.formats.contract import Tables

GENERATOR = "pre_generated"


def generated_solutions(data: Tables) -> pd.DataFrame:
    """The distinct generated solutions of all records that were not dropped.

    Args:
        data: Tables read from PRM800K.

    Returns:
        A solutions table, not graded yet, each solution of a problem once. sample_ids follow those of the problem's
        records, dropped ones too.
    """
    rows = Columns(tables.SOLUTIONS, "problem_id", "sample_id", "steps", "answer", "finish", "generator")
    if data.records is None:
        return rows.unchecked_frame()
    next_sample = Counter((data.records.groupby("problem_id")["sample_id"].max() + 1).to_dict())
    solutions: set[tuple[str, ...]] = set()
    records = data.records[data.records["dropped"].isna() & data.records["question"].notna()]
    for problem_id, question_json in zip(records["problem_id"], records["question"], strict=True):
        question = orjson.loads(question_json)
        steps, answer = question.get("pre_generated_steps"), question.get("pre_generated_answer")
        if not _are_steps(steps) or not isinstance(answer, str) or (problem_id, *steps) in solutions:
            continue
        solutions.add((problem_id, *steps))
        rows.row(problem_id, next_sample[problem_id], steps, answer, "solution", GENERATOR)
        next_sample[problem_id] += 1
    return rows.unchecked_frame()


def _are_steps(steps: object) -> TypeGuard[list[str]]:
    return isinstance(steps, list) and bool(steps) and all(isinstance(step, str) for step in steps)
