"""Which steps a misconception may strike: a wrong fact, a relation misread, a friend taken for another.

A base model whose corpus rates no such step has never been told that the hands err there. What a verifier knows of
misconceptions it then learns from a run's labels alone, as in Lightman et al. 2023 (docs/log/supervision.md).
"""

from stepscale.lab.hands import Habits, confused, misread, misremembered
from stepscale.lab.labeler import read_step

_HABITS = Habits()  # those of the hands that write the corpus


def may_be_misconceived(step: str) -> bool:
    """Whether the hands hold a misconception about what the step does, struck by it or not.

    Args:
        step: Its text.

    Returns:
        False for a step that does no operation, such as an answer.
    """
    read = read_step(step)
    if read is None:
        return False
    definition = read.quoted
    if definition and any(confused(_HABITS, source) for source in definition.sources):
        return True
    if definition and definition.number and misread(_HABITS, definition.relation, definition.number):
        return True
    return misremembered(_HABITS, read.operation, read.left_amount, read.right_amount) is not None
