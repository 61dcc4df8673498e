"""Numbers of samples at which something is measured, as parameters give them."""

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator


def _rise(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if not numbers or numbers[0] < 1 or any(a >= b for a, b in pairwise(numbers)):
        raise ValueError("must rise and begin at 1 or above")
    return numbers


Rising = Annotated[tuple[int, ...], AfterValidator(_rise)]
"""One number at the least, each above the one before, so that the last is the largest."""
