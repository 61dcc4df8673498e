"""Levenshtein's distance between texts, by character, and the nearest of many.

Myers' bit-parallel algorithm in Hyyroe's form (2003): one Python integer holds a whole column of the table, so a text of n
characters costs n steps whatever the other's length. For the nearest, texts are looked at in the order of a lower bound
from their counts of characters, and most are never compared.
"""

from collections import Counter
from collections.abc import Sequence

from stepscale.errors import InputError


def edit_distance(first: str, second: str) -> int:
    """Fewest characters inserted, deleted or replaced to turn one text into the other."""
    if not first or not second:
        return len(first) + len(second)
    places: dict[str, int] = {}
    for i, character in enumerate(first):
        places[character] = places.get(character, 0) | 1 << i
    everywhere, last = (1 << len(first)) - 1, 1 << (len(first) - 1)
    rises, falls, distance = everywhere, 0, len(first)  # vertical differences of +1 and -1 in the current column
    for character in second:
        equal = places.get(character, 0)
        diagonal = equal | falls
        carried = (((equal & rises) + rises) ^ rises) | equal
        up = falls | ~(carried | rises) & everywhere
        down = rises & carried
        distance += bool(up & last) - bool(down & last)
        up, down = up << 1 | 1, down << 1
        rises = (down | ~(diagonal | up)) & everywhere
        falls = up & diagonal & everywhere
    return distance


def nearest(text: str, others: Sequence[str]) -> int:
    """Index of the text nearest to ``text``; the first of equally near ones. Raises InputError if there is none."""
    if not others:
        raise InputError("no text to be nearest to; give at least one")
    counts = Counter(text)
    known: dict[str, int] = {}
    for i, other in enumerate(others):
        known.setdefault(other, i)
    bounds = sorted((_lower_bound(counts, other), i, other) for other, i in known.items())
    best = (len(text) + max(map(len, others)) + 1, -1)
    for bound, i, other in bounds:
        if bound > best[0]:
            break
        best = min(best, (edit_distance(text, other), i))
    return best[1]


def _lower_bound(counts: Counter[str], other: str) -> int:
    """Characters that one has more of than the other: each costs an edit, and a replacement settles one of either side."""
    other_counts = Counter(other)
    return max((counts - other_counts).total(), (other_counts - counts).total())
