"""Linear equations: ``5(x+3)=2x-6. Find x.``

A side is a sum of terms: a monomial (coefficient, degree 0 or 1) or a bracket (factor, (slope, shift)).
"""

import re
from random import Random

from stepscale.lab.families.prose import final, says
from stepscale.lab.mistakes import Hand

Monomial = tuple[int, int]  # coefficient, degree
Inner = tuple[int, int]  # ax + b
Bracket = tuple[int, Inner]  # factor * (ax + b)
Term = Monomial | Bracket


def is_bracket(term: Term) -> bool:
    """Whether a term still has to be expanded."""
    return isinstance(term[1], tuple)


def write(terms: list[Term]) -> str:
    """Text of a sum of terms; an empty sum is 0."""
    pieces = [_bracket(t) if is_bracket(t) else _monomial(t) for t in terms]  # type: ignore[arg-type]
    text = "".join(piece if piece.startswith("-") else f"+{piece}" for piece in pieces)
    return text.removeprefix("+") or "0"


def _monomial(term: Monomial) -> str:
    coefficient, degree = term
    if degree == 0:
        return str(coefficient)
    return {1: "", -1: "-"}.get(coefficient, str(coefficient)) + "x"


def _bracket(term: Bracket) -> str:
    factor, (slope, shift) = term
    lead = {1: "", -1: "-"}.get(factor, str(factor))
    return f"{lead}({write([(slope, 1), (shift, 0)])})"


_TERM = re.compile(r"([-+]?\d*)(?:\(([^()]*)\)|(x))?")


def read(text: str) -> list[Term]:
    """Terms of a sum as ``write`` writes it."""
    terms, start = list[Term](), 0
    while start < len(text):
        match = _TERM.match(text, start)
        assert match and match.end() > start, text
        lead, inner, x = match.groups()
        factor = int(lead + "1") if lead in ("", "+", "-") else int(lead)
        terms.append((factor, _inner(inner)) if inner is not None else (factor, 1 if x else 0))
        start = match.end()
    return terms


def _inner(text: str) -> Inner:
    monomials = {t[1]: t[0] for t in read(text)}
    return (monomials.get(1, 0), monomials.get(0, 0))


def _nonzero(rng: Random, size: int) -> int:
    return rng.choice([n for n in range(-size, size + 1) if n])


def expand(hand: Hand, term: Term) -> list[Term]:
    """A bracket multiplied out by hand."""
    if not is_bracket(term):
        return [term]
    factor, (a, b) = term  # type: ignore[misc]
    return [(hand.mul(factor, a), 1), (_second_product(hand, factor, b), 0)]


def _second_product(hand: Hand, factor: int, b: int) -> int:
    """The product with a bracket's second term: where the factor, or its sign, is forgotten."""
    if factor < 0 and hand.errs(hand.habits.bracket_sign):
        return hand.mul(-factor, b)
    if abs(factor) > 1 and hand.errs(hand.habits.bracket):
        return b
    return hand.mul(factor, b)


def collect(hand: Hand, terms: list[Term], degree: int) -> list[Term]:
    """Like terms of one degree added up by hand, put where the first one stood."""
    like = [t[0] for t in terms if t[1] == degree]
    if len(like) < 2:
        return terms
    value = like[0]
    for n in like[1:]:
        value = hand.add(value, n) if n > 0 else hand.sub(value, -n)
    result, done = list[Term](), False
    for term in terms:
        if term[1] != degree:
            result.append(term)
        elif not done:
            done = True
            result += [(value, degree)] if value else []
    return result


def _work(terms: list[Term]) -> list[tuple[str, int]]:
    """What can be done to a sum: brackets to expand, degrees to collect."""
    brackets = [("expand", i) for i, t in enumerate(terms) if is_bracket(t)]
    degrees = [t[1] for t in terms if not is_bracket(t)]
    return brackets + [("collect", d) for d in sorted({d for d in degrees if degrees.count(d) > 1})]  # type: ignore[misc]


def advance(hand: Hand, terms: list[Term]) -> list[Term]:
    """One piece of work done on a sum, if there is any."""
    work = _work(terms)
    if not work:
        return terms
    kind, which = hand.rng.choice(work)
    if kind == "expand":
        return [*terms[:which], *expand(hand, terms[which]), *terms[which + 1 :]]
    return collect(hand, terms, which)


def _miscopied(hand: Hand, terms: list[Term]) -> list[Term]:
    if len(terms) < 2 or not hand.errs(hand.habits.copy):
        return terms
    i = hand.rng.randrange(len(terms))
    if hand.rng.random() < 0.5:
        return terms[:i] + terms[i + 1 :]
    changed: Term = (terms[i][0] + hand.rng.choice((-1, 1)) or 2, *terms[i][1:])
    return [*terms[:i], changed, *terms[i + 1 :]]


def equation_problem(level: int, rng: Random) -> str:
    """A linear equation with a whole-number solution of at most 9 in size."""
    while True:
        left, right = _equation_sides(level, rng)
        (p, q), (r, s) = _straight(left), _straight(right)
        if (
            p != r
            and s != q
            and (s - q) % (p - r) == 0
            and abs((s - q) // (p - r)) <= 9
            and max(map(abs, (p, q, r, s))) <= 60
        ):
            return f"{write(left)}={write(right)}. Find x."


def _equation_sides(level: int, rng: Random) -> tuple[list[Term], list[Term]]:
    def number(size: int) -> Term:
        return (_nonzero(rng, size), 0)

    def unknown(size: int) -> Term:
        return (_nonzero(rng, size), 1)

    def bracket(size: int) -> Term:
        return (_nonzero(rng, size), (rng.randint(1, 3), _nonzero(rng, 9)))

    if level == 1:
        return [(rng.randint(2, 9), 1), number(15)], [number(40)]
    if level == 2:
        return [unknown(7), number(15)], [unknown(7), number(30)]
    if level == 3:
        return [bracket(4), number(15)], [unknown(7), number(30)]
    if level == 4:
        return [bracket(5), unknown(7)], [bracket(5), number(30)]
    return [bracket(5), unknown(7), bracket(5)], [unknown(7), number(30)]


def _straight(terms: list[Term]) -> Inner:
    """Slope and constant of a sum without products of brackets."""
    slope = constant = 0
    for factor, inner in terms:
        # a monomial's second part is its degree, a bracket's the inner slope and shift
        a, b = inner if isinstance(inner, tuple) else (int(inner == 1), int(inner == 0))
        slope, constant = slope + factor * a, constant + factor * b
    return slope, constant


def equation_solution(problem: str, hand: Hand) -> list[str]:
    """Expand and collect in any order, bring x to one side, divide."""
    rng, lines = hand.rng, list[str]()
    left, right = (read(side) for side in problem.removesuffix(". Find x.").split("="))
    if rng.random() < 0.1:
        left, right = right, left
        lines.append(says(rng, f"{write(left)}={write(right)}"))
    while _work(left) or _work(right):
        for _ in range(rng.choice((1, 1, 2, 2, 3))):
            sides = [side for side in (left, right) if _work(side)]
            if not sides:
                break
            if rng.choice(sides) is left:
                left = advance(hand, _miscopied(hand, left))
            else:
                right = advance(hand, right)
        lines.append(says(rng, f"{write(left)}={write(right)}"))
    return lines + _isolate(hand, left, right)


def _moved(hand: Hand, value: int) -> int:
    """A term brought to the other side: its sign changes, unless that is forgotten."""
    return value if hand.errs(hand.habits.move) else -value


def _isolate(hand: Hand, left: list[Term], right: list[Term]) -> list[str]:
    rng, lines = hand.rng, list[str]()
    (p, q), (r, s) = _straight(left), _straight(right)
    if r and rng.random() < 0.25 and p == 0:
        p, q, r, s = r, s, p, q
    if r:
        moved: list[Term] = [(p, 1)] if p else []
        moved += [(_moved(hand, r), 1)]
        if rng.random() < 0.5:
            lines.append(says(rng, f"{write(moved + ([(q, 0)] if q else []))}={write([(s, 0)])}"))
        p = _straight(collect(hand, moved, 1))[0]
    if q:
        shown: list[Term] = [(s, 0), (_moved(hand, q), 0)]
        if rng.random() < 0.5:
            lines.append(says(rng, f"{write([(p, 1)] if p else [])}={write(shown if s else shown[1:])}"))
        s = _straight(collect(hand, shown, 0))[1] if s else shown[1][0]
    return lines + _divide(hand, p, s)


def _divide(hand: Hand, p: int, s: int) -> list[str]:
    """px = s and what follows; no such x (p = 0) ends in a guess, as a lost writer's would."""
    rng, lines = hand.rng, list[str]()
    if p != 1 or rng.random() < 0.5:
        lines.append(says(rng, f"{write([(p, 1)] if p else [])}={s}"))
    if p == 0:
        return [*lines, final(rng, "0")]
    n, d = hand.reduce(s, p)
    answer = str(n) if d == 1 else f"{n}/{d}"
    if abs(p) != 1 and hand.rng.random() < 0.25:
        lines.append(says(rng, f"x={s}/{p}" if p > 0 else f"x={s}/({p})"))
    if p != 1 and rng.random() < 0.8:
        lines.append(says(rng, f"x={answer}"))
    return [*lines, final(rng, answer)]
