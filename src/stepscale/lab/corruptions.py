"""Single wrong edits of a step: a digit, a sign, an operator, a dropped term, a number copied wrongly; and hasty answers.

Used to test the labeler and to show a base model wrong steps beyond those its corpus's hands make.
"""

import re
from collections.abc import Callable, Sequence
from random import Random

_NUMBER = re.compile(r"\d+")
_TERM = re.compile(r"(?<=[\w)])[-+](?:\d+[a-zA-Z]?(?:\^\d)?|[a-zA-Z]\d?)(?![\w(*/^])")


def _edit(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def change_digit(step: str, rng: Random) -> str | None:
    """One digit of a number replaced by another."""
    places = [m.start() for m in re.finditer(r"\d", step)]
    if not places:
        return None
    place = rng.choice(places)
    return _edit(step, place, place + 1, rng.choice([d for d in "0123456789" if d != step[place]]))


def flip_sign(step: str, rng: Random) -> str | None:
    """A plus made a minus or the other way round, or a number's sign changed."""
    places = [m.start() for m in re.finditer(r"(?<=[\w)])[-+]", step)]
    leading = [m.start() for m in re.finditer(r"(?<=[=({])-?(?=\d)", step)]
    if not places + leading:
        return None
    place = rng.choice(places + leading)
    if place in places:
        return _edit(step, place, place + 1, "-" if step[place] == "+" else "+")
    return _edit(step, place, place + 1, "") if step[place] == "-" else _edit(step, place, place, "-")


def change_operator(step: str, rng: Random) -> str | None:
    """An operator exchanged for one of another kind."""
    places = [m.start() for m in re.finditer(r"(?<=[\w)])[-+*](?=[\w(])", step)]
    if not places:
        return None
    place = rng.choice(places)
    return _edit(step, place, place + 1, rng.choice([op for op in "+-*" if op != step[place]]))


def drop_term(step: str, rng: Random) -> str | None:
    """One term of a sum left out."""
    terms = list(_TERM.finditer(step))
    return _edit(step, *rng.choice(terms).span(), "") if terms else None


def copy_wrongly(step: str, rng: Random) -> str | None:
    """A number replaced by another number of the same step, or by a neighbour."""
    numbers = list(_NUMBER.finditer(step))
    if not numbers:
        return None
    chosen = rng.choice(numbers)
    others = [m.group() for m in numbers if m.group() != chosen.group()]
    others.append(str(int(chosen.group()) + rng.choice((-1, 1, 10)) if len(chosen.group()) < 10 else 7))
    return _edit(step, *chosen.span(), rng.choice(others).lstrip("-"))


CORRUPTIONS: dict[str, Callable[[str, Random], str | None]] = {
    "digit": change_digit,
    "sign": flip_sign,
    "operator": change_operator,
    "dropped term": drop_term,
    "wrong copy": copy_wrongly,
}


_BOXED = re.compile(r"\\boxed\{([^{}]*)\}")
_VALUE = re.compile(r"-?\d+$")


def answer_early(steps: Sequence[str], rng: Random) -> list[str] | None:
    """A solution that stops before it is solved: a value on the way, or a guessed order, is given as the answer."""
    boxed = _BOXED.search(steps[-1])
    if not boxed or len(steps) < 2:
        return None
    place = rng.randrange(1, len(steps))
    letters = re.findall(r"[A-Z]", boxed.group(1))
    if letters:
        rng.shuffle(letters)
        answer = "<".join(letters)
    else:
        value = _VALUE.search(steps[place - 1])
        if not value:
            return None
        answer = value.group()
    return [*steps[:place], _edit(steps[-1], *boxed.span(1), answer)]


def corrupt(step: str, rng: Random) -> str:
    """The step with one random corruption (unchanged if none applies)."""
    kinds = list(CORRUPTIONS.values())
    rng.shuffle(kinds)
    for kind in kinds:
        edited = kind(step, rng)
        if edited is not None and edited != step:
            return edited
    return step
