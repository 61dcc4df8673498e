"""Samples as Label Studio's tasks, and its annotations as PRM800K records: plain JSON both ways, no server.

A task holds its sample, so an export is enough to make records of. Label Studio shows HTML: all text is escaped, and LaTeX
becomes MathML, which it keeps.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from stepscale.errors import InputError
from stepscale.formats.fields import Record
from stepscale.labeling.page.formulas import as_html
from stepscale.labeling.page.records import StepJudgment, Submission, make_record
from stepscale.labeling.page.sample import Sample

NAMES = {-1: "negative", 0: "neutral", 1: "positive"}
RATINGS = {name: rating for rating, name in NAMES.items()}
VERSION = "prm"
_RATING = "rating_"


def make_task(sample: Sample, prefill: bool = False) -> dict[str, Any]:
    """A task; the verifier's score orders tasks.

    Args:
        sample: What is to be labeled.
        prefill: Show the verifier's own ratings as chosen. They anchor people, so this is not a default.

    Raises:
        InputError: Ratings are to be shown, and the sample has no step scores.
    """
    if prefill and len(sample.negative) < len(sample.steps):
        raise InputError("--prefill needs the verifier's step scores; give a format that holds them, or leave it out")
    task: dict[str, Any] = {
        "data": {
            "id": sample.id,
            "problem_html": as_html(sample.problem),
            "answer_html": as_html(sample.answer or "none"),
            "steps": [{"html": as_html(step)} for step in sample.steps],
            "sample": sample.model_dump(mode="json", exclude={"known", "negative", "neutral", "alternatives"}),
        }
    }
    if prefill or sample.score is not None:
        result = [_predicted(sample, step) for step in range(len(sample.steps))] if prefill else []
        task["predictions"] = [{"model_version": VERSION, "score": sample.score, "result": result}]
    return task


def _predicted(sample: Sample, step: int) -> dict[str, Any]:
    negative = sample.negative[step]
    neutral = sample.neutral[step] if step < len(sample.neutral) else 0.0
    shares = {-1: negative, 0: neutral, 1: 1 - negative - neutral}
    best = max(shares, key=shares.__getitem__)
    return {
        "id": f"step{step}",
        "from_name": f"{_RATING}{step}",
        "to_name": f"step_{step}",
        "type": "choices",
        "value": {"choices": [NAMES[best]]},
        "score": shares[best],
    }


def records_of(tasks: Sequence[Mapping[str, Any]], names: Mapping[int, str]) -> Iterator[Record]:
    """The record of each annotation of an export, in its order; those that were skipped have none.

    Args:
        tasks: As Label Studio exports them (JSON).
        names: Of its users, by number.

    Raises:
        InputError: A task was not made by `make_task`, or an annotation rates too few steps.
    """
    for task in tasks:
        for annotation in task["annotations"]:
            if not annotation.get("was_cancelled"):
                yield _record(task, annotation, names)


def _record(task: Mapping[str, Any], annotation: Mapping[str, Any], names: Mapping[int, str]) -> Record:
    try:
        sample = Sample.model_validate(task["data"]["sample"])
        submission = _submission(sample, annotation)
        who = annotation["completed_by"]
        number = who["id"] if isinstance(who, dict) else who
        record = make_record(sample, submission, names.get(number, f"user-{number}"), "task")
        record["timestamp"] = _timestamp(annotation["created_at"])
        return record
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        fault = str(error).splitlines()[0]
        raise InputError(
            f"Label Studio's task {task.get('id')}: {fault}; rate it to its end there, or delete the annotation"
        ) from None


def _submission(sample: Sample, annotation: Mapping[str, Any]) -> Submission:
    """Ratings up to the first negative one: what the page hid behind it may hold older choices."""
    ratings: dict[int, int] = {}
    finish = None
    for part in annotation["result"]:
        if part["type"] == "choices":
            (choice,) = part["value"]["choices"]
            if part["from_name"] == "finish":
                finish = choice
            else:
                ratings[int(part["from_name"].removeprefix(_RATING))] = RATINGS[choice]
    judgments: list[StepJudgment] = []
    while len(judgments) in ratings and not (judgments and judgments[-1].ratings[0] < 0):
        judgments.append(StepJudgment(ratings=[ratings[len(judgments)]]))
    milliseconds = round(1000 * (annotation.get("lead_time") or 0))
    return Submission(sample=sample.id, steps=judgments, finish=finish, milliseconds=milliseconds)


def _timestamp(text: str) -> str:
    """As PRM800K has it: UTC, without a zone."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None).isoformat()
