"""Small and large changes of a text, by a random generator."""

import random

from campaigns.text.fragments import oddity

_MAX_TEXT_CHARACTERS = 200_000  # characters of a text


def mutated(rng: random.Random, text: str, times: int) -> str:
    """The text after so many random changes."""
    for _ in range(times):
        text = _changed(rng, text)[:_MAX_TEXT_CHARACTERS]
    return text


def _changed(rng: random.Random, text: str) -> str:
    start = rng.randint(0, len(text))
    end = min(len(text), start + rng.choice((1, 1, 1, 2, 5, 30)))
    kind = rng.randrange(8)
    if kind == 0:
        return text[:start] + text[end:]
    if kind == 1:
        return text[:start] + text[start:end] * rng.choice((2, 2, 3, 50)) + text[end:]
    if kind == 2:
        return text[:start] + rng.choice("0123456789+-*/^_{}()[]\\$,.!%&#~|<> \nabxyei") + text[end:]
    if kind == 3:
        return text[:start] + oddity(rng) + text[end:]
    if kind == 4:
        return text[:start] + text[start:end][::-1] + text[end:]
    if kind == 5:
        return text[:start] + rng.choice("0123456789") + text[start:]
    if kind == 6:
        return text[:start] + text[start:end].swapcase() + text[end:]
    return text[:start]
