"""Names of many shapes, announced: each comes back whole, whatever follows; and no sentence behind an answer changes it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.grading import extract_answer

NAMES = [
    *(
        "Alice",
        "Evelyn",
        "Paris",
        "New York",
        "Saint Louis",
        "Los Angeles",
        "Rio de Janeiro",
        "the Eiffel Tower",
        "Stratford-upon-Avon",
    ),
    *(
        "St. Louis",
        "Ft. Worth",
        "Mt. Everest",
        "Dr. Lee",
        "Mrs. Dalloway",
        "Prof. Moriarty",
        "Dr. Martin Luther King",
        "Lt. Dan",
    ),
    *(
        "J. R. R. Tolkien",
        "J.R.R. Tolkien",
        "J. K. Rowling",
        "J.K. Rowling",
        "C. S. Lewis",
        "A. A. Milne",
        "I.M. Pei",
        "W. E. B. Du Bois",
    ),
    *(
        "George W. Bush",
        "John F. Kennedy",
        "Harry S. Truman",
        "Franklin D. Roosevelt",
        "Ulysses S. Grant",
        "Dr. John H. Watson",
    ),
    *(
        "Martin Luther King Jr.",
        "Martin Luther King, Jr.",
        "Sammy Davis Jr.",
        "Robert Downey Sr.",
        "Dwight D. Eisenhower",
    ),
    *(
        "Apple Inc.",
        "Ford Motor Co.",
        "Tiffany & Co.",
        "U.S. Steel",
        "the U.S.",
        "the U.K. Parliament",
        "Washington D.C.",
        "Washington, D.C.",
    ),
    *(
        "O'Brien",
        "Flannery O'Connor",
        "O\u2019Neill",
        "McDonald",
        "McDonald's",
        "MacArthur",
        "LeBron James",
        "DiCaprio",
        "D'Artagnan",
    ),
    *(
        "Juan de la Cruz",
        "Vincent van Gogh",
        "van Gogh",
        "Ludwig van Beethoven",
        "John von Neumann",
        "de Moivre",
        "d'Alembert",
    ),
    *(
        "al-Khwarizmi",
        "Leonardo da Vinci",
        "Charles de Gaulle",
        "Jean-Luc",
        "Jean-Luc Picard",
        "Jos\u00e9",
        "Jose\u0301",
        "\u00c5ngstr\u00f6m",
    ),
    *(
        "\u00c9mile Zola",
        "L'H\u00f4pital",
        "Antoine de Saint-Exup\u00e9ry",
        "M\u00fcller",
        "Garc\u00eda M\u00e1rquez",
        "Henry VIII",
        "Malcolm X",
    ),
    *("Train A", "Alice and Bob", "Roe v. Wade", "Alice vs. Bob"),
]
ANNOUNCEMENTS = [
    *("The answer is {}", "So the final answer is: {}", "**Answer:** {}", "Answer: {}", "Final Answer: {}"),
    *("We compare.\nThe answer is\n{}", "The correct answer is therefore {}", "The answer to the question is {}"),
]
NOTHING_MORE = ["", ".", "\n", ".\n"]
A_REASON = [
    ", because he has 5 of them.",
    ", because 12 > 5",
    ", as shown in step 3",
    ", as shown in step 3.",
    ", since 3 are left.",
    " because 2 < 3.",
]
A_SENTENCE = [
    ". So she has 3 apples.",
    ". It has 5 of them.",
    ". The other is 7.",
    ". Therefore the 3 of them win.",
    ".\n\nCheck: 3 of 4.",
]
NUMBERS = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.builds("{}.{}".format, st.integers(0, 99), st.integers(0, 999)),
    st.builds("{}/{}".format, st.integers(1, 99), st.integers(2, 99)),
    st.sampled_from(
        ["1,000", "$5", "50%", "2 1/2", "2\u03c0", "\u221a2", "x = 5", "(1, 2)", "$\\frac{1}{2}$", "x", "n^2"]
    ),
)
SENTENCES = st.sampled_from(
    [
        *(
            "So we are done.",
            "Alice has 3 apples.",
            "J. Smith paid the rest.",
            "U.S. cities have 5 parks.",
            "St. Louis has 3 of them.",
        ),
        *(
            "Let me check: 3 + 4 = 7.",
            "It follows from step 3.",
            "Each of the 4 boxes holds 2.",
            "J. R. R. Tolkien wrote 5 books.",
        ),
        *(
            "Dr. Lee agrees, because 3 > 2.",
            "McDonald's sold 12.",
            "\u00c9mile has 7.",
            "(See step 3.)",
            "Substituting, we get 9 = 9.",
        ),
        *("**Note:** 3 of them are red.", "\u201cFive\u201d is not meant.", "George W. Bush, who has 5 dogs, is one."),
    ]
)


def said(name: str, more: str) -> str:
    """A name and what follows it; the period of an abbreviation closes the sentence too."""
    return name.removesuffix(".") + more if more.startswith(".") else name + more


@settings(deadline=None, max_examples=600)
@given(st.sampled_from(NAMES), st.sampled_from(ANNOUNCEMENTS), st.sampled_from([*NOTHING_MORE, *A_REASON, *A_SENTENCE]))
def test_an_announced_name_comes_back_whole_whatever_follows(name: str, announcement: str, more: str) -> None:
    assert extract_answer(announcement.format(said(name, more))) == name


@settings(deadline=None, max_examples=600)
@given(NUMBERS, st.sampled_from(ANNOUNCEMENTS), SENTENCES)
def test_a_sentence_behind_an_announced_number_changes_nothing(number: str, announcement: str, sentence: str) -> None:
    alone = extract_answer(announcement.format(number + "."))
    assert alone is not None and alone.strip("$") == number.strip("$")
    assert extract_answer(announcement.format(f"{number}. {sentence}")) == alone


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The answer is J. Smith.", "J"),  # one letter and a period: most often the letter is the answer
        ("The answer is B. George W. Bush won.", "B"),
        ("The answer is Chanel No. 5.", "5"),
        ("The answer is AB, where A = 5.", "5"),
        ("The answer is NASA, because it flew.", "NASA"),
        ("The answer is even, because the sum is odd.", "even"),
        ("The answer is a square, which has equal sides.", "a square"),
        ("The answer is iPhone, because it is smaller.", "iPhone"),
        ("The answer is O'Brien, which equals 5.", "5"),
        ("The author is J. R. R. Tolkien.", "J. R. R. Tolkien"),
        ("So the winner is Juan de la Cruz.", "Juan de la Cruz"),
        ("The answer is not known, because we stop.", None),
    ],
)
def test_in_doubt_numbers_and_letters_go_before_names(text: str, answer: str | None) -> None:
    assert extract_answer(text) == answer
