"""PRMBench (Song et al. 2025): solutions changed so that named steps are wrong, each step judged.

    {"original_question": ..., "modified_question": ..., "original_process": [...], "modified_process": [...],
     "modified_steps": [3, 4], "error_steps": [3, 5], "reason": ..., "idx": "...", "classification": "circular"}

``error_steps`` count from 1. All steps are rated, those after an error too: -1 for a wrong one, else +1. In the
published files 100 records name steps beyond the last, which are ignored here as by the published evaluator, and the
166 of class "multi_solutions" have none.
"""

from dataclasses import replace

import pandas as pd

from stepscale.formats.contract import Tables
from stepscale.formats.fields import BadRecord, Record, maybe_text, problem_text, required, texts
from stepscale.formats.lines import OnError, Records
from stepscale.formats.solution_rows import SolutionRows
from stepscale.formats.source_files import Source


def read(source: Source, *, on_error: OnError = "raise", split: str | None = None, config: str | None = None) -> Tables:
    """PRMBench's modified solutions.

    Args:
        source: Files, folders or hub data sets.
        on_error: "raise" or "skip" a bad line.
        split: The split of a hub data set; it is also written to the table.
        config: The configuration of a hub data set.

    Returns:
        The tables; solutions have a further column ``classification``. Whether an answer is right is not known.

    Raises:
        InputError: A bad line, or a missing or empty source.
    """
    records = Records(source, on_error, split, config)
    rows = SolutionRows(labeler="prmbench")
    classes: list[str | None] = []

    def add(record: Record) -> None:
        steps, errors = texts(record, "modified_process"), required(record, "error_steps")
        if type(errors) is not list or not all(type(step) is int and step >= 1 for step in errors):
            raise BadRecord(f"error_steps is {errors!r:.60}, not a list of steps counted from 1")
        classification = maybe_text(record, "classification")
        ratings = [-1 if number in errors else 1 for number in range(1, len(steps) + 1)]
        rows.add(problem_text(record, "modified_question"), steps, ratings, gold=maybe_text(record, "ground_truth"))
        classes.append(classification)

    records.read_into(add)
    data = rows.tables(records, split)
    return replace(data, solutions=data.solutions.assign(classification=pd.Series(classes, dtype="str")))
