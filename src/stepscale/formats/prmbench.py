"""PRMBench (Song et al. 2025): solutions changed so that named steps are wrong, each step judged.

    {"original_question": ..., "modified_question": ..., "original_process": [...], "modified_process": [...],
     "modified_steps": [3, 4], "error_steps": [3, 5], "reason": ..., "idx": "...", "classification": "circular"}

``error_steps`` count from 1. All steps are rated, those after an error too: -1 for a wrong one, else +1. In the
published files 100 records name steps beyond the last, which are ignored here as by the published evaluator, and the
166 of class "multi_solutions" have none.
"""

from stepscale.formats.fields import BadRecord, Record, maybe_text, problem_text, required, texts
from stepscale.formats.gold_answers import maybe_gold
from stepscale.formats.solution_rows import SolutionRows, solution_reader


def _add(rows: SolutionRows, record: Record) -> None:
    steps, errors = texts(record, "modified_process"), required(record, "error_steps")
    if type(errors) is not list or not all(type(step) is int and step >= 1 for step in errors):
        raise BadRecord(f"error_steps is {errors!r:.60}, not a list of steps counted from 1")
    rows.add(
        problem_text(record, "modified_question"),
        steps,
        [-1 if number in errors else 1 for number in range(1, len(steps) + 1)],
        gold=maybe_gold(record, "ground_truth"),
        classification=maybe_text(record, "classification"),
    )


read = solution_reader("prmbench", _add)
"""The modified solutions, with a further column ``classification``. Whether an answer is right is not known."""
