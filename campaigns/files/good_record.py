"""A good record of a format, with what its format says about changed forms of it: how many rows they have."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]
Rows = dict[str, int]
"""Rows by table."""

_IDS = ("problem_id", "unique_id", "id", "doc_id", "idx")
_PROBLEMS = ("problem", "question", "modified_question", "prompt", "input")


def as_many(rows: Rows, record: Record, value: Any) -> Rows:
    """As many as for the good record.

    Args:
        rows: Those of the good record.
        record: The good record.
        value: A changed form of it, which may be of any shape.
    """
    return rows


def with_steps_of_people(rows: Rows, record: Record, value: Any) -> Rows:
    """A step that people wrote themselves is a labeled step more (PRM800K's ``human_completion``)."""
    return rows | {"step_labels": rows["step_labels"] + _human_completions(value) - _human_completions(record)}


def up_to_first_error(rows: Rows, record: Record, value: Any) -> Rows:
    """With another label alone, steps up to that first error are labeled (ProcessBench)."""
    label = value.get("label") if isinstance(value, dict) else None
    if type(label) is not int or value | {"label": record["label"]} != record:
        return rows
    return rows | {"step_labels": len(value["steps"]) if label == -1 else label + 1}


def without_score_of_zero(rows: Rows, record: Record, value: Any) -> Rows:
    """The only solution has no score if its value is 0 (OpenR)."""
    outputs = value.get("output") if isinstance(value, dict) else None
    if not isinstance(outputs, list) or not all(isinstance(output, dict) for output in outputs):
        return rows
    return rows | {"scores": 0} if [output.get("value") for output in outputs] == [[0.0]] else rows


@dataclass(frozen=True)
class GoodRecord:
    """A record that is read, and the rules of its format.

    Attributes:
        format: The name of the format.
        record: The record.
        rows_if_changed: Of the record's own rows, the record and a changed form: the rows of that; one of another shape has
            these at the most.
        repeating: Keys of texts that begin with the problem once more.
    """

    format: str
    record: Record
    rows_if_changed: Callable[[Rows, Record, Any], Rows] = as_many
    repeating: tuple[str, ...] = ()

    def neighbor(self, word: str) -> Record:
        """A copy of the record with another problem and other ids."""
        return dict(self._neighbor(self.record, word))

    def _neighbor(self, value: Any, word: str) -> Any:
        if isinstance(value, list):
            return [self._neighbor(item, word) for item in value]
        if not isinstance(value, dict):
            return value
        changed = {key: self._neighbor(item, word) for key, item in value.items()}
        changed |= {key: f"{value[key]}-{word}" for key in _IDS if isinstance(value.get(key), str)}
        changed |= {key: value[key] + len(word) for key in _IDS if isinstance(value.get(key), int)}
        problems = (*_PROBLEMS, *self.repeating)
        return changed | {key: f"{word} {value[key]}" for key in problems if isinstance(value.get(key), str)}


def _human_completions(value: Any) -> int:
    """Steps that people wrote themselves."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    written = isinstance(value, dict) and value.get("human_completion") is not None
    return written + sum(map(_human_completions, items))
