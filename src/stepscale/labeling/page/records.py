"""What a labeler sends, and the PRM800K record that is made of it (Lightman et al. 2023, 2.4).

In: a sample and a submission, which is checked against it. Out: a record of the published shape.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from stepscale.errors import InputError
from stepscale.formats.fields import Record
from stepscale.formats.prm800k.records_table import LabeledProblem, RecordDetails, record_of
from stepscale.labeling.page.page_options import Ask
from stepscale.labeling.page.sample import Sample

Kind = Literal["task", "quality_control", "screening"]
Rating = Annotated[int, Field(ge=-1, le=1)]
_MONTH = 30 * 24 * 3_600_000  # milliseconds
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True)


class StepJudgment(BaseModel):
    """Ratings of a step's completions, the sample's own one first, and what the labeler wrote in its place."""

    model_config = _STRICT

    ratings: list[Rating] = Field(min_length=1, max_length=50)
    written: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)] | None = None


class Submission(BaseModel):
    """A labeled sample as the page sends it."""

    model_config = _STRICT

    sample: str = Field(pattern="^[0-9a-f]{16}$")
    steps: list[StepJudgment] = Field(max_length=1_000)
    finish: Literal["give_up", "bad_problem"] | None = None
    milliseconds: int = Field(ge=0, le=_MONTH)


def make_record(sample: Sample, submission: Submission, labeler: str, kind: Kind, ask: Ask = "first_error") -> Record:
    """The record, in the published shape.

    Args:
        sample: What was labeled.
        submission: What the labeler sent.
        labeler: Who.
        kind: A screening question has generation -1 and no reference answer, as published.
        ask: Which steps are asked for.

    Raises:
        InputError: The submission does not fit the sample, or the sample is not labeled to its end.
    """
    _check(sample, submission, ask)
    screening = kind == "screening"
    details = RecordDetails(
        labeler=labeler,
        timestamp=datetime.now(UTC).replace(tzinfo=None).isoformat(),
        generation=-1 if screening else sample.round,
        is_quality_control_question=kind == "quality_control",
        is_initial_screening_question=screening,
        total_time=submission.milliseconds,
        question=None,
    )
    problem = LabeledProblem(
        sample.problem, None if screening else sample.answer, None if screening else sample.solution
    )
    generated = {
        "pre_generated_steps": list(sample.steps),
        "pre_generated_answer": sample.final_answer,
        "pre_generated_verifier_score": sample.score,
    }
    steps = [_step(sample, i, judgment, ask) for i, judgment in enumerate(submission.steps)]
    return record_of(details, problem, steps, _finish(submission), generated)


def completions_of(sample: Sample, step: int, ask: Ask) -> list[str]:
    """The completions of a step that are rated.

    Args:
        sample: What is labeled.
        step: Number of the step, from 0.
        ask: With "alternatives" the other completions are rated too, not only the step's own text.
    """
    alternatives = sample.alternatives[step] if ask == "alternatives" and step < len(sample.alternatives) else ()
    return [sample.steps[step], *alternatives]


def _check(sample: Sample, submission: Submission, ask: Ask) -> None:
    judgments = submission.steps
    if len(judgments) > len(sample.steps):
        raise InputError(f"{len(judgments)} steps are rated and the solution has {len(sample.steps)}; reload the page")
    for i, judgment in enumerate(judgments):
        n = len(completions_of(sample, i, ask))
        if len(judgment.ratings) != n:
            raise InputError(f"step {i + 1} has {n} completions and {len(judgment.ratings)} ratings; reload the page")
        if judgment.written and ask != "alternatives":
            raise InputError(f"step {i + 1}: no step is to be written here; reload the page")
        if i < len(judgments) - 1 and ask != "every_step" and _is_dead_end(judgment):
            raise InputError(f"step {i + 1} is negative, so nothing after it is rated; reload the page")
    ended = ask != "every_step" and bool(judgments) and _is_dead_end(judgments[-1])
    if not (submission.finish or ended or len(judgments) == len(sample.steps)):
        raise InputError("a solution ends by its last step, its first error, or by giving up; rate on")


def _is_dead_end(judgment: StepJudgment) -> bool:
    """Nothing that the solution could go on from: every completion is negative and none was written."""
    return max(judgment.ratings) < 0 and judgment.written is None


def _step(sample: Sample, i: int, judgment: StepJudgment, ask: Ask) -> Record:
    texts, ratings = completions_of(sample, i, ask), judgment.ratings
    written = judgment.written
    best = 0 if ask == "every_step" or ratings[0] >= 0 else max(range(len(ratings)), key=ratings.__getitem__)
    is_right = ask == "every_step" or ratings[best] >= 0
    return {
        "completions": [
            {"text": text, "rating": rating, "flagged": False} for text, rating in zip(texts, ratings, strict=True)
        ],
        "human_completion": None
        if written is None
        else {"text": written, "rating": None, "source": "human", "flagged": False},
        "chosen_completion": best if is_right and written is None else None,
    }


def _finish(submission: Submission) -> str:
    if submission.finish:
        return submission.finish
    judgments = submission.steps
    wrong = any(judgment.ratings[0] < 0 for judgment in judgments) and any(map(_is_dead_end, judgments))
    return "found_error" if wrong else "solution"
