"""The answer under a heading: the marks of the heading, and what dresses the line below it."""

import pytest
from bounded_work import ends

from stepscale.grading import extract_answer


@pytest.mark.parametrize(
    "dressed",
    [
        *("`7`", "*7*", "_7_", '"7"', "**7**", "__7__", "***7***", "<b>7</b>", "\u201c7\u201d", "**`7`**.", "`7`."),
        *("\u2248 7", "\\approx 7", "~7", "= 7", "7 (i.e. 3+4)", "7, i.e. 3+4", "7 (not 15)", "7 (n = 4)"),
        *("```\n7\n```", "```python\n7\n```", "~~~\n7\n~~~", "```7```"),
    ],
)
def test_what_stands_under_a_heading_comes_without_its_dress(dressed: str) -> None:
    assert extract_answer(f"We add.\n# Answer\n\n{dressed}") == "7"
    assert extract_answer(f"We add.\n**Final Answer**\n{dressed}\n\nThat is all.") == "7"


@pytest.mark.parametrize(
    "answer", ["7 of 9", "12 feet, 3 inches", '"yes" or "no"', "*x*y*", "5 (mod 7)", "2 (x+1)", "x_1", "a*b*c", "5 cm"]
)
def test_what_belongs_to_an_answer_under_a_heading_stays(answer: str) -> None:
    assert extract_answer(f"We add.\n# Answer\n\n{answer}") == answer


def test_an_empty_fence_under_a_heading_is_no_answer() -> None:
    assert extract_answer("x\n# Answer\n\n```\n```") is None


@pytest.mark.parametrize(
    "said",
    [
        *(
            "__Answer:__ 7",
            "_Answer: 7_",
            "_Answer_: 7",
            "__Final Answer__: 7",
            "**_Answer:_** 7",
            "_The answer is 7._",
        ),
        *("***Answer***\n\n7", "___Answer___\n7", "_Answer_\n7", "*Answer*\n7", "# _Answer_\n7", "__Answer__ 7"),
    ],
)
def test_marks_of_emphasis_are_no_letters(said: str) -> None:
    assert extract_answer(f"We add.\n{said}") == "7"
    assert extract_answer(f"We add.\n{said}\n\nThat is all.") == "7"


@pytest.mark.parametrize(
    "said", ["final_answer = 7", "answer_key = 7", "the_answer: 7", "my__answer = 7", "* Answer\n7"]
)
def test_a_longer_name_and_an_item_of_a_list_are_no_mark(said: str) -> None:
    assert extract_answer(f"We add.\n{said}\n\nThat is all.") is None


@pytest.mark.parametrize("blank", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x1f", "\u00a0", "\u2009", "\t", " "])
@pytest.mark.parametrize(
    "text", ["a\n# Answer{}\n\n7", "a\n{}#{}Answer\n7", "{}# Answer\n{}\n7{}", "a\nThe answer{}is{}7.\nb"]
)
def test_blanks_of_every_kind_are_read_alike(text: str, blank: str) -> None:
    assert extract_answer(text.replace("{}", blank)) == "7"


def test_a_form_feed_that_was_a_fraction_stays() -> None:
    assert extract_answer("\\boxed{2\x0crac{1}{2}}") == "2\x0crac{1}{2}"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The answer is 4.\n\n#### 2nd check\n1+2=3", "4"),
        ("The answer is 4.\n\n#### 3 ways to check\nok", "4"),
        ("#### 4\n#### Check\n2+2", "4"),
        ("#### 4\n#### Check", "4"),
        ("#### 4\n\n#### Verification\nok", "4"),
        ("#### 4 eggs\n\n#### Check\nok", "4"),
        ("#### $4$\n#### Check:\nok", "4"),
        ("#### 4\n#### 5", "5"),
        ("#### 4\nNo. The answer is 5.\n#### Check\nok", "5"),
        ("The answer is 4.\n#### 5", "5"),
        ("The answer is 4.\n#### 5 eggs", "5"),
        ("#### 2 apples and 3 pears\nThat is all.", "2"),
        ("The answer to the first part is 5.\n#### 18 apples\n\nHope it helps", "18"),
        ("First part: the answer is 3.\n#### 12 apples\n\nQuestion: next", "12"),
        ("#### 3 ways to add\na\n#### Conclusion\nb", None),
        ("#### Step 1\na\n#### Step 2\nb", None),
    ],
)
def test_a_line_of_gsm8k_that_is_a_title_hides_no_answer(text: str, answer: str | None) -> None:
    assert extract_answer(text) == answer


KINDS = ["integer", "numeric answer", "integer answer", "letter", "choice", "option", "response", "\\text{integer}"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_answer_in_a_box_gives_way_to_an_answer_only(kind: str) -> None:
    box = f"\\boxed{{{kind}}}"
    for text in (
        f"Put it in {box}.\nThe answer is 12.",
        f"It is \\boxed{{12}}, in {box} as asked.",
        f"Use {box}.\n#### 12",
    ):
        assert extract_answer(text) == "12"
    assert extract_answer(f"Put it in {box}.\nThe answer is Evelyn.") == "Evelyn"
    for text in (f"Part 1: \\boxed{{3}}.\nPart 2: the number is a {box}", f"Final Answer: 0.25 is a {box}"):
        assert extract_answer(text) == kind
    for text in (f"It is {box}", f"The answer is an {box}.", f"We add 12.\nIt is {box}"):
        assert extract_answer(text) == kind


@pytest.mark.parametrize("content", ["integers", "no integer", "fractional", "letter A", "option 3", "12"])
def test_a_box_with_an_answer_gives_way_to_none(content: str) -> None:
    assert extract_answer(f"The answer is 5.\nIt is \\boxed{{{content}}}") == content


@pytest.mark.parametrize(
    "unit", [" ", "\t", "_", "*", "`", "# ", "_answer", "```\n", "\x0b", "#### 4 eggs\n", "\\boxed{integer} "]
)
def test_a_long_heading_ends(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    with ends():
        for frame in (
            "# Answer{}x",
            "# Answer\n\n{}7",
            "# {}Answer:{}:",
            "final{}answer x",
            "#### 4{}\nx",
            "_Answer:_ {}",
        ):
            extract_answer("a \\boxed{integer}\n" + frame.replace("{}", text))
