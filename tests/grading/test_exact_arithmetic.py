"""The cheap exact paths against sympy: parser, field of square roots, refutation by numbers."""

from contextlib import suppress

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.grading.algebra import radical
from stepscale.grading.algebra.numeric import is_nonzero
from stepscale.grading.algebra.parser import parse
from stepscale.grading.algebra.symbolic import build

ATOMS = st.one_of(
    st.integers(0, 30).map(str),
    st.sampled_from(["x", "y", "pi", "sqrt(2)", "sqrt(12)", "sqrt(1/3)", "2j", "0.5", "1.25", "sqrt(3/4)"]),
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({}){}({})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("-{}".format, inner),
        st.builds("({})^{}".format, inner, st.integers(0, 3)),
        st.builds("{}({})".format, st.integers(2, 9), inner),
    ),
    max_leaves=6,
)


@settings(max_examples=120, deadline=None)
@given(EXPRESSIONS, EXPRESSIONS)
def test_the_exact_field_and_the_refutation_agree_with_sympy(left: str, right: str) -> None:
    tree = parse(f"({left})-({right})")
    assert tree is not None
    value = build(tree)
    if value.has(sympy.nan, sympy.zoo, sympy.oo):
        return
    is_zero = sympy.nsimplify(sympy.expand(value), rational=True).equals(0)
    with suppress(radical.OutOfReach, radical.Undefined):
        assert radical.quotient(tree).is_zero() == bool(is_zero)
    assert not (is_nonzero(tree) and is_zero)


@settings(max_examples=100, deadline=None)
@given(EXPRESSIONS)
def test_an_expression_is_never_refuted_against_itself_expanded(text: str) -> None:
    tree = parse(text)
    assert tree is not None
    twice = parse(f"({text})-({text})")
    assert twice is not None
    assert not is_nonzero(twice)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("1/2x", "x/2"),
        ("-x^2", "-(x^2)"),
        ("2^-3x", "x/8"),
        ("2^3^2", "512"),
        ("xy(3)", "3*x*y"),
        ("2(x)(y)", "2*x*y"),
        ("2sqrt(3)x", "2*x*sqrt(3)"),
        ("(2)!!", "2"),
        ("2*-3", "-6"),
        (".5x", "x/2"),
        ("x2", "2*x"),
        ("007", "0*7"),
        ("2^04", "4"),
        ("04^2", "0*16"),
        ("0_04.5", "4.5"),
        ("0x1f", "31"),
        ("0b101x", "5*x"),
        ("0o17", "15"),
    ],
)
def test_reading_follows_the_papers_grader(text: str, meaning: str) -> None:
    difference = parse(f"({text})-({meaning})")
    assert difference is not None
    assert radical.quotient(difference).is_zero()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x=3",
        "1;2",
        "(1",
        "1)",
        "2+",
        "1,2",
        "x.real",
        "x04",
        "0x" + "1_" * 40 + "1",
        "__import__('os')",
        "1" * 100,
        "(" * 99,
    ],
)
def test_what_is_no_expression_is_not_read(text: str) -> None:
    assert parse(text) is None
