"""The number of a step, which some steps already begin with."""

import re


def without_number(step: str, label: str) -> str:
    """The step without ``label`` in front.

    Args:
        step: Its text.
        label: The number as a prompt states it, such as ``Step 1: ``. Spaces and line ends in and around a step's own number do
            not matter. One without a letter is never taken off: "1. " begins "1.5 + 2" too.

    Returns:
        The step as it is where it begins otherwise.
    """
    if not any(map(str.isalpha, label)):
        return step
    parts = label.replace(":", " : ").split()  # a space may stand before the colon
    own_number = re.match(r"\s*" + r"\s*".join(map(re.escape, parts)) + r"\s*", step)
    return step[own_number.end() if own_number else 0 :]
