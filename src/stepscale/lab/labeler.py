"""The symbolic labeler: rates any step of a lab solution by what it follows from, whatever the route.

It stands for PRM800K's people (Lightman et al. 2023, 2.4 and D): +1 correct and needed, 0 correct and not needed, -1 anything
else. A step is correct if it does one operation of the story on amounts that are known and gets its true result. A sentence that
it quotes before must be the story's. A step that uses an amount not yet worked out is a leap, and negative. No reference solution
is looked at. Labels stop at the first negative step.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from stepscale.formats.ratings import NEGATIVE, NEUTRAL, POSITIVE
from stepscale.lab.stories import OPERATION_OF, Definition, Story, result_of
from stepscale.lab.wording import Malformed, quoted, read_sentence, read_story

MAX_STEP_CHARACTERS = 300

_STEP = re.compile(
    r"(?:(?P<quoted>[^:]{1,120}): )?(?P<left>[A-Z][a-z]+)'s (?P<left_amount>[0-9]{1,3}) (?P<operation>plus|minus|times) "
    r"(?:(?P<right>[A-Z][a-z]+)'s )?(?P<right_amount>[0-9]{1,3}), so (?P<name>[A-Z][a-z]+) has (?P<amount>[0-9]{1,4})\.?"
)
_RESTATED = re.compile(r"(?P<name>[A-Z][a-z]+) has (?P<amount>[0-9]{1,4})\.?")
_ANSWER = re.compile(r"Answer: (?P<amount>[0-9]{1,4})\.?")


@dataclass(frozen=True)
class ReadStep:
    """One operation as a step states it, right or wrong.

    Attributes:
        quoted: What the sentence before it defines; None where it quotes none, or none of the lab's.
        operation: plus, minus or times.
        left_amount: The first operand.
        right_amount: The second one.
    """

    quoted: Definition | None
    operation: str
    left_amount: int
    right_amount: int


def read_step(step: str) -> ReadStep | None:
    """The operation that a step in the lab's own form states.

    Args:
        step: Its text.

    Returns:
        None for a step in another form, and for one that does no operation.
    """
    text = step.strip()
    match = _STEP.fullmatch(text) if len(text) <= MAX_STEP_CHARACTERS else None
    if not match:
        return None
    sentence = _sentence(match["quoted"]) if match["quoted"] else None
    return ReadStep(sentence, match["operation"], int(match["left_amount"]), int(match["right_amount"]))


def rate_steps(problem: str, steps: Sequence[str]) -> list[int]:
    """Ratings of ``steps`` in order, up to and including the first negative one (-1, 0 or +1 each).

    Args:
        problem: Its text, in the lab's language.
        steps: Of a solution, in order.

    Returns:
        Ratings [n], n at most the number of steps.

    Raises:
        Malformed: The problem is not in the lab's language. Whatever the steps hold, they only get ratings.
    """
    story = read_story(problem)
    known_names = set(story.givens)
    ratings: list[int] = []
    for step in steps:
        ratings.append(rate_step(story, known_names, step))
        if ratings[-1] == NEGATIVE:
            break
    return ratings


def is_in_form(step: str) -> bool:
    """Whether a step has the lab's own form, right or wrong. What it quotes must be a sentence of the lab, told or not.

    Args:
        step: Its text.
    """
    text = step.strip()
    match = _STEP.fullmatch(text) if len(text) <= MAX_STEP_CHARACTERS else None
    if match and match["quoted"]:
        return _sentence(match["quoted"]) is not None
    return bool(match or _ANSWER.fullmatch(text) or _RESTATED.fullmatch(text))


def rate_step(story: Story, known_names: set[str], step: str) -> int:
    """The rating of one step where the amounts of ``known_names`` are known; enters the name it works out.

    Args:
        story: What the problem tells.
        known_names: Names whose amounts are worked out; the step's own is added where it is right.
        step: Its text.

    Returns:
        -1, 0 or +1.
    """
    text = step.strip()
    if len(text) > MAX_STEP_CHARACTERS:
        return NEGATIVE
    answer = _ANSWER.fullmatch(text)
    if answer:
        right = story.asked_name in known_names and int(answer["amount"]) == story.amounts[story.asked_name]
        return POSITIVE if right else NEGATIVE
    restated = _RESTATED.fullmatch(text)
    if restated:
        name = restated["name"]
        return NEUTRAL if name in known_names and int(restated["amount"]) == story.amounts[name] else NEGATIVE
    match = _STEP.fullmatch(text)
    if not match or not _follows(story, known_names, match):
        return NEGATIVE
    name = match["name"]
    progress = name in story.needed and name not in known_names
    known_names.add(name)
    return POSITIVE if progress else NEUTRAL


def right_steps(story: Story, known_names: set[str]) -> list[str]:
    """Every step in the lab's own form that is not negative where the amounts of ``known_names`` are known.

    Args:
        story: What the problem tells.
        known_names: Names whose amounts are worked out.

    Returns:
        Their texts.
    """
    steps = [f"Answer: {story.amounts[story.asked_name]}"] if story.asked_name in known_names else []
    for definition in story.definitions:
        if definition.relation == "given" or not set(definition.sources) <= known_names:
            continue
        operation, result = (
            OPERATION_OF[definition.relation],
            f"so {definition.name} has {story.amounts[definition.name]}",
        )
        operands = [f"{source}'s {story.amounts[source]}" for source in definition.sources]
        orders = list(permutations(operands)) if len(operands) == 2 else [(*operands, str(definition.number))]
        steps += [f"{quoted(definition, story.family)}: {a} {operation} {b}, {result}" for a, b in orders]
    return [step for step in steps if rate_step(story, set(known_names), step) != NEGATIVE]


def _follows(story: Story, known_names: set[str], match: re.Match[str]) -> bool:
    """Whether the step does the story's operation for its name, on known and true amounts, with the true result."""
    definition = story.by_name.get(match["name"])
    if definition is None or definition.relation == "given" or match["operation"] != OPERATION_OF[definition.relation]:
        return False
    if match["quoted"] and not _is_told(definition, match["quoted"]):
        return False
    # 1. The operands are the story's, in its order where that matters.
    left, right = match["left"], match["right"]
    operands = (left, right) if right else (left,)
    if sorted(operands) != sorted(definition.sources) or not set(operands) <= known_names:
        return False
    # 2. Their amounts are true.
    left_amount, right_amount = int(match["left_amount"]), int(match["right_amount"])
    if left_amount != story.amounts[left]:
        return False
    if right_amount != (story.amounts[right] if right else definition.number):
        return False
    # 3. So is the result. The smaller minus the larger is not a difference: it is not the name's amount.
    amount = result_of(match["operation"], left_amount, right_amount)
    return amount == int(match["amount"]) == story.amounts[definition.name]


def _is_told(definition: Definition, sentence: str) -> bool:
    """Whether a quoted sentence says what the story says about its name."""
    return _sentence(sentence) == definition


def _sentence(text: str) -> Definition | None:
    try:
        return read_sentence(text.rstrip(".") + ".")[0]
    except Malformed:
        return None
