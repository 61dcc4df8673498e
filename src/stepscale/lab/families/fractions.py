"""Sums of fractions, in lowest terms: ``S=2/3+5/4-1/6. Find S in lowest terms.``"""

from math import lcm
from random import Random

from stepscale.lab.families.prose import final, says
from stepscale.lab.mistakes import Hand

Term = tuple[int, int]  # numerator (signed), denominator
_DENOMINATORS = {1: (2, 3, 4, 6), 2: (2, 3, 4, 5, 6), 3: (2, 3, 4, 5, 6, 8), 4: (2, 3, 4, 6, 8, 9, 12), 5: (2, 3, 4, 6, 8, 9, 12)}


def fraction_problem(level: int, rng: Random) -> str:
    """A sum of fractions whose common denominator is at most 72."""
    while True:
        terms = []
        for _ in range({1: 2, 2: 2, 3: 3, 4: 4, 5: 5}[level]):
            denominator = rng.choice(_DENOMINATORS[level])
            terms.append((rng.randint(1, 9) * (-1 if terms and rng.random() < 0.4 else 1), denominator))
        common = lcm(*(d for _, d in terms))
        if common <= (12 if level < 3 else 72) and (level > 1 or common == max(d for _, d in terms)):
            return f"S={_sum(terms)}. Find S in lowest terms."


def _sum(terms: list[Term]) -> str:
    text = "".join(f"{'-' if n < 0 else '+'}{abs(n)}/{d}" if d != 1 else f"{n:+d}" for n, d in terms)
    return text.removeprefix("+")


def _read(text: str) -> list[Term]:
    parts = text.replace("-", "+-").strip("+").split("+")
    return [(int(n), int(d)) for n, d in (part.split("/") for part in parts)]


def fraction_solution(problem: str, hand: Hand) -> list[str]:
    """Common denominator (all at once or a few at a time), add up, reduce."""
    rng = hand.rng
    terms = _read(problem.removeprefix("S=").removesuffix(". Find S in lowest terms."))
    lines = list[str]()
    if rng.random() < 0.25:
        rng.shuffle(terms)
        lines.append(says(rng, f"S={_sum(terms)}"))
    if rng.random() < 0.5:
        terms = _matched(hand, terms)
        lines.append(says(rng, f"S={_sum(terms)}"))
    while len(terms) > 1:
        terms = _merged(hand, terms, lines)
        lines.append(says(rng, f"S={_sum(terms)}"))
    n, d = terms[0]
    reduced = hand.reduce(n, d) if d else (n, 1)
    answer = str(reduced[0]) if reduced[1] == 1 else f"{reduced[0]}/{reduced[1]}"
    if reduced != (n, d) and rng.random() < 0.8:
        lines.append(says(rng, f"S={answer}"))
    return [*lines, final(rng, answer)]


def _matched(hand: Hand, terms: list[Term]) -> list[Term]:
    common = lcm(*(d for _, d in terms))
    return [_expanded(hand, term, common) for term in terms]


def _expanded(hand: Hand, term: Term, common: int) -> Term:
    n, d = term
    if d == common:
        return term
    # the common mistake: the denominator grows, the numerator stays
    return (n if hand.errs(hand.habits.denominators / 3) else hand.mul(n, common // d), common)


def _merged(hand: Hand, terms: list[Term], lines: list[str]) -> list[Term]:
    """Two neighbouring terms made one; unlike denominators are matched first, on a line of their own or not."""
    i = hand.rng.randrange(len(terms) - 1)
    (a, b), (c, d) = terms[i], terms[i + 1]
    if b != d:
        if hand.errs(hand.habits.denominators / 2):
            return [*terms[:i], (hand.add(a, c), b + d), *terms[i + 2 :]]
        common = lcm(b, d)
        (a, b), (c, d) = _expanded(hand, (a, b), common), _expanded(hand, (c, d), common)
        if hand.rng.random() < 0.6:
            lines.append(says(hand.rng, f"S={_sum([*terms[:i], (a, b), (c, d), *terms[i + 2 :]])}"))
    return [*terms[:i], (hand.add(a, c), b), *terms[i + 2 :]]


