"""Reads gold answers: the answer under a record's key, or the target of evaluation tools, which may be a whole solution."""

from stepscale.formats.fields import Record, maybe_answer
from stepscale.formats.gold_boxes import last_boxed
from stepscale.grading.boxes import BOX

_GSM8K = "####"
_MAX_ANSWER_CHARACTERS = 200  # characters of a bare answer; longer ones are solutions


def maybe_gold(record: Record, key: str) -> str | None:
    """The gold answer under ``key``, None if there is none; of a solution of GSM8K the value that it marks.

    Args:
        record: A parsed record.
        key: Name of the field.

    Raises:
        BadRecord: As `fields.maybe_answer`.
    """
    answer = maybe_answer(record, key)
    return None if answer is None else value_of(answer)


def value_of(answer: str) -> str:
    """A gold answer as it is; of a solution of GSM8K, whose last line is ``#### 2``, the value that it marks.

    Args:
        answer: As a file has it.
    """
    return _marked(answer) or answer


def gold_answer(target: str, is_solution: bool = False) -> str | None:
    """The value that GSM8K's ``####`` marks, else the last box, else the whole target if it is a single line.

    Args:
        target: The target as the file has it.
        is_solution: Whether it is a reference solution, however short.

    Returns:
        The answer; None where the target is a solution that marks none, for a gold answer is never guessed.
    """
    if (marked := _marked(target)) is not None:
        return marked
    boxed = last_boxed(target)
    if boxed is not None or BOX.search(target):
        return boxed  # a target whose box is empty, or cannot be read, is no answer as a whole
    bare = "" if is_solution or _GSM8K in target else target.strip()
    return bare if bare and "\n" not in bare and len(bare) <= _MAX_ANSWER_CHARACTERS else None


def _marked(text: str) -> str | None:
    """What stands behind GSM8K's ``####`` in the last line of a text; None if it is not there, or nothing is behind it."""
    value = text.rpartition(_GSM8K)[2].strip() if _GSM8K in text else ""
    return value if value and "\n" not in value else None
