"""What a labeler is shown: one solution with its problem, checked before anybody sees it.

In: values out of a record or a table. Out: a sample that can be labeled and whose labels can be read back.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from hashlib import blake2b

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stepscale.formats.contract import problem_key
from stepscale.formats.fields import BadRecord, Record, problem_text

_INT64 = 2**63


class Sample(BaseModel):
    """A solution to be labeled. ``known``: its ratings, if they are known, up to the first -1."""

    model_config = ConfigDict(frozen=True)

    problem: str
    steps: tuple[str, ...] = Field(min_length=1)
    alternatives: tuple[tuple[str, ...], ...] = ()
    answer: str | None = None
    solution: str | None = None
    final_answer: str | None = None
    score: float | None = Field(None, allow_inf_nan=False)
    round: int | None = Field(None, ge=-_INT64, lt=_INT64)  # as the readers take it
    known: tuple[int, ...] = ()
    negative: tuple[float, ...] = ()  # the verifier's P(-1) and P(0) of each step, where a file has them
    neutral: tuple[float, ...] = ()

    @cached_property
    def id(self) -> str:
        """16 hex digits of problem and steps: the same in every file and after every restart."""
        return sample_id(self.problem, self.steps)


def sample_id(problem: str, steps: Iterable[str]) -> str:
    """The id of a solution's text.

    Args:
        problem: The problem's text.
        steps: Texts of the steps.
    """
    digest = blake2b(problem_key(problem).encode(), digest_size=8)
    for step in steps:
        text = step.encode("utf-8", "surrogatepass")
        digest.update(len(text).to_bytes(8, "little") + text)
    return digest.hexdigest()


def checked_sample(values: Record, keys: Mapping[str, str] | None = None) -> Sample:
    """The sample of some values, by the rules of the formats' readers: what they refuse cannot be read back from a label.

    Args:
        values: Its fields; others are ignored.
        keys: What a field is called in the file, where that differs.

    Raises:
        BadRecord: The problem is blank or holds a NUL, or a value is of another type. The key is named.
    """
    problem_text(values, "problem")
    try:
        return Sample.model_validate(values)
    except ValidationError as error:
        fault = error.errors()[0]
        field, *place = map(str, fault["loc"])
        raise BadRecord(f"{'.'.join(((keys or {}).get(field, field), *place))}: {fault['msg']}") from None


def readable_sample(values: Record) -> Sample:
    """The sample of some values, each of whose steps a person can read. PRM800K's own records may hold blank ones.

    Args:
        values: Its fields; others are ignored.

    Raises:
        BadRecord: It is no sample, or a step is blank. The key is named, or the step's number.
    """
    sample = checked_sample(values)
    if (blank := next((n for n, step in enumerate(sample.steps, 1) if not step.strip()), None)) is not None:
        raise BadRecord(f"step {blank} is blank where the text of a step is needed")
    return sample
