"""What stands beside an announced answer is left out, and what may belong to it stays."""

import pytest
from bounded_work import ends

from stepscale.grading import extract_answer
from stepscale.grading.asides import without_asides, without_unit


@pytest.mark.parametrize(
    "frame", ["The answer is {}.", "Answer: {}", "x\n#### {}", "So it is {}.", "a\n**Answer:** {}"]
)
@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("12 (n = 4)", "12"),
        ("12 (a = 3, b = 4)", "12"),
        ("12 (V = I R)", "12"),
        ("12 (= 3 x 4)", "12"),
        ("-12 (x = 3)", "-12"),
        ("50% (p = 1/2)", "50%"),
        ("2\u221a3 (n = 4)", "2\u221a3"),
        ("3\u03c0 (r = 3)", "3\u03c0"),
        ("18, i.e. 9*2", "18"),
        ("18, i.e., 9 + 9", "18"),
        ("50%, i.e. 1/2", "50%"),
        ("1 1/2, i.e. 3/2", "1 1/2"),
        ("0.5, e.g. 1/2", "0.5"),
        ("7 (i.e. 3+4)", "7"),
        ("7 (p. 3)", "7"),
        ("7 w/ 3", "7"),
        ("12 [1]", "12"),
        ("5 g (3 g + 2 g)", "5"),
        ("5 g = 3 g + 2 g", "5"),
        ("12 V (V = I R)", "12"),
        ("12 N, F = m a", "12"),
        ("12 m x 3 m", "12"),
        ("3 m s^-2", "3"),
    ],
)
def test_an_explanation_of_single_letters_is_left_out(frame: str, said: str, answer: str) -> None:
    assert extract_answer(frame.format(said)) == answer


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        *(
            (said, said)
            for said in (
                "f(x)",
                "2 (x+1)",
                "2 m(m+1)",
                "3 N(N-1)",
                "6 s(s+1)(s+2)",
                "2 m^2 (m-1)",
                "x (x+1)",
                "3n (n+1)",
                "[2, 5)",
                "(1, 2)",
                "P (X = 3)",
                "x^2 (x > 0)",
            )
        ),
        *(
            (said, said)
            for said in ("2 m + 3 n", "f (x)", "5 p.m.", "2x + 1 (x > 0)", "5 \\pmod 7", "w/2", "i", "e", "p")
        ),
        ("2 x 10^3", "2x10^3"),
        ("12 x 3", "12x3"),
        ("x = 5 (mod 7)", "x = 5"),
        ("i.e. 7", "7"),
        ("n = 12 (n > 0)", "n = 12"),
        ("7, cf. 3", "7"),
    ],
)
def test_what_may_belong_to_an_answer_stays(said: str, answer: str) -> None:
    assert extract_answer(f"The answer is {said}") == answer


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("both 3 and 4", "3, 4"),
        ("either 3 or 4", "3, 4"),
        ("3 or 4", "3, 4"),
        ("both x = 3 and x = -3", "x = 3, x = -3"),
        ("either $3$ or $-3$", "3, -3"),
        ("both", "both"),
        ("either", "either"),
    ],
)
def test_both_and_either_announce_a_list(said: str, answer: str) -> None:
    assert extract_answer(f"The answer is {said}.") == answer


@pytest.mark.parametrize("unit", ["(", ")", "( ", "i.e. ", "p. 3 ", "m ", "3 m ", "m^2 ", "[1] ", "(n = 4) ", "]", " "])
def test_a_long_aside_ends(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    with ends():
        for answer in (text, f"12 {text}", f"12 ({text})"):
            without_asides(answer)
            without_unit(answer)
