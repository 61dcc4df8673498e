"""The solutions that PRM800K's labelers were shown in phase 2, whole: what an ORM learns outcomes from.

A record's own trajectory ends where the labeler found an error, without an answer; the generated solution it began from stands
in its question (`pre_generated_steps`, `pre_generated_answer`) and goes on to one. Phase 1 has none.
"""

from collections import Counter

import orjson
import pandas as pd

from stepscale.formats import tables
from stepscale.formats.columns import Columns
from stepscale.formats.contract import Tables

GENERATOR = "pre_generated"


def generated_solutions(read: Tables) -> pd.DataFrame:
    """A solutions table, not graded yet: each distinct generated solution of a record that was kept, once a problem.

    sample_ids follow those of the problem's records, dropped ones too.
    """
    rows = Columns(tables.SOLUTIONS, "problem_id", "sample_id", "steps", "answer", "finish", "generator")
    if read.records is None:
        return rows.unchecked_frame()
    following = Counter((read.records.groupby("problem_id")["sample_id"].max() + 1).to_dict())
    seen: set[tuple[str, ...]] = set()
    asked = read.records[read.records["dropped"].isna() & read.records["question"].notna()]
    for problem_id, question in zip(asked["problem_id"], asked["question"], strict=True):
        told = orjson.loads(question)
        steps, answer = told.get("pre_generated_steps"), told.get("pre_generated_answer")
        if not _are_steps(steps) or not isinstance(answer, str) or (problem_id, *steps) in seen:
            continue
        seen.add((problem_id, *steps))
        rows.row(problem_id, following[problem_id], steps, answer, "solution", GENERATOR)
        following[problem_id] += 1
    return rows.unchecked_frame()


def _are_steps(steps: object) -> bool:
    return isinstance(steps, list) and bool(steps) and all(isinstance(step, str) for step in steps)
