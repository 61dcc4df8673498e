"""The nearest of many texts by Levenshtein's distance: characters inserted, deleted or replaced."""

from collections.abc import Sequence

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from stepscale.errors import InputError


def nearest(text: str, candidates: Sequence[str]) -> int:
    """Index of the text nearest to ``text``; the first of equally near ones.

    Args:
        text: The text that others are compared with.
        candidates: The other texts.

    Raises:
        InputError: There is no other text.
    """
    best = process.extractOne(text, candidates, scorer=Levenshtein.distance, processor=None)
    if best is None:
        raise InputError("no text to be nearest to; give at least one")
    return int(best[2])
