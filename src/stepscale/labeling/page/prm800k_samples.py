"""PRM800K records as samples to label, and as labels: both are checked as a whole before a value is taken out.

In: a record from a file, whose values may be anything. Out: a sample, ratings, or `BadRecord` with the key and the reason.
"""

from collections.abc import Iterable

from stepscale.formats.fields import Record, texts
from stepscale.formats.prm800k.reading import check_record
from stepscale.formats.prm800k.walk import walk
from stepscale.formats.ratings import NEGATIVE
from stepscale.labeling.page.sample import Sample, checked_sample

_FINISHED = ("found_error", "solution")
_KEYS = {  # of a sample's fields
    "steps": "pre_generated_steps",
    "answer": "ground_truth_answer",
    "solution": "ground_truth_solution",
    "final_answer": "pre_generated_answer",
    "score": "pre_generated_verifier_score",
    "round": "generation",
}


def check_label(record: Record) -> None:
    """Refuse what is no record of a label: all that is done with labels takes its values unchecked.

    Args:
        record: A line of a file of labels.

    Raises:
        BadRecord: It is not such a record; the key is named.
    """
    check_record(record)
    if record["question"].get("pre_generated_steps") is not None:
        texts(record["question"], "pre_generated_steps")


def sample_of(record: Record) -> Sample | None:
    """The solution that a PRM800K record labels; None if it has no steps.

    Args:
        record: A line of a PRM800K file.

    Raises:
        BadRecord: It is not such a record.
    """
    check_label(record)
    question, label = record["question"], record["label"]
    steps = question.get("pre_generated_steps") or _trajectory(label["steps"])
    if not steps:
        return None
    values = {
        "problem": question["problem"],
        "steps": steps,
        "alternatives": _alternatives(label["steps"], steps),
        "answer": question.get("ground_truth_answer"),
        "solution": question.get("ground_truth_solution"),
        "final_answer": question.get("pre_generated_answer"),
        "score": question.get("pre_generated_verifier_score"),
        "round": record.get("generation"),
        "known": ratings_of(label["steps"], steps) if label.get("finish_reason") in _FINISHED else (),
    }
    return checked_sample(values, _KEYS)


def ratings_of(labels: list[Record], steps: Iterable[str]) -> tuple[int, ...]:
    """The ratings of a solution's own steps in ``label.steps``, up to the first -1 or the first step without one.

    Args:
        labels: The list ``label.steps`` of a PRM800K record.
        steps: Texts of the solution's own steps.
    """
    ratings: list[int] = []
    for label, text in zip(labels, steps, strict=False):
        rating = next((c["rating"] for c in label["completions"] or () if c["text"] == text), None)
        if rating is None:
            break
        ratings.append(rating)
        if rating == NEGATIVE:
            break
    return tuple(ratings)


def _trajectory(labels: list[Record]) -> list[str]:
    """The chosen steps, then the last step's first wrong completion, which was not chosen."""
    walked = walk(labels)
    last = labels[-1]["completions"] or () if labels else ()
    wrong = [c["text"] for c in last if c["rating"] == NEGATIVE]
    is_open = bool(walked.chosen) and walked.chosen[-1] == -1
    return [*walked.trajectory, *(wrong[:1] if is_open else [])]


def _alternatives(labels: list[Record], steps: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """The other completions of each step, up to the end of the record."""
    of_steps = zip(labels, steps, strict=False)
    return tuple(
        tuple(dict.fromkeys(c["text"] for c in label["completions"] or () if c["text"] != text))
        for label, text in of_steps
    )
