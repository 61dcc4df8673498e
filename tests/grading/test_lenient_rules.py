"""`rules="lenient"`: Math-Verify's verdicts, with and without asking the library."""

from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.grading import Lenient, grade_many, is_equivalent
from stepscale.grading.lenient.library import library_accepts
from stepscale.grading.lenient.shortcut import certain_verdict

GOLDS = [
    "7",
    "-3",
    r"\frac{3}{4}",
    "0.75",
    r"\frac14",
    r"2\sqrt{3}",
    r"\sqrt{12}",
    r"\frac{\pi}{4}",
    "(1,2)",
    r"\left(1, 2\right)",
    "(2,1)",
    "[1,2)",
    "(1,2,3)",
    "(3,2,1)",
    "x^2+2x+1",
    "(x+1)^2",
    "x^2 + 2x + 1",
    "90^\\circ",
    r"\text{even}",
    r"\text{odd}",
    "x",
    "2x",
    r"5\text{ cm}",
    r"\$5",
    "5",
    r"\frac{x+1}{2}",
    "3.14",
    "31415",
    "31,415",
    r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}",
    r"\begin{pmatrix}1\\2\end{pmatrix}",
    "6+9i",
    "6 + 9i",
    r"\pi",
    "3.141593",
    r"\frac{\sqrt{3}}{2}",
    r"\frac{6}{8}",
    "1/2",
    "0.5",
    r"-\frac{1}{2}",
    "12",
    r"\sqrt{3}+1",
    "3.0",
    "A",
    "a",
    "(B)",
    "b",
]


def test_short_cuts_say_what_the_library_says() -> None:
    settled = 0
    for gold in GOLDS:
        for prediction in GOLDS[:: 2 if GOLDS.index(gold) % 2 else 3]:
            verdict = certain_verdict(prediction, gold)
            if verdict is not None:
                settled += 1
                boxed = [f"\\boxed{{{text}}}" for text in (prediction, gold)]
                assert verdict == library_accepts(boxed[0], boxed[1], 6, True, False, True, True), (prediction, gold)
    assert settled > 150


@pytest.mark.parametrize(
    ("prediction", "gold", "verdict"),
    [
        ("1,000.99", "1000.99", True),
        ("1000,99", "1000.99", True),
        ("1 000", "1000", True),
        ("x = 5", "5", True),
        (r"So it is $\frac{2}{4}$.", r"\frac{1}{2}", True),
        (r"{-2, 1}", "1,-2", True),
        (r"\cos^2 x + \sin^2 x", "1", True),
        ("0.333333", r"\frac13", True),
        ("6", "7", False),
        (r"\$32,\!348", "32348", True),
        ("90°", "90", True),  # as the library reads the bare text
        ("90", "90º", True),
        ("90°", r"90^\circ", True),
        ("(90°, 45°)", "(90,45)", True),
        ("91°", "90", False),
        ("90°C", "90", False),
    ],
)
def test_lenient_verdicts(prediction: str, gold: str, verdict: bool) -> None:
    assert is_equivalent(prediction, gold, rules="lenient") is verdict


@pytest.mark.parametrize("letter", "abcdefgkmnpsxyz")
@pytest.mark.parametrize(
    "spelling", ["{}", "({})", "2{}", r"\frac{{{}}}{{3}}", "(1,{})", r"\begin{{pmatrix}}{}\\1\end{{pmatrix}}"]
)
def test_letter_case_is_judged_by_the_library_in_every_spelling(letter: str, spelling: str) -> None:
    for prediction, gold in ((letter, letter.upper()), (letter.upper(), letter)):
        assert certain_verdict(spelling.format(prediction), spelling.format(gold)) is None
        assert certain_verdict(prediction, f"({gold})") is None


@pytest.mark.parametrize(
    ("prediction", "gold"),
    [
        ("(A)", "a"),
        ("b", "(B)"),
        ("F", "f"),
        ("2X", "2x"),
        (r"\frac{A}{B}", r"\frac{a}{b}"),
        ("3.141593", r"\pi"),
        (r"\pi", "3.141593"),
        ("(1,3.141593)", r"(1,\pi)"),
        (r"\begin{pmatrix}3.141593\\1\end{pmatrix}", r"\begin{pmatrix}\pi\\1\end{pmatrix}"),
    ],
)
def test_a_bare_answer_has_the_verdict_of_the_boxed_one(prediction: str, gold: str) -> None:
    boxed = [f"\\boxed{{{text}}}" for text in (prediction, gold)]
    assert is_equivalent(prediction, gold, "lenient") is True
    assert is_equivalent(boxed[0], boxed[1], "lenient") is True


NUMBERS = st.one_of(
    st.integers(-30, 30).map(str),
    st.decimals(-9, 9, places=3).map(str),
    st.builds(r"\frac{{{}}}{{{}}}".format, st.integers(-9, 9), st.integers(1, 9)),
    st.builds(r"{}\sqrt{{{}}}".format, st.integers(1, 9), st.integers(1, 12)),
    st.builds(r"\frac{{{}\pi}}{{{}}}".format, st.integers(1, 9), st.integers(1, 9)),
    st.sampled_from([r"\pi", "3.141593", "0.333333", "1.414214", r"\sqrt{2}", r"30^\circ", "1,234", r"\frac12"]),
)


@settings(max_examples=60, deadline=None)
@given(NUMBERS, NUMBERS)
def test_a_short_cut_on_numbers_is_the_librarys_verdict(prediction: str, gold: str) -> None:
    verdict = certain_verdict(prediction, gold)
    if verdict is not None:
        boxed = [f"\\boxed{{{text}}}" for text in (prediction, gold)]
        assert verdict == library_accepts(boxed[0], boxed[1], 6, True, False, True, True)


def test_the_order_of_arguments_matters() -> None:
    assert is_equivalent(r"$x \in [-2,7]$", r"$-2 \le x \le 7$", "lenient")
    assert not is_equivalent(r"$-2 \le x \le 7$", r"$x \in [-2,7]$", "lenient")


def test_the_librarys_options_are_offered_one_by_one() -> None:
    pair = (["$f(y)$"], ["$f(x)$"])
    assert grade_many(*pair, rules="lenient") == [False]
    assert grade_many(*pair, rules=Lenient(strict=False)) == [True]
    assert is_equivalent("0.3333", "$\\frac{1}{3}$", Lenient(float_rounding=4))


def test_unknown_rules_are_named_in_the_error() -> None:
    with pytest.raises(InputError, match="prm800k"):
        grade_many(["1"], ["1"], rules="strict")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="1 predictions for 2 golds"):
        grade_many(["1"], ["1", "2"])


@pytest.mark.parametrize("rules", ["prm800k", "lenient"])
@pytest.mark.parametrize("odd", [5, 5.0, float("nan"), b"5", ["5"]])
def test_what_is_no_text_is_named_in_the_error(odd: Any, rules: Literal["prm800k", "lenient"]) -> None:
    with pytest.raises(InputError, match=f"a gold answer is .*{type(odd).__name__}"):
        is_equivalent("5", odd, rules)
    with pytest.raises(InputError, match=f"a prediction is .*{type(odd).__name__}"):
        is_equivalent(odd, "5", rules)
    with pytest.raises(InputError, match="a gold answer is None"):
        is_equivalent(None, None, rules)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("product", "number"),
    [(r"\pi(2)", r"2\pi"), (r"\pi\left(2\right)", r"2\pi"), (r"2\pi(3)", r"6\pi"), ("(3)(4)", "12"), ("{2}{3}", "6")],
)
def test_a_bracket_as_a_factor_is_left_to_the_library(product: str, number: str) -> None:
    for prediction, gold in ((product, number), (number, product)):
        assert certain_verdict(prediction, gold) is None
    assert not is_equivalent(product, number, rules="lenient"), "as the library says"
