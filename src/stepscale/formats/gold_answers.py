"""Reads the gold answer from the target of evaluation tools: an answer, or a whole reference solution."""

from stepscale.formats.gold_boxes import last_boxed
from stepscale.grading.boxes import BOX

_GSM8K = "####"
_MAX_ANSWER_CHARACTERS = 200  # characters of a bare answer; longer ones are solutions


def gold_answer(target: str, is_solution: bool = False) -> str | None:
    """The text after GSM8K's last ``####``, else the last box, else the whole target if it is a single line.

    Args:
        target: The target as the file has it.
        is_solution: Whether it is a reference solution, however short.

    Returns:
        The answer; None where the target is a solution that marks none, for a gold answer is never guessed.
    """
    if _GSM8K in target:
        return target.rsplit(_GSM8K, 1)[1].strip() or None
    boxed = last_boxed(target)
    if boxed is not None or BOX.search(target):
        return boxed  # a target whose box is empty, or cannot be read, is no answer as a whole
    bare = "" if is_solution else target.strip()
    return bare if bare and "\n" not in bare and len(bare) <= _MAX_ANSWER_CHARACTERS else None
