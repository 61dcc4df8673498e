"""Critiques that a small model can learn: each step of a solution is worked out again before it is judged.

In: a story and the steps that somebody wrote. Out: a line for each step, up to the first wrong one: the step as it should be,
then "yes" or "no". The corrected step is worded as the lab's hands word theirs, so that a base writes it as it would write a
solution. The labeler says which steps are right.
"""

from collections.abc import Sequence

from stepscale.formats.ratings import NEGATIVE
from stepscale.lab.labeler import rate_step
from stepscale.lab.stories import OPERATION_OF, Definition, Story
from stepscale.lab.wording import quoted, read_story

ASK = "<s>{problem}\nAttempt:\n{solution}\n"
"""What a critic of the lab is asked; ``Attempt:`` is a piece of the lab's tokenizer."""
STEP = "{step}"
RIGHT, WRONG = "yes", "no"
"""Short words without a letter in common: the lab's tokenizer spells what its problems do not have, and a critic that was to
write "right" or "wrong" misspelled them, so that no judgment could be read."""
_ANSWER, _CLAIM = "Answer: ", " has "


def critique(problem: str, steps: Sequence[str]) -> list[str]:
    """The lines of a critique.

    Args:
        problem: The text of a problem of the lab.
        steps: A solution's steps, whatever they hold.

    Returns:
        A line for each step, up to and including the first wrong one.

    Raises:
        Malformed: The problem is not in the lab's language.
    """
    story = read_story(problem)
    known_names = set(story.givens)
    lines = list[str]()
    for step in steps:
        worked_out = _worked_out(story, known_names, step)
        rating = rate_step(story, known_names, step)
        lines.append(": ".join([*worked_out, WRONG if rating == NEGATIVE else RIGHT]))
        if rating == NEGATIVE:
            break
    return lines


def _worked_out(story: Story, known_names: set[str], step: str) -> list[str]:
    """The step as it should be; nothing where it says nothing that can be worked out yet."""
    if step.strip().startswith(_ANSWER):
        return [f"{story.asked_name} has {story.amounts[story.asked_name]}"] if story.asked_name in known_names else []
    claim = step.rpartition(", so ")[2]
    definition = story.by_name.get(claim.partition(_CLAIM)[0].strip())
    if definition is None:
        return []
    if definition.relation == "given":
        return [f"{definition.name} has {definition.number}"]
    if not set(definition.sources) <= known_names:
        return [quoted(definition, story.family)]
    return [quoted(definition, story.family), _operation(story, definition)]


def _operation(story: Story, definition: Definition) -> str:
    amounts, sources = story.amounts, list(definition.sources)
    if definition.relation == "gap":
        sources.sort(key=lambda source: -amounts[source])  # the larger comes first
    left, *others = (f"{source}'s {amounts[source]}" for source in sources)
    right = others[0] if others else str(definition.number)
    name = definition.name
    return f"{left} {OPERATION_OF[definition.relation]} {right}, so {name} has {amounts[name]}"
