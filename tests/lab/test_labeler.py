"""The symbolic labeler against reference solutions, other routes, corruptions and hostile text."""

from fractions import Fraction
from random import Random

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.lab.corruptions import CORRUPTIONS
from stepscale.lab.families import FAMILIES, LEVELS
from stepscale.lab.labeler import rate_steps
from stepscale.lab.mistakes import CAREFUL, Hand
from stepscale.lab.world import read_world

PLACES = [(family, level) for family in FAMILIES for level in LEVELS]


def reference(family: str, level: int, rng: Random) -> tuple[str, list[str]]:
    problem = FAMILIES[family].problem(level, rng)
    return problem, FAMILIES[family].solution(problem, Hand(rng, CAREFUL))


@pytest.mark.parametrize(("family", "level"), PLACES)
def test_every_reference_solution_is_accepted_to_its_end(family: str, level: int) -> None:
    rng = Random(level)
    for _ in range(40):
        problem, steps = reference(family, level, rng)
        ratings = rate_steps(problem, steps)
        assert len(ratings) == len(steps) and -1 not in ratings, (problem, steps, ratings)
        assert steps[-1].endswith(f"\\boxed{{{read_world(problem).answer}}}")


ROUTES = {
    "reordered": ("E=(2+3)*(7-4). Find E.", ["E=(2+3)*3", "E=5*3", "\\boxed{15}"]),
    "the other order": ("E=(2+3)*(7-4). Find E.", ["E=5*(7-4)", "E=5*3", "\\boxed{15}"]),
    "combined": ("E=(2+3)*(7-4). Find E.", ["E=5*3=15", "so \\boxed{15}"]),
    "in one step": ("E=(2+3)*(7-4). Find E.", ["E=15", "answer \\boxed{15}"]),
    "split": ("3x+5=2x-1. Find x.", ["3x-2x+5=-1", "x+5=-1", "x=-1-5", "x=-6", "the answer is \\boxed{-6}"]),
    "sides exchanged": ("3x+5=2x-1. Find x.", ["2x-1=3x+5", "-1-5=3x-2x", "-6=x", "\\boxed{-6}"]),
    "multiplied through": ("x+2=5. Find x.", ["3x+6=15", "3x=9", "x=3", "\\boxed{3}"]),
    "distributed instead of bracket first": ("E=3*(7-2). Find E.", ["E=3*7-3*2", "E=21-6", "E=15", "\\boxed{15}"]),
    "closed form": ("a1=3, a(n+1)=a(n)+6. Find a4.", ["a4=3+3*6", "a4=21", "\\boxed{21}"]),
    "several statements": ("A=2+9, B=3*4. Put in order.", ["A=11, B=12", "A=11<12=B", "\\boxed{A<B}"]),
    "remainder of the whole": ("r=12*13 mod 7. Find r.", ["r=156", "r=2", "\\boxed{2}"]),
    "negative residue": ("r=13-15 mod 7. Find r.", ["r=-2", "r=5", "\\boxed{5}"]),
}


@pytest.mark.parametrize("name", ROUTES)
def test_a_correct_route_is_accepted_however_it_goes(name: str) -> None:
    problem, steps = ROUTES[name]
    ratings = rate_steps(problem, steps)
    assert len(ratings) == len(steps) and -1 not in ratings


WRONG = {
    "true of numbers, false of the problem": ("E=7*8+1. Find E.", ["E=7*9+1"]),
    "unfinished answer form": ("3x=7. Find x.", ["x=7/3", "\\boxed{14/6}"]),
    "residue not reduced": ("r=13-15 mod 7. Find r.", ["\\boxed{-2}"]),
    "wrong order": ("A=2+9, B=3*4. Put in order.", ["A>B"]),
    "says nothing": ("E=7*8+1. Find E.", ["E"]),
    "unknown symbol": ("E=7*8+1. Find E.", ["F=57"]),
    "unexplained leap": (
        "-5(2x-5)-4(3x+7)-5x+3(2x-9)=-2(3x-8)+12. Find x.",
        ["x=-58/15"],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_step_that_does_not_follow_is_negative(name: str) -> None:
    problem, steps = WRONG[name]
    assert rate_steps(problem, steps)[-1] == -1


def test_neutral_is_correct_without_progress() -> None:
    steps = ["E=(2+3)*4", "E=4*(2+3)", "E=5*4", "now", "3*3=9", "E=20", "E=20", "\\boxed{20}"]
    assert rate_steps("E=(2+3)*4. Find E.", steps) == [0, 0, 1, 0, 0, 1, 0, 1]


def test_labels_stop_at_the_first_negative() -> None:
    assert rate_steps("E=2+3. Find E.", ["E=6", "E=5", "\\boxed{5}"]) == [-1]


def _truth_by_sympy(problem: str, step: str) -> bool | None:
    """Whether every equality of a step is true, by another route than the labeler's: sympy. None: not comparable."""
    world = read_world(problem)
    if "boxed" in step or "<" in step or ">" in step:
        return None
    statement = step.split(" ")[-1]
    rules = sympy.parsing.sympy_parser
    implicit = (*rules.standard_transformations, rules.implicit_multiplication, rules.convert_xor)
    names = {name: sympy.Rational(Fraction(value)) for name, value in world.symbols.items()}
    try:
        values = [sympy.parse_expr(side, local_dict=names, transformations=implicit) for side in statement.split("=")]
    except (SyntaxError, TypeError, sympy.SympifyError, AttributeError):
        return None
    if any(value.free_symbols or not value.is_number or value.is_finite is False for value in values):
        return None
    differences = [sympy.Rational(value - values[0]) for value in values[1:]]
    if world.modulus:
        return all(d.is_integer and d % world.modulus == 0 for d in differences)
    return all(d == 0 for d in differences)


def test_corruptions_that_change_meaning_are_caught_where_they_are() -> None:
    """At least 99.5 % of them, each kind, judged by sympy's arithmetic (issue: digit, sign, operator, term, copy)."""
    rng = Random(7)
    caught, wrong = dict.fromkeys(CORRUPTIONS, 0), dict.fromkeys(CORRUPTIONS, 0)
    for family, level in PLACES * 5:
        problem, steps = reference(family, level, rng)
        for kind, change in CORRUPTIONS.items():
            at = rng.randrange(len(steps))
            edited = change(steps[at], rng)
            if edited is None or edited == steps[at] or _truth_by_sympy(problem, edited) is not False:
                continue
            wrong[kind] += 1
            ratings = rate_steps(problem, [*steps[:at], edited, *steps[at + 1 :]])
            caught[kind] += len(ratings) == at + 1 and ratings[-1] == -1
    assert min(wrong.values()) > 25
    for kind in CORRUPTIONS:
        assert caught[kind] >= 0.995 * wrong[kind], (kind, caught[kind], wrong[kind])


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
def test_any_text_gets_a_rating_and_never_an_exception(text: str) -> None:
    for problem in ("E=2+3. Find E.", "3x+5=2x-1. Find x.", "r=12*13 mod 7. Find r."):
        assert rate_steps(problem, [text])[-1] in (-1, 0, 1)


@pytest.mark.parametrize(
    "text", ["E=" + "(" * 5000, "E=9^9^9^9", "E=" + "9" * 10_000, "E=9^6^6", "E=1/0", "E=" + "1+" * 140 + "1"]
)
def test_hostile_steps_are_rated_at_once(text: str) -> None:
    assert rate_steps("E=2+3. Find E.", [text])[-1] == -1
