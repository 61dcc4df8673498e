"""`extract_answer` on a table of spellings, and on generated announcements: the value as stated, whatever follows it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bounded_work import calls, ends
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.grading import extract_answer

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "extraction_cases.jsonl").read_text(encoding="utf-8").splitlines()
]
MINUS_SIGNS = ["-", "\u2212", "\u2013", "\uff0d"]
UNSIGNED = st.one_of(
    st.integers(0, 10**7).map(str),
    st.integers(1_000, 10**9).map("{:,}".format),
    st.integers(1_000, 10**9).map(lambda n: f"{n:,}".replace(",", " ")),
    st.builds("{}.{}".format, st.integers(0, 99), st.integers(0, 999)),
    st.builds("{}/{}".format, st.integers(0, 99), st.integers(1, 99)),
    st.builds("{} {}/{}".format, st.integers(1, 99), st.integers(1, 9), st.integers(1, 9)),
    st.builds("{}^{}".format, st.integers(2, 9), st.integers(2, 99)),
    st.builds("{}x10^{}".format, st.integers(1, 9), st.integers(2, 9)),
    st.builds("{}e-{}".format, st.integers(1, 9), st.integers(2, 9)),
    st.builds("{}\u00d710\u00b2".format, st.integers(1, 9)),
    st.builds("{}\u00bd".format, st.integers(1, 9)),
    st.builds("{}\u03c0".format, st.integers(2, 9)),
    st.builds("{}\u221a{}".format, st.integers(2, 9), st.integers(2, 9)),
    st.builds("{}sqrt({})".format, st.integers(2, 9), st.integers(2, 9)),
    st.builds("{}%".format, st.integers(1, 99)),
)
SIGNED = st.builds("{}{}".format, st.sampled_from(["", "", *MINUS_SIGNS]), UNSIGNED)
VALUES = st.one_of(
    SIGNED,
    st.builds("({}, {})".format, st.integers(-9, 9), st.integers(-9, 9)),
    st.builds("[{}, {})".format, st.integers(-9, 9), st.integers(-9, 9)),
    st.builds("{{{}, {}, {}}}".format, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
    st.builds("{}, {}, {}".format, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
    st.builds("x = {}".format, st.integers(-9, 9)),
    st.builds("x \u2265 {}".format, st.integers(-9, 9)),
)
ANNOUNCEMENTS = st.sampled_from(
    [
        "The answer is {}",
        "Step 1.\nThe final answer is: {}",
        "a\r\n**Answer:** {}",
        "Answer: {}",
        "So the answer is\n{}",
    ]
)
TRAILING = st.sampled_from(
    [
        "",
        ".",
        " cups.",
        " cm^2.",
        " out of 20 students.",
        " (not 15).",
        " (see step 2)",
        " because 2 + 3 = 5.",
        ", as shown in step 3.",
        " by Theorem 3. I hope it is correct.",
        ".\nCheck: 3 of 4.",
        " dollars, i.e. 9 times 2.",
        "; the other 7 are lost.",
        " <|im_end|>",
        "\r\n",
    ]
)


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_the_answer_is_what_the_text_states(case: dict[str, Any]) -> None:
    assert extract_answer(case["text"]) == case["answer"]


@settings(deadline=None, max_examples=400)
@given(ANNOUNCEMENTS, VALUES, TRAILING)
def test_an_announced_value_comes_back_whole_whatever_follows(announcement: str, value: str, trailing: str) -> None:
    assert extract_answer(announcement.format(value) + trailing) == value


@settings(deadline=None, max_examples=200)
@given(VALUES, st.sampled_from([r"\boxed{}", r"\boxed{ }", r"\boxed", r"$\boxed{}$", r"\boxed{answer}", r"\fbox{}"]))
def test_a_mention_of_the_box_hides_no_answer(value: str, mention: str) -> None:
    assert extract_answer(f"I put it in {mention} at the end.\nThe answer is {value}") == value
    assert extract_answer(f"It is \\boxed{{{value}}}.\nI put it in {mention} as asked.") == value
    assert extract_answer(f"I put it in {mention} at the end.\n# Answer\n\n{value}") == value


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=30), st.sampled_from(["\n", "\r\n", "\r", "\u2028"]))
def test_every_kind_of_line_end_is_read_alike(prose: str, line_end: str) -> None:
    text = f"{prose}\n# Answer\n\n7\n"
    assert extract_answer(text.replace("\n", line_end)) == extract_answer(text)


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=300))
def test_any_text_has_an_answer_or_none(text: str) -> None:
    for solution in (text, f"The answer is {text}", f"\\boxed{text}", f"# Answer\n{text}", f"####{text}"):
        answer = extract_answer(solution)
        assert answer is None or answer.strip()


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "\\boxed{",
            "\\boxed{{",
            "\\boxed{}",
            "answer to ",
            "the answer is ",
            "((",
            "{",
            "$",
            "1,",
            "1 ",
            "\\a{",
            "**",
        ),
        *("#", "####1\n", "\\[", "\\(", "-", "\u221a", "x=", "\r", "\u00a0", "\\text{", "the answer is (1, "),
    ],
)
def test_the_time_for_a_long_text_is_bounded(unit: str) -> None:
    text = (unit * 800_000)[:800_000]
    with ends():
        extract_answer(text)
        extract_answer(f"The answer is {text}")


def test_a_line_of_gsm8k_is_read_to_its_bound_however_long_it_is() -> None:
    longer, longest = ("#### [the words are " + "(1," * count for count in (1_000, 10_000))
    assert calls(lambda: extract_answer(longest)) <= 1.1 * calls(lambda: extract_answer(longer))


def test_four_times_as_many_brackets_that_nothing_closes_are_not_sixteen_times_the_work() -> None:
    few, many = ("The answer is the word said " + "(1," * count for count in (30, 120))
    assert calls(lambda: extract_answer(many)) <= 8 * calls(lambda: extract_answer(few))


def test_a_long_fraction_of_fractions_ends() -> None:
    with ends():  # once every way of cutting it into numbers was tried
        assert extract_answer("Answer: " + "1/" * 150 + "1e\u0301") is not None


def test_importing_grading_loads_no_heavy_library() -> None:
    heavy = ["torch", "mlflow", "kedro", "pandas", "transformers", "numpy", "sympy", "math_verify", "pylatexenc"]
    script = f"""
import sys
import stepscale.grading as grading
assert grading.is_equivalent("0.5", "1/2") and grading.extract_answer("The answer is 5 cups.") == "5"
print([name for name in {heavy!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
