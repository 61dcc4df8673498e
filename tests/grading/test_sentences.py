"""Where a sentence ends, by the words before and behind a period; and that the work grows with the text."""

from collections.abc import Callable

import pytest
from bounded_work import calls, ends
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.grading.names import before_reason, is_name, leading_name, without_marks
from stepscale.grading.sentences import sentences

HOSTILE = (
    *(
        "a.",
        ". ",
        "A. ",
        "A. B ",
        "A.A.",
        "U.S. ",
        "U.S. Steel ",
        "St. ",
        "Dr. Lee ",
        "x. X",
        "Ab. ",
        "Ab ",
        "Ab A. ",
        "de ",
    ),
    *(
        '."',
        ".** ",
        "'.",
        "A'",
        "A-b'",
        "the ",
        "the Ab ",
        "Ab, ",
        "Jr. ",
        "Ab, Jr., ",
        "which ",
        ", where ",
        "because ",
        "...",
        "e\u0301",
    ),
    *("\u00c9. ", "1. ", "$", "<", "(", "\t"),
)
FUNCTIONS: dict[str, Callable[[str], object]] = {
    "sentences": lambda text: list(sentences(text)),
    "leading_name": leading_name,
    "before_reason": before_reason,
    "is_name": is_name,
    "without_marks": without_marks,
}


@pytest.mark.parametrize(
    "text",
    [
        "5. | Alice paid the rest.",
        "The total is 5. | J. | Smith paid the rest.",
        "Paris. | U.S. cities are far away.",
        "J. R. R. Tolkien.",
        "J. R. R. Tolkien. | He wrote it.",
        "George W. Bush, who has 5 dogs. | So it is.",
        "John F. Kennedy. | Alice met him.",
        "It is Martin Luther King Jr. | He spoke.",
        "B. | Paris.",
        "C. | The others are wrong.",
        "C. | D. is wrong.",
        "Train A. | Train B leaves 5 minutes later.",
        "Tank A. | Tank B, with 5 gallons, is full.",
        "Malcolm X. | He was 39.",
        "Point P. | Alice met Bob there.",
        "Alice met Dr. Lee. | Bob met Mr. So.",
        "It is on Main St. | The house is old.",
        "It is in St. Louis.",
        "U.S. Steel, with 5 plants in the U.S. | It makes steel.",
        "The U.S. | Alice has 5 of them.",
        "At 5 p.m. | Alice leaves.",
        "At 5 P.M. | Alice leaves.",
        "He has a Ph.D. | Then he left.",
        "Apple Inc. | It has 5 plants.",
        "It is a planet, e.g. Mars, i.e. Mars vs. Venus.",
        "Roe v. Wade, because it was first.",
        "The speed is v. | Alice measures it.",
        "12 in. | So the side is 3 in.",
        "Apples, pears, etc. | Alice has 5.",
        "It is No. 5 of 9.",
        "3. **Add the numbers** and go on.",
        "\u00c9mile is 5. | \u00c9mile is old.",
        "It is 5.5 and x.5. | <end>",
        "It is 5. 3 of them remain.",
    ],
)
def test_a_sentence_ends_where_the_bar_is(text: str) -> None:
    expected = [sentence.strip() for sentence in text.split("|")]
    spoken = text.replace("| ", "")
    found = [sentence.strip() for sentence in sentences(spoken)]
    assert [end.strip("*\"'.() ") for end in found] == [end.strip("*\"'.() ") for end in expected]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("5. So", "5"),
        ("the U.S. It", "the U.S."),
        ("5 p.m. The", "5 p.m."),
        ("Apple Inc. It", "Apple Inc."),
        ("Tiffany & Co. It", "Tiffany & Co."),
        ("cobalt is Co. It", "cobalt is Co"),
        ("12 in. So", "12 in"),
        ("", ""),
        (".", ""),
    ],
)
def test_a_period_of_its_own_stays_with_the_word(text: str, first: str) -> None:
    assert next(sentences(text), "") == first


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.sampled_from([*HOSTILE, "So ", "has ", "Tolkien", " "]), max_size=20).map("".join)
    | st.text(max_size=60)
)
def test_nothing_but_periods_is_left_out(text: str) -> None:
    said = [sentence.replace(".", "") for sentence in sentences(text)]
    assert "".join(said).rstrip() == text.replace(".", "").rstrip()


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("unit", HOSTILE)
def test_four_times_the_text_is_at_most_about_four_times_the_work(unit: str, function: str) -> None:
    few, many = (unit * (count // len(unit)) for count in (2_000, 8_000))
    work = FUNCTIONS[function]
    assert calls(lambda: work(many)) <= 4.1 * calls(lambda: work(few)) + 50


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_long_hostile_text_ends(function: str) -> None:
    for unit in HOSTILE:
        characters = 1_000_000 if not set(unit) & set(" \t") else 100_000  # of one word, or of many
        with ends():
            FUNCTIONS[function](unit * (characters // len(unit)))
