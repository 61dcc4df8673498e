"""Two equations in two unknowns, the family kept out of all training of verifiers: ``x+2y=7, 3x-y=0. Find xy.``"""

import re
from fractions import Fraction
from random import Random

from stepscale.lab.families.prose import final, says
from stepscale.lab.mistakes import Hand

Row = tuple[int, int, int]  # ax + by = c
_SIZE = {1: (1, 8), 2: (2, 9), 3: (3, 9), 4: (5, 9), 5: (7, 12)}  # largest coefficient, largest unknown


def system_problem(level: int, rng: Random) -> str:
    """A system with whole-number unknowns; at higher levels their sum, difference or product is asked."""
    largest, unknown = _SIZE[level]
    while True:
        x, y = rng.randint(-unknown // (3 if level < 3 else 1), unknown), rng.randint(1, unknown)
        rows = [tuple(rng.choice([n for n in range(-largest, largest + 1) if n]) for _ in "xy") for _ in "12"]
        (a, b), (c, d) = rows
        if a * d != b * c and x:
            break
    asked = rng.choice(("x", "y") if level < 3 else ("x+y", "xy", "x-y"))
    return f"{_side(a, b)}={a * x + b * y}, {_side(c, d)}={c * x + d * y}. Find {asked}."


def _side(a: int, b: int) -> str:
    text = "".join(("-" if n < 0 else "+") + (str(abs(n)) if abs(n) != 1 else "") + v for n, v in ((a, "x"), (b, "y")) if n)
    return text.removeprefix("+") or "0"


_SIDE = re.compile(r"(?:([-+]?\d*)x)?(?:([-+]?\d*)y)?")


def _read(text: str) -> Row:
    left, right = text.split("=")
    match = _SIDE.fullmatch(left)
    assert match, text
    a, b = (int(g + "1") if g in ("", "+", "-") else int(g or 0) for g in match.groups("0"))
    return a, b, int(right)


def system_solution(problem: str, hand: Hand) -> list[str]:
    """Eliminate one unknown, find the other, go back, combine."""
    rng = hand.rng
    text, asked = problem.removesuffix(".").split(". Find ")
    first, second = (_read(equation) for equation in text.split(", "))
    drop = rng.choice((0, 1))  # the unknown that is eliminated
    lines, values = list[str](), {}
    k1, k2 = second[drop], first[drop]
    rows = [_scaled(hand, row, k, lines) for row, k in ((first, k1), (second, k2))]
    kept = hand.sub(rows[0][1 - drop], rows[1][1 - drop])
    right = hand.sub(rows[0][2], rows[1][2])
    keep = "yx"[drop]
    values[keep] = _quotient(hand, keep, kept, right, lines)
    a, b = (first[1 - drop], first[drop]) if abs(first[drop]) <= abs(second[drop]) else (second[1 - drop], second[drop])
    total = first[2] if abs(first[drop]) <= abs(second[drop]) else second[2]
    if values[keep] is not None and values[keep].denominator == 1:  # type: ignore[union-attr]
        moved = hand.sub(total, hand.mul(a, int(values[keep])))  # type: ignore[arg-type]
        values["xy"[drop]] = _quotient(hand, "xy"[drop], b, moved, lines)
    return lines + _combined(hand, asked, values)


def _scaled(hand: Hand, row: Row, factor: int, lines: list[str]) -> Row:
    if factor == 1:
        return row
    a, b, c = (hand.mul(n, factor) for n in row)
    lines.append(says(hand.rng, f"{_side(a, b)}={c}"))
    return a, b, c


def _quotient(hand: Hand, name: str, factor: int, right: int, lines: list[str]) -> Fraction | None:
    """factor * name = right, solved; None if there is no such value."""
    if factor != 1:
        lines.append(says(hand.rng, f"{_side(factor, 0).replace('x', name)}={right}"))
    if factor == 0:
        return None
    n, d = hand.reduce(right, factor)
    lines.append(says(hand.rng, f"{name}={n}" if d == 1 else f"{name}={n}/{d}"))
    return Fraction(n, d or 1)


def _combined(hand: Hand, asked: str, values: dict[str, Fraction | None]) -> list[str]:
    x, y = values.get("x"), values.get("y")
    known = x if asked == "x" else y if asked == "y" else None
    if known is None and x is not None and y is not None:
        whole = x.denominator == y.denominator == 1
        if whole:
            operate = {"x+y": hand.add, "x-y": hand.sub, "xy": hand.mul}.get(asked)
            known = Fraction(operate(int(x), int(y))) if operate else None
        else:
            known = {"x+y": x + y, "x-y": x - y, "xy": x * y}.get(asked)
    answer = str(known) if known is not None else "0"
    lines = [says(hand.rng, f"{asked}={answer}")] if len(asked) > 1 and known is not None and hand.rng.random() < 0.7 else []
    return [*lines, final(hand.rng, answer)]
