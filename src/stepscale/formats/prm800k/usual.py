"""PRM800K lines of the published shape, read several times faster than JSON objects allow; all others are left to
`walk`.

A line is decoded into typed structs, which refuse whatever is not exactly as published: a missing or further key, a
completion by the labeler, a step passed over, a rating of another kind. Its question stays text: the same problem comes
many times, so its head is parsed once, and the generated solution behind it is kept as it stands.
"""

from itertools import chain
from typing import Any, Literal, NamedTuple

import msgspec
import orjson
from msgspec import Raw, Struct

from stepscale.formats.contract import problem_key
from stepscale.formats.prm800k.record import Groups

_HEAD_KEYS = ("problem", "ground_truth_answer", "ground_truth_solution")
_TAIL = b'"pre_generated_steps"'


class Completion(Struct, forbid_unknown_fields=True, gc=False):
    """One labelled completion."""

    text: str
    rating: Literal[-1, 0, 1] | None
    flagged: bool | None


class Step(Struct, forbid_unknown_fields=True, gc=False):
    """A step whose completions all come from the generator."""

    completions: list[Completion]
    human_completion: None
    chosen_completion: int | None


class StepLabels(Struct, forbid_unknown_fields=True, gc=False):
    """A record's ``label``."""

    steps: list[Step]
    total_time: int | None
    finish_reason: str | None


class UsualRecord(Struct, forbid_unknown_fields=True, gc=False):
    """A record of the published shape, its question unparsed."""

    labeler: str | None
    timestamp: str | None
    generation: int | None
    is_quality_control_question: bool
    is_initial_screening_question: bool
    question: Raw
    label: StepLabels


class Question(NamedTuple):
    """The head of a record's question: the problem, and its keys that the problems table holds."""

    problem_id: str
    problem: tuple[str, str | None, str | None]
    keys: str


class UsualLines:
    """Reads lines; remembers the problems met."""

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(UsualRecord)
        self._heads: dict[bytes, Question | None] = {}

    def forget(self) -> None:
        """Let the remembered problems go."""
        self._heads.clear()

    def read(self, line: bytes) -> tuple[UsualRecord, Question, bytes | None, Groups] | None:
        """The record of a line, its question in two parts (the JSON of the second), its labels; None if it is not of the
        published shape (or not JSON at all).
        """
        try:
            record = self._decoder.decode(line)
            question, rest = self._question(bytes(record.question))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        groups = None if question is None else _groups(record.label.steps)
        return None if question is None or groups is None else (record, question, rest, groups)

    def _question(self, raw: bytes) -> tuple[Question | None, bytes | None]:
        at = raw.find(_TAIL)
        head = raw if at < 0 else raw[:at]
        if head not in self._heads:
            self._heads[head] = _head(raw) if at < 0 else _head(head.rstrip().rstrip(b",") + b"}", full=True)
        question = self._heads[head]
        if question is None or at < 0:
            return question, None
        rest = b"{" + raw[at:]
        if not rest.isascii():
            rest.decode()
        return question, rest


def _head(raw: bytes, full: bool = False) -> Question | None:
    """The question of which these are the first keys; None unless they are the problem's own, none null, if `full` all
    three.
    """
    try:
        head = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    values = list(map(head.get, _HEAD_KEYS))
    if (
        not head.keys() <= set(_HEAD_KEYS)
        or not all(type(value) is str for value in head.values())
        or values[0] is None
    ):
        return None
    return Question(problem_key(values[0]), (values[0], values[1], values[2]), ",".join(head))


def _groups(steps: list[Step]) -> Groups | None:
    """The labels, one group a step; None if a step but the last has no choice, or a choice is not there."""
    completions = [step.completions for step in steps]
    chosen: list[Any] = [step.chosen_completion for step in steps]
    picks = chosen
    if chosen and chosen[-1] is None:
        picks = chosen[:-1]
        chosen[-1] = -1
    try:
        trajectory = [group[pick].text for group, pick in zip(completions, picks, strict=False)]
    except (IndexError, TypeError):  # a choice that is not there, or none
        return None
    sizes = list(map(len, completions))
    if 0 in sizes or (picks and min(picks) < 0):
        return None
    return Groups(trajectory, list(chain.from_iterable(completions)), range(len(sizes)), sizes, chosen, ())
