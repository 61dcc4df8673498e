"""The symbolic labeler against reference solutions, other routes, corruptions and hostile text."""

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.formats.ratings import NEGATIVE
from stepscale.lab.hands import CAREFUL, Hand
from stepscale.lab.labeler import rate_step, rate_steps, right_steps
from stepscale.lab.problems import make_problems
from stepscale.lab.stories import FAMILIES, LEVELS, draw_story
from stepscale.lab.wording import Malformed, read_story, tell

PLACES = [(family, level) for family in FAMILIES for level in LEVELS]
PROBLEM = (
    "Some friends have pens. As many as Bob less Ann go to Eve. Tom has 3. As many as Tom and 4 more go to Ann. Bob has 9. "
    "As many as Tom times 2 go to Zoe. How many pens does Eve have?"
)
SOLUTION = ["Tom's 3 plus 4, so Ann has 7", "Bob's 9 minus Ann's 7, so Eve has 2", "Answer: 2"]


@pytest.mark.parametrize(("family", "level"), PLACES)
def test_every_careful_solution_is_positive_to_its_end_and_gives_the_answer(family: str, level: int) -> None:
    rng = Random(level)
    for _ in range(40):
        story = draw_story(family, level, rng)
        steps = Hand(rng, CAREFUL).solve(tell(story))
        assert rate_steps(tell(story), steps) == [1] * len(steps)
        assert steps[-1] == f"Answer: {story.amounts[story.asked_name]}"


def test_a_step_that_is_true_and_not_needed_is_neutral() -> None:
    steps = ["Tom has 3", "Tom's 3 times 2, so Zoe has 6", SOLUTION[0], SOLUTION[0], *SOLUTION[1:]]
    assert rate_steps(PROBLEM, steps) == [0, 0, 1, 0, 1, 1]


def test_a_total_may_be_added_in_either_order() -> None:
    problem = "Some friends have pens. Tom has 3. Bob has 9. As many as Tom and Bob together go to Eve. "
    problem += "How many pens does Eve have?"
    for step in ("Tom's 3 plus Bob's 9, so Eve has 12", "Bob's 9 plus Tom's 3, so Eve has 12"):
        assert rate_steps(problem, [step, "Answer: 12"]) == [1, 1]


def test_a_step_may_quote_its_sentence_and_must_quote_it_right() -> None:
    right = "As many as Tom and 4 more go to Ann: " + SOLUTION[0]
    assert rate_steps(PROBLEM, [right, *SOLUTION[1:]]) == [1, 1, 1]
    for wrong in (
        "As many as Tom and 5 more go to Ann: ",
        "As many as Bob less Ann go to Eve: ",
        "Ann likes pens: ",
        "Tom has 3: ",
    ):
        assert rate_steps(PROBLEM, [wrong + SOLUTION[0]]) == [-1]


WRONG = {
    "a wrong result": "Tom's 3 plus 4, so Ann has 8",
    "a number that the story does not say": "Tom's 3 plus 5, so Ann has 8",
    "an amount copied wrongly": "Tom's 9 plus 4, so Ann has 13",
    "another operation": "Tom's 3 times 4, so Ann has 12",
    "another friend": "Bob's 9 plus 4, so Ann has 13",
    "a leap over an amount not worked out": "Bob's 9 minus Ann's 7, so Eve has 2",
    "true of numbers, of nobody in the story": "Tom's 3 plus 4, so Joe has 7",
    "a friend whose amount is given": "Tom's 3 plus 4, so Bob has 7",
    "an answer before it is worked out": "Answer: 2",
    "a wrong answer": "Answer: 3",
    "no statement": "so",
    "nothing": "",
    "a restated amount that is wrong": "Tom has 4",
    "an endless number": "Answer: " + "9" * 5000,
    "digits of another script": "Answer: ٢",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_step_that_does_not_follow_is_negative(name: str) -> None:
    assert rate_steps(PROBLEM, [WRONG[name]]) == [-1]


def test_the_smaller_minus_the_larger_is_no_difference() -> None:
    assert rate_steps(PROBLEM, [SOLUTION[0], "Ann's 7 minus Bob's 9, so Eve has 2"]) == [1, -1]


def test_ratings_stop_at_the_first_negative_step() -> None:
    assert rate_steps(PROBLEM, [SOLUTION[0], "Answer: 2", SOLUTION[1]]) == [1, -1]


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(PLACES))
def test_a_step_is_negative_after_any_of_its_words_or_numbers_changed(seed: int, place: tuple[str, int]) -> None:
    """Each token of a step decides its truth: another number, name or operation in its place is never accepted."""
    rng = Random(seed)
    story = draw_story(*place, rng)
    steps = Hand(rng, CAREFUL).solve(tell(story))
    index = rng.randrange(len(steps))
    tokens = list(re.finditer(r"\d+|[A-Z][a-z]+(?=')|plus|minus|times", steps[index]))
    chosen = rng.choice(tokens)
    words = ["plus", "minus", "times"]
    others = (
        words if chosen.group() in words else list(story.by_name) if chosen.group().isalpha() else map(str, range(100))
    )
    new = rng.choice([other for other in others if other != chosen.group()])
    corrupted = steps[index][: chosen.start()] + new + steps[index][chosen.end() :]
    assert rate_steps(tell(story), [*steps[:index], corrupted])[-1] == -1


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=5))
def test_any_text_gets_ratings_and_nothing_else(steps: list[str]) -> None:
    ratings = rate_steps(PROBLEM, steps)
    assert len(ratings) <= len(steps) and set(ratings) <= {-1, 0, 1}


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        ("How many?", "not a problem of the lab"),
        ("Some friends have pens. Tom eats 3. How many pens does Tom have?", "not a sentence of the lab"),
        ("Some friends have pens. Tom has 3. Tom has 4. How many pens does Tom have?", "told twice"),
        ("Some friends have pens. Tom has 3. How many pens does Ann have?", "the asked one never"),
        (
            "Some friends have pens. As many as Ann times 3 go to Tom. "
            "As many as Tom times 3 go to Ann. How many pens does Ann have?",
            "follow",
        ),
        (
            "Some friends have pens. " + "Tom has 3. " * 2000 + "How many pens does Tom have?",
            "not a problem of the lab",
        ),
    ],
)
def test_a_problem_that_cannot_be_read_is_refused(problem: str, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        rate_steps(problem, ["Answer: 3"])


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(PLACES))
def test_a_story_survives_being_told_and_read(seed: int, place: tuple[str, int]) -> None:
    story = draw_story(*place, Random(seed))
    read = read_story(tell(story))
    assert read.definitions == story.definitions and read.asked_name == story.asked_name and read.things == story.things
    assert read.amounts == story.amounts and read.needed == story.needed


@pytest.mark.parametrize("seed", range(5))
def test_the_right_steps_are_those_of_careful_hands_and_no_negative_one(seed: int) -> None:
    [problem] = make_problems(1, "train", seed).problem
    story = read_story(problem)
    known_names = set(story.givens)
    for step in Hand(Random(seed), CAREFUL).solve(problem):
        right = right_steps(story, known_names)
        assert step in right and not any(rate_step(story, set(known_names), other) == NEGATIVE for other in right)
        rate_step(story, known_names, step)
