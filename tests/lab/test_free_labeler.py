"""The labeler of free text: the strict labeler's verdict on the same statement in other words, or none."""

import re
from collections.abc import Callable
from random import Random

import pytest
from bounded_work import ends
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.lab import labeler
from stepscale.lab.free_labeler import rate_steps
from stepscale.lab.hands import CAREFUL, Habits, Hand
from stepscale.lab.stories import FAMILIES, LEVELS, NAMES, Story, draw_story
from stepscale.lab.wording import read_story, tell

PLACES = [(family, level) for family in FAMILIES for level in LEVELS]
PROBLEM = (
    "Some friends have pens. As many as Bob less Ann go to Eve. Tom has 3. As many as Tom and 4 more go to Ann. Bob has 9. "
    "As many as Tom times 2 go to Zoe. How many pens does Eve have?"
)
FIRST = "Tom's 3 plus 4, so Ann has 7"
ERRING = Habits(slip=0.1, copy_slip=0.1, hasty=0.05, fact_share=0.3, reading_share=0.3, name_share=0.3)

_STEP = re.compile(
    r"(?P<quote>[^:]+): (?P<a>\w+)'s (?P<x>\d+) (?P<word>\w+) (?:(?P<b>\w+)'s )?(?P<y>\d+), so (?P<name>\w+) has (?P<r>\d+)"
)
# Fields: {a}, {b}: operands' friends; {x}, {y}: their amounts; {o}: + - or *; {word}; {name}: whose amount; {r}: the result.
WORDINGS = [
    "{name} has {x} {o} {y} = {r}",
    "{name}: {x} {o} {y} = {r} {things}.",
    "{name} = {x}{o}{y} = {r}",
    "So {name} got {r} {things}, because {a} has {x} and {x}{o}{y} is {r}",
    "{name} has ${x} {o} {y} = {r}$ {things}.",
    "\\({x} {o} {y} = {r}\\), so {name} has {r} {things}.",
    "**{name}**: {x} {o} {y} = **{r}**",
    "Step {n}: {A} {word} {B}, so {name} has {r}",
    "{n}. {A} {word} {B} makes {r}, so {name} has {r} {things}.",
    "- {name} has {A} {o} {B} = {r} {things}",
    "Since {a} has {x} {things}, {name} has {x} {o} {y} = {r} {things} in total.",
    "{A} {word} {B} is {r}. Therefore {name} has {r} {things}.",
    "Now, {name} has {r} {things} ({x} {o} {y}).",
    "For {name}: {x} {o} {y} = {r} {things}",
    "{name}'s {things}: {x} {o} {y} = {r}",
    "{quote}. So {name} has {x} {o} {y} = {r} {things}.",
    "{quote}: {A} {o} {B} = {r}, so {name} has {r}.",
    "{name} gets {r} {things}, as {x} {o} {y} = {r}.",
    "({x} {o} {y}) = {r}, thus {name} has {r}.",
    "{x} {o} {y} = \\boxed{{{r}}} {things} for {name}.",
    "We know that {a} has {x}, so {name} has {A} {o} {B}, which is {r}.",
]
ANSWERS = [
    "Answer: {r} {things}",
    "The answer is {r}.",
    "So the final answer is **{r}**.",
    "\\boxed{{{r}}}",
    "#### {r}",
]
ANSWERS += [
    "Therefore, the answer is {r} {things}.",
    "Answer: {name} has {r} {things}.",
    "The answer is \\boxed{{{r}}}.",
]


def reworded(step: str, problem: str, number: int, rng: Random) -> str:
    """A step in the lab's own form in other words that say the same."""
    return in_words(step, problem, number, rng.choice(WORDINGS), rng)


def in_words(step: str, problem: str, number: int, wording: str, rng: Random) -> str:
    """A step in the lab's own form in one wording; an answer in any."""
    story = read_story(problem)
    match = _STEP.fullmatch(step)
    if not match:
        result = step.removeprefix("Answer: ")
        return rng.choice(ANSWERS).format(r=result, things=story.things, name=story.asked_name)
    fields = {key: value or "" for key, value in match.groupdict().items()}
    owner = f"{fields['b']}'s " if fields["b"] else ""
    symbol = {"plus": "+", "minus": "-", "times": rng.choice("*x×")}[fields["word"]]
    written = {"A": f"{fields['a']}'s {fields['x']}", "B": owner + fields["y"], "o": symbol, "n": str(number)}
    return wording.format(**fields, **written, things=story.things)


def meanings(step: str, wording: str, story: Story) -> list[list[str]]:
    """What a step in a wording may be taken to say; each meaning as forms of the lab's own, of which any may be right.

    A wording that leaves out whose amounts are used is right if they are those of the right friends, in any order. One
    that names one of two friends may be taken either way.
    """
    match = _STEP.fullmatch(step)
    if not match:
        return [[step]]
    quote = f"{match['quote']}: " if "{quote}" in wording else ""
    in_full = quote + step.partition(": ")[2]
    definition = story.by_name.get(match["name"])
    sources = definition.sources if definition else ()
    if "{B}" in wording or len(sources) != 1 + bool(match["b"]):
        return [[in_full]]
    head, tail = f"'s {match['x']} {match['word']} ", f"{match['y']}, so {match['name']} has {match['r']}"
    orders = [sources, sources[::-1]] if len(sources) > 1 else [sources]
    of_amounts = [f"{quote}{order[0]}{head}" + (f"{order[1]}'s " if order[1:] else "") + tail for order in orders]
    return [[in_full], of_amounts] if "{a}" in wording else [of_amounts]


def strict_verdicts(problem: str, steps: list[str], wordings: list[str]) -> list[list[int]]:
    """The strict labeler's verdicts on the steps, one list for every way to take the wordings."""
    is_right: Callable[[list[str]], bool] = lambda history: labeler.rate_steps(problem, history)[-1] != -1  # noqa: E731
    histories: list[list[str]] = [[]]
    for step, wording in zip(steps, wordings, strict=True):
        meanings_by_history = [
            (before, forms) for before in histories for forms in meanings(step, wording, read_story(problem))
        ]
        read = [[[*before, form] for form in forms] for before, forms in meanings_by_history]
        histories = [next(filter(is_right, forms), forms[0]) for forms in read]
        histories = [history for i, history in enumerate(histories) if history not in histories[:i]]
    return [labeler.rate_steps(problem, history) for history in histories]


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(PLACES), st.sampled_from([CAREFUL, Habits(), ERRING]))
def test_it_is_the_strict_labeler_on_the_labs_own_form(seed: int, place: tuple[str, int], habits: Habits) -> None:
    rng = Random(seed)
    problem = tell(draw_story(*place, rng))
    steps = Hand(rng, habits).solve(problem)
    assert rate_steps(problem, steps) == labeler.rate_steps(problem, steps)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(PLACES), st.sampled_from([CAREFUL, Habits(), ERRING]))
def test_the_same_statement_in_other_words_has_the_same_verdict_or_none(
    seed: int, place: tuple[str, int], habits: Habits
) -> None:
    rng = Random(seed)
    problem = tell(draw_story(*place, rng))
    steps = Hand(rng, habits).solve(problem)
    wordings = [rng.choice(WORDINGS) for _ in steps]
    lines = [
        in_words(step, problem, i + 1, wording, rng)
        for i, (step, wording) in enumerate(zip(steps, wordings, strict=True))
    ]
    ratings = rate_steps(problem, lines)
    assert ratings in [strict[: len(ratings)] for strict in strict_verdicts(problem, steps, wordings)]


def test_nearly_all_other_wordings_are_read() -> None:
    rng, read, written = Random(0), 0, 0
    for _ in range(200):
        problem = tell(draw_story(*rng.choice(PLACES), rng))
        steps = Hand(rng, CAREFUL).solve(problem)
        for i, step in enumerate(steps):
            read += len(rate_steps(problem, [*steps[:i], reworded(step, problem, i + 1, rng)])) > i
            written += 1
    assert read >= 0.98 * written, (read, written)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(PLACES))
def test_a_changed_name_or_number_is_never_accepted_in_any_wording(seed: int, place: tuple[str, int]) -> None:
    rng = Random(seed)
    problem = tell(draw_story(*place, rng))
    steps = Hand(rng, CAREFUL).solve(problem)
    index = rng.randrange(len(steps))
    right = steps[index]
    tokens = list(re.finditer(r"\d+|[A-Z][a-z]+(?=')|plus|minus|times|(?<=so )[A-Z][a-z]+", right.split(": ")[-1]))
    shift = len(right) - len(right.split(": ")[-1])
    chosen = rng.choice(tokens)
    words = ["plus", "minus", "times"]
    others = words if chosen.group() in words else NAMES if chosen.group().isalpha() else list(map(str, range(100)))
    new = rng.choice([other for other in others if other != chosen.group()])
    changed = right[: shift + chosen.start()] + new + right[shift + chosen.end() :]
    before = steps[:index]
    wording = rng.choice(WORDINGS)
    ratings = rate_steps(problem, [*before, in_words(changed, problem, index + 1, wording, rng)])
    in_full = "{quote}: {A} {B}"  # the steps before are in the lab's own form, nothing left out
    strict = strict_verdicts(problem, [*before, changed], [in_full] * index + [wording])
    assert ratings in [*strict, strict[0][:index]]


RIGHT = [
    "Ann has 3 + 4 = 7",
    "So Ann got 7 pens, because Tom has 3 and 3+4 is 7",
    "Ann: 3 + 4 = 7 pens.",
    "$3+4=7$",
    "Tom's 3 plus 4: Ann has 7",
    "Ann has 4 more pens than Tom, so Ann has 3 + 4 = 7 pens.",
    "Ann gets as many as Tom and 4 more, so 3 + 4 = 7.",
    "Ann = Tom + 4 = 3 + 4 = 7",
    "As many as Tom and 4 more go to Ann: Tom has 3, so Ann has 7 pens.",
    "As many as Tom and 4 more go to Ann: Tom's 3 + 4 = 7",
    "Ann has seven pens since Tom has three and 3 + 4 = 7",
    "Ann has 4 + 3 = 7 pens.",
    "Ann: Tom (3) + 4 = 7",
    "Ann has 7 pens (Tom's 3 + 4).",
    "Tom: 3, Ann: Tom's pens plus 4 = 7",
    "\\text{Ann} = 3 + 4 = 7",
    "As many as Tom and 4: Tom's 3 plus 4, so Ann's 7",
]


@pytest.mark.parametrize("line", RIGHT)
def test_a_right_step_in_free_text_is_positive_and_its_amount_is_known_from_there_on(line: str) -> None:
    steps = [line, "Eve has 9 - 7 = 2 pens.", "The answer is 2."]
    assert rate_steps(PROBLEM, steps) == [1, 1, 1]


NEGATIVE = {
    "a wrong result": "Ann has 3 + 4 = 8 pens.",
    "a wrong result of nobody's": "$3+4=8$",
    "a wrong amount": "So Ann has 8 pens.",
    "another operation": "Ann has 3 × 4 = 12 pens.",
    "another operation that comes out right": "Ann has 10 - 3 = 7",
    "a relation that the story does not tell": "Ann has 5 more than Tom, so Ann has 7 pens.",
    "another friend": "Bob's 9 plus 4 = 13, so Ann has 13 pens",
    "a leap": "Eve has 9 - 7 = 2 pens.",
    "an amount that nothing is said of": "So Ann has 7 pens.",
    "nobody in the story": "Joe has 3 + 4 = 7 pens",
    "nobody in the lab": "As many as Tom and 4 more go to Ann: Dave's 3 plus 4, so Ann has 7 pens",
    "the amounts of friends who have others": "As many as Tom and 4 more go to Ann: Ann's 9 plus 4, so Ann's 13",
    "a relation in careless words": "As many as Tom and 5 go to Ann: 3 + 5 = 8",
    "a given amount, restated wrongly": "Tom has 4 pens.",
    "an answer before it is worked out": "The answer is 2.",
    "a wrong answer": "\\boxed{3}",
}


@pytest.mark.parametrize("name", NEGATIVE)
def test_a_wrong_step_in_free_text_is_negative(name: str) -> None:
    assert rate_steps(PROBLEM, [NEGATIVE[name]]) == [-1]


NEUTRAL = ["Let's solve this step by step.", "Tom has 3 pens.", "As many as Tom and 4 more go to Ann.", "Solution:"]
NEUTRAL += ["Zoe has twice as many as Tom, so Zoe has 2 * 3 = 6.", "Ann has 4 more pens than Tom."]


@pytest.mark.parametrize("line", NEUTRAL)
def test_what_is_true_and_not_needed_is_neutral(line: str) -> None:
    assert rate_steps(PROBLEM, [line, FIRST]) == [0, 1]


UNREAD = [
    "",
    "so",
    "Ann does not have 3 + 4 = 7",
    "If Ann has 7, Eve has 2",
    "Ann has about 7",
    "How many does Ann have? 7",
    "Tom and Bob have 12",
    "Tom has 3 plus 4, so Ann has 7",
    "Ann gets 4",
    "Ann has 4 and Tom's 3, so Ann has 7",
    "Ann has 3 and 4 = 7",
    "Ann's 3 + 4 = 7",
    "Ann has Tom's 3 pens and adds 4",
    "Ann has 3.5 + 3.5 = 7",
    "Ann has 7 more",
    "Ann has at least 7",
    "Zoe has 3 + 3 = 6",
    "Ann has 3 + 2 + 2 = 7",
    "3 + 4 = 7 + 2 = 9",
    "2 + 5 = 7",
    "Ann has ٧",
    "Ann, Tom's sister, has 7",
    "x = 7",
    "It's 3 + 4, so Ann has 7",
    "Ann has Tom's and 4",
]


@pytest.mark.parametrize("line", UNREAD)
def test_what_may_be_meant_otherwise_has_no_rating_and_ends_the_ratings(line: str) -> None:
    assert rate_steps(PROBLEM, ["Tom has 3", line, FIRST]) == [0]


def test_an_operation_of_nobodys_that_fits_two_friends_is_not_rated() -> None:
    problem = (
        "Some friends have pens. Tom has 3. As many as Tom and 4 more go to Ann. As many as Tom and 4 more go to Eve. "
    )
    assert rate_steps(problem + "How many pens does Eve have?", ["3 + 4 = 7"]) == []


def test_a_relation_told_in_one_line_may_be_worked_out_in_the_next() -> None:
    assert rate_steps(PROBLEM, ["Ann gets 4 more than Tom.", "So Ann has 7."]) == [0, 1]
    assert rate_steps(PROBLEM, ["As many as Tom and 4 more go to Ann", "Ann has 7"]) == [0, 1]


def test_a_difference_may_be_told_in_either_order_and_is_worked_out_in_one() -> None:
    problem = (
        "Some friends have pens. Tom has 3. Bob has 9. As many as Tom less Bob go to Eve. How many pens does Eve have?"
    )
    assert rate_steps(problem, ["As many as Tom less Bob go to Eve", "Eve has 9 - 3 = 6"]) == [0, 1]
    assert rate_steps(problem, ["Eve has 3 - 9 = 6"]) == [-1]


HOSTILE: dict[str, Callable[[int], str]] = {
    "parentheses": lambda n: "(" * n,
    "chains": lambda n: "Ann = " * n,
    "sums": lambda n: "1+" * n,
    "spaces": lambda n: "Ann" + " " * n + "has",
    "boxes": lambda n: "\\boxed{" * n,
    "as many as": lambda n: "as many as " * n,
    "equals": lambda n: "=" * n,
    "colons": lambda n: "Ann: " * n,
    "digits": lambda n: "9" * n,
    "texts": lambda n: "\\text{" * n + "}" * n,
    "commas": lambda n: ", which is" * n,
    "newlines": lambda n: "Ann has 3\n" * n,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_takes_no_time(kind: str) -> None:
    with ends():
        for n in (10, 40, 100, 290, 590, 400_000):
            assert set(rate_steps(PROBLEM, [HOSTILE[kind](n)])) <= {-1, 0, 1}


_WORDS = [
    "Ann",
    "Tom",
    "Eve",
    "Joe",
    "has",
    "gets",
    "is",
    "=",
    "+",
    "-",
    "*",
    "3",
    "4",
    "7",
    "9",
    "2",
    "(",
    ")",
    ",",
    ".",
    ":",
]
_WORDS += [
    "so",
    "and",
    "more",
    "than",
    "as many as",
    "together",
    "go to",
    "for",
    "answer",
    "pens",
    "'s",
    "\\boxed{",
    "}",
    "$",
]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.lists(st.sampled_from(_WORDS), max_size=30).map(" ".join) | st.text(max_size=80), max_size=4))
def test_any_text_gets_ratings_and_nothing_else(steps: list[str]) -> None:
    ratings = rate_steps(PROBLEM, steps)
    assert len(ratings) <= len(steps) and set(ratings) <= {-1, 0, 1}
