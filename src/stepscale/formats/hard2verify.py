"""Hard2Verify (Pandit et al. 2025): solutions of frontier models to olympiad problems, each step judged by people.

    {"unique_id": "...", "question": ..., "model_response_by_step": [...], "human_labels": [1, 1, 0, 0], "model": ...}

A label is 1 for a right step, 0 for a wrong one. A step that builds on a wrong one is wrong. The published records are encrypted;
the authors' ``decrypt_sample`` makes them readable. A first error, if one is given, is not read, since the labels determine it.
"""

from stepscale.formats.fields import BadRecord, Record, maybe_text, problem_text, required, texts
from stepscale.formats.solution_rows import SolutionRows, solution_reader


def _add(rows: SolutionRows, record: Record) -> None:
    labels = required(record, "human_labels")
    if type(labels) is str:
        raise BadRecord("'human_labels' is encrypted; decrypt the records with the authors' decrypt_sample first")
    steps = texts(record, "model_response_by_step")
    if type(labels) is not list or not all(type(label) in (int, bool) and label in (0, 1) for label in labels):
        raise BadRecord(f"human_labels is {labels!r:.60}, not a list of 0 and 1")
    if len(labels) != len(steps):
        raise BadRecord(f"there are {len(labels)} human_labels for {len(steps)} steps")
    ratings = [1 if label else -1 for label in labels]
    rows.add(problem_text(record, "question"), steps, ratings, generator=maybe_text(record, "model"))


read = solution_reader("hard2verify", _add)
"""The solutions with a rating for every step. Whether an answer is right is not known: most problems ask for a proof."""
