"""A story as plain English, and back.

"Some friends have pens. Tom has 3. As many as Tom and 4 more go to Ann. How many pens does Ann have?"

A problem's text is all there is to know of it: any text in this language can be read and labeled, whoever wrote it.
"""

import re
from functools import lru_cache

from stepscale.lab.stories import HELD_OUT_WORDING, Definition, Story


class Malformed(ValueError):
    """The text is not in the lab's language."""


# Relation: its sentence in the usual families, and in the held-out one.
_SENTENCES = {
    relation: (f"As many as {phrase} go to {{name}}.", f"{{name}} gets as many as {phrase}.")
    for relation, phrase in {
        "more": "{first} and {number} more",
        "fewer": "{first} less {number}",
        "times": "{first} times {number}",
        "total": "{first} and {second} together",
        "gap": "{first} less {second}",
    }.items()
}
_GIVEN = "{name} has {number}."
_STORY = re.compile(
    r"Some friends have (?P<things>[a-z]+)\. (?P<told>.+) How many (?P=things) does (?P<asked>[A-Z][a-z]+) have\?"
)
_MAX_PROBLEM_CHARACTERS = 4_000
_FIELDS = {
    "{name}": "(?P<name>[A-Z][a-z]+)",
    "{first}": "(?P<first>[A-Z][a-z]+)",
    "{second}": "(?P<second>[A-Z][a-z]+)",
}


def _pattern(sentence: str) -> re.Pattern[str]:
    text = re.escape(sentence).replace(r"\{", "{").replace(r"\}", "}").replace(r"\ ", " ")
    for field, group in (*_FIELDS.items(), ("{number}", r"(?P<number>[0-9]{1,2})")):
        text = text.replace(field, group)
    return re.compile(text)


_PATTERNS = [("given", _pattern(_GIVEN))] + [
    (relation, _pattern(sentence)) for relation, sentences in _SENTENCES.items() for sentence in sentences
]


def tell(story: Story) -> str:
    """The text of a problem.

    Args:
        story: What it tells; its family decides the wording.
    """
    sentences = " ".join(_sentence(definition, story.family) for definition in story.definitions)
    return f"Some friends have {story.things}. {sentences} How many {story.things} does {story.asked_name} have?"


def quoted(definition: Definition, family: str) -> str:
    """The sentence of a definition, without its period.

    Args:
        definition: What it says.
        family: How relations are told.

    Returns:
        The sentence.
    """
    return _sentence(definition, family)[:-1]


def _sentence(definition: Definition, family: str) -> str:
    if definition.relation == "given":
        return _GIVEN.format(name=definition.name, number=definition.number)
    first, second = (*definition.sources, "")[:2]
    usual, held_out = _SENTENCES[definition.relation]
    wording = held_out if family == HELD_OUT_WORDING else usual
    return wording.format(name=definition.name, number=definition.number, first=first, second=second)


@lru_cache(maxsize=4096)
def read_story(problem: str) -> Story:
    """The story that a problem's text tells.

    Args:
        problem: Its text.

    Raises:
        Malformed: The text is not in the lab's language, or its amounts do not follow from it.
    """
    match = _STORY.fullmatch(problem.strip()) if len(problem) <= _MAX_PROBLEM_CHARACTERS else None
    if not match:
        raise Malformed(f"not a problem of the lab: {problem[:60]!r}")
    definitions = tuple(read_sentence(sentence) for sentence in re.findall(r"[^.]+\.", match["told"].strip()))
    is_usual = all(d[1] for d in definitions)
    story = Story(
        tuple(d[0] for d in definitions), match["asked"], match["things"], "sums" if is_usual else HELD_OUT_WORDING
    )
    if len(story.by_name) < len(definitions) or story.asked_name not in story.by_name:
        raise Malformed(f"a name is told twice, or the asked one never: {problem[:60]!r}")
    try:
        story.amounts  # noqa: B018 - worked out once, here, so that a story that is read is sound
    except ValueError as error:
        raise Malformed(str(error)) from None
    return story


def read_sentence(sentence: str) -> tuple[Definition, bool]:
    """What one sentence of a problem defines.

    Args:
        sentence: With its period.

    Returns:
        Its definition, and whether the wording is that of the usual families. A given amount is worded alike in all.

    Raises:
        Malformed: It is not a sentence of the lab.
    """
    for relation, pattern in _PATTERNS:
        match = pattern.fullmatch(sentence.strip())
        if match:
            fields = match.groupdict()
            sources = tuple(fields[key] for key in ("first", "second") if key in fields)
            usual = relation == "given" or pattern.pattern.startswith("As ")
            return Definition(fields["name"], relation, sources, int(fields.get("number") or 0)), usual
    raise Malformed(f"not a sentence of the lab: {sentence.strip()[:60]!r}")
