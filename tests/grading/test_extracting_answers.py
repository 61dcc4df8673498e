"""`extract_answer`: where a solution's final answer is, and that a solution without one has none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.grading import extract, extract_answer


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("The answer is 8.", "8"),
        ("**Answer:** 8", "8"),
        ("So we have 8.", "8"),
        (r"\boxed{8}", "8"),
        ("The answer is yes.", "yes"),
        ("", "7"),
        ("Done.", "7"),
        ("I hope this helps!", "7"),
    ],
)
def test_what_is_said_after_a_thought_goes_before_what_was_thought(said: str, answer: str) -> None:
    assert extract_answer("<think>\nPerhaps \\boxed{7}?\n</think>\n\n" + said) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"so it is \boxed{\frac{1}{\sqrt{2}}}.", r"\frac{1}{\sqrt{2}}"),
        (r"first \boxed{3}, then after a check \boxed{4}", "4"),
        (r"the set is $\boxed{\{1, 2\}}$", r"\{1, 2\}"),
        (r"is $\boxed 2$.", "2"),
        (r"is \boxed2", "2"),
        (r"is \boxed 3.5.", "3.5"),
        (r"is \fbox{7}", "7"),
        (r"x = \boxed{-2} \quad \text{and} \quad \boxed{1}", "-2, 1"),
        (r"\boxed{4}, so again \(\boxed{4}\)", "4"),
        (r"\boxed{12", "12"),
    ],
)
def test_the_last_box_is_the_answer(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("We add.\n\n# Answer\n\n29", "29"),
        ("# Answer\n\n1\n\nNo:\n# Answer\n\n\\frac{1}{2}", r"\frac{1}{2}"),
        ("Janet sells 9 eggs.\n#### 1,234", "1,234"),
        ("Step one.\nThe answer is 42.", "42"),
        ("The final answer is $\\frac{1}{2}$. I hope it is correct.", r"\frac{1}{2}"),
        ("First.\n**Answer:** 12", "12"),
        ("Final Answer: The largest $n$ is 34.", "34"),
        ("So the answer is \\[\n9\n\\]", "9"),
        ("Final Answer: Evelyn", "Evelyn"),
    ],
)
def test_an_announced_answer_is_found(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("42", "42"),
        ("(1, 2)", "(1, 2)"),
        (r"\frac{1}{2}", r"\frac{1}{2}"),
        ("Therefore $x \\geq 5$ is the solution.", "x \\geq 5"),
    ],
)
def test_a_single_line_states_its_answer(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize("text", ["", "  ", "\\boxed{}", "\\boxed", "We set x = 3.\nThen 2x = 6 and", "The answer is"])
def test_a_solution_that_states_no_answer_has_none(text: str) -> None:
    assert extract_answer(text) is None


@given(
    st.recursive(
        st.sampled_from(["1", "x", "\\pi", " "]), lambda inner: st.builds(lambda a, b: f"{a}{{{b}}}", inner, inner)
    )
)
def test_any_balanced_content_of_a_box_comes_back_whole(content: str) -> None:
    expected = content.strip() if content.strip(" {}") else None  # a box of blanks and braces only mentions the box
    assert extract_answer(f"so \\boxed{{{content}}} holds") == expected


@given(st.text(alphabet="\\boxed{}$answer is#1\n ()[].", max_size=200))
def test_extraction_never_fails_and_is_never_blank(text: str) -> None:
    answer = extract_answer(text)
    assert answer is None or answer.strip()


_FRAGMENTS = (
    *("answer", "Answers", "the answer is", "final answer", "Final Answer:", "your answer", "ANSWER =", "unanswered"),
    *("# Answer", "**Final Answer**", "####", "#### 12", "#", "**", r"\section{Answer}", r"\boxed{}", r"\boxed{7}"),
    *(
        "7",
        "-3",
        "1/2",
        "$x = 4$",
        "Ada has 4",
        "is",
        ":",
        ".",
        " ",
        "\t",
        "\n",
        "\n\n",
        "Therefore",
        "so",
        "\u017f",
        "\u00e9",
    ),
)


@given(st.lists(st.sampled_from(_FRAGMENTS), max_size=12).map("".join))
@settings(max_examples=1500, deadline=None)
def test_only_lines_from_the_first_mention_on_can_hold_a_mark(text: str) -> None:
    """Before the word "answer" patterns are not tried; here they are, and find no more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extract, "_from_first_mention", lambda whole: whole)
        everywhere = extract_answer(text)
    assert extract_answer(text) == everywhere
