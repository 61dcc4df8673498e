"""Recurrences: ``a1=3, a(n+1)=2a(n)-1. Find a5.``"""

import re
from random import Random

from stepscale.lab.expressions import render
from stepscale.lab.families.prose import final, says
from stepscale.lab.mistakes import Hand

_LAST = {1: (3,), 2: (4,), 3: (5,), 4: (6,), 5: (8,)}
_BOUND = {1: 60, 2: 60, 3: 60, 4: 250, 5: 999}
_FACTORS = {1: (1, 2), 2: (1, 2, 3, -1), 3: (2, 3, -1, -2), 4: (2, 2, -2, -1), 5: (2, 3, -2)}


def sequence_problem(level: int, rng: Random) -> str:
    """A linear recurrence whose terms stay within +-60, from level 4 within +-250, at level 5 within +-999."""
    while True:
        start, factor = rng.randint(-6, 9), rng.choice(_FACTORS[level])
        shift = rng.choice([n for n in range(-9, 10) if n])
        last, term, largest = rng.choice(_LAST[level]), start, abs(start)
        for _ in range(last - 1):
            term = factor * term + shift
            largest = max(largest, abs(term))
        if largest <= _BOUND[level] and term != start:
            return f"a1={start}, a(n+1)={_factor(factor)}a(n){shift:+d}. Find a{last}."


def _factor(factor: int) -> str:
    return {1: "", -1: "-"}.get(factor, str(factor))


_TEXT = re.compile(r"a1=(-?\d+), a\(n\+1\)=(-?\d*)a\(n\)([-+]\d+)\. Find a(\d+)\.")


def sequence_solution(problem: str, hand: Hand) -> list[str]:
    """Term after term, each in one line or in several."""
    match = _TEXT.fullmatch(problem)
    assert match, problem
    start, coefficient, shift, last = match.groups()
    factor = {"": 1, "-": -1}.get(coefficient) or int(coefficient)
    rng, term, lines = hand.rng, int(start), list[str]()
    skip = rng.random() < 0.3
    for n in range(2, int(last) + 1):
        forms, term = _next_term(hand, factor, term, int(shift), brief=skip)
        if len(forms) > 1 and rng.random() < 0.25:
            lines.append(says(rng, f"a{n}={forms[0]}"))
            forms = forms[1:]
        lines.append(says(rng, "=".join([f"a{n}", *forms])))
    return [*lines, final(rng, str(term))]


def _next_term(hand: Hand, factor: int, term: int, shift: int, brief: bool) -> tuple[list[str], int]:
    """The ways the next term is written, simplest last, and its value."""
    if hand.errs(hand.habits.copy):
        term += hand.rng.choice((-1, 1))
    written = [] if brief and hand.rng.random() < 0.7 else [_substituted(factor, term, shift)]
    product = hand.mul(factor, term) if abs(factor) > 1 else factor * term
    if abs(factor) > 1 and hand.rng.random() < 0.6:
        written.append(f"{product}{shift:+d}")
    value = hand.add(product, shift) if shift > 0 else hand.sub(product, -shift)
    return [*written, str(value)], value


def _substituted(factor: int, term: int, shift: int) -> str:
    inner = render(term) if term >= 0 else f"({term})"
    text = {1: str(term), -1: f"-{inner}"}.get(factor, f"{factor}*{inner}")
    return f"{text}{shift:+d}"
