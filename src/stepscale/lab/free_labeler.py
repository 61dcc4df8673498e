"""The symbolic labeler for solutions in free text: the strict labeler's verdict, or none where a line cannot be read.

A line in the lab's own form goes to the strict labeler. Any other is read for what it states (``free_text``), and that is judged
as the strict labeler judges. A friend's amount must be true and follow by the story's own operation from amounts that are known.
It abstains rather than guesses. Ratings end before the first line that it cannot read, for what is known after that is unknown.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from stepscale.formats.ratings import NEGATIVE, NEUTRAL, POSITIVE
from stepscale.lab import labeler
from stepscale.lab.free_text import Expression, Operand, Statement, read_statements
from stepscale.lab.free_words import plain_text
from stepscale.lab.stories import OPERATION_OF, Definition, Story, result_of
from stepscale.lab.wording import read_story

# A line of these words and names alone opens a solution and states nothing, if one of the first kind is among them.
_OPENING = re.compile("let|solve|solution|steps?|find|calculate")
_AROUND = re.compile("us|we|will|can|need|to|the|this|problem|by|first|s|how|many|does|have|has|of|in|each|friend|now")
_MAX_OPENING_CHARACTERS = 200


def rate_steps(problem: str, steps: Sequence[str]) -> list[int]:
    """Ratings of ``steps`` in order, up to the first negative one or before the first unreadable one (-1, 0 or +1 each).

    Args:
        problem: Its text, in the lab's language.
        steps: Of a solution, in any words.

    Returns:
        Ratings [n], n at most the number of steps.

    Raises:
        Malformed: The problem is not in the lab's language.
    """
    story = read_story(problem)
    judge = _Judge(story, set(story.givens))
    ratings: list[int] = []
    for step in steps:
        rating = judge.rate(step)
        if rating is None:
            break
        ratings.append(rating)
        if rating == NEGATIVE:
            break
    return ratings


@dataclass
class _Judge:
    """Judges lines in order. ``known_names``: friends with a worked-out amount; ``quoted``: whose relation a line has told."""

    story: Story
    known_names: set[str]
    quoted: set[str] = field(default_factory=set)

    def rate(self, line: str) -> int | None:
        """The rating of the next ``line``, -1, 0 or +1; None if it cannot be read. What it works out is known from then on."""
        restates = any(line.strip().startswith(f"{name} has ") for name in self.quoted)
        if labeler.is_in_form(line) and not restates:
            return labeler.rate_step(self.story, self.known_names, line)
        if _only_opens(line, self.story):
            return NEUTRAL
        statements = read_statements(line, self.story)
        if statements is None:
            return None
        if any(self._is_false(statement) for statement in statements):
            return NEGATIVE
        verdicts = [self._verdict(statement) for statement in _joined(statements, self.known_names)]
        if None in verdicts:
            return None
        return NEGATIVE if NEGATIVE in verdicts else max(verdict for verdict in verdicts if verdict is not None)

    def _is_false(self, statement: Statement) -> bool:
        """Whether a statement is not true in the story, and cannot be a true one that is badly worded."""
        operands = [operand for member in statement.members for operand in member.operands]
        named = {operand.name for operand in operands} | {statement.subject}
        if not named <= {None, *self.story.by_name}:
            return True
        is_wrong = any(o.name and o.amount not in (None, self.story.amounts[o.name]) for o in operands)
        return (is_wrong or len(self._values(statement)) > 1) and not self._may_mean_otherwise(statement)

    def _verdict(self, statement: Statement) -> int | None:
        """What the strict labeler would say about a statement; None if it is not clear how it is meant."""
        if self._is_false(statement):  # an operation and the amount it was joined to
            return NEGATIVE
        if len(self._values(statement)) > 1 or any(len(member.operations) > 1 for member in statement.members):
            return None
        if statement.is_answer:
            return self._answer(statement)
        if statement.subject is None:
            return self._of_nobody(statement)
        return self._follows(statement.subject, statement.members)

    def _answer(self, statement: Statement) -> int | None:
        name, amount = self.story.asked_name, statement.members[-1].operands[0].amount
        if len(statement.members) > 1 or statement.members[0].operations or amount is None:
            return None
        is_right = name in self.known_names and amount == self.story.amounts[name] and statement.subject in (None, name)
        return POSITIVE if is_right else NEGATIVE

    def _of_nobody(self, statement: Statement) -> int | None:
        """ "3 + 4 = 7": whose amount it is, is clear only if it is that of one friend who can be worked out."""
        derivations = [member for member in statement.members if member.operations]
        if not derivations or not _numbers(statement.members):
            return None
        [value] = self._values(statement)
        fitting = [
            definition.name
            for definition in self.story.definitions
            if self.story.amounts[definition.name] == value
            and set(definition.sources) <= self.known_names
            and all(self._fits(definition, member) for member in derivations)
        ]
        return self._follows(fitting[0], statement.members) if len(fitting) == 1 else None

    def _follows(self, name: str, members: Sequence[Expression]) -> int | None:
        """The verdict on a true amount of a friend, by how it is worked out."""
        derivations = [member for member in members if member.operations]
        definition = self.story.by_name[name]
        fits = [self._fits(definition, member) for member in derivations]
        if False in fits and _is_doubling(definition, derivations):
            return None
        if not _numbers(members):
            if False in fits or not fits:
                return None  # true, and not what the story says
            self.quoted.add(name)
            return NEUTRAL
        if False in fits:
            return NEGATIVE
        if not fits and name in self.known_names:
            return NEUTRAL
        if not (fits or name in self.quoted) or not set(definition.sources) <= self.known_names:
            return NEGATIVE  # a leap
        progress = name in self.story.needed and name not in self.known_names
        self.known_names.add(name)
        return POSITIVE if progress else NEUTRAL

    def _fits(self, definition: Definition, derivation: Expression) -> bool:
        """Whether a derivation is the story's operation for a friend, on its operands, named or not."""
        if derivation.operations != (OPERATION_OF.get(definition.relation),):
            return False
        left, right = derivation.operands
        if len(definition.sources) == 2:
            first, second = definition.sources
            orders = [(first, second), (second, first)]
            return any(self._is_amount_of(a, left) and self._is_amount_of(b, right) for a, b in orders)
        orders_of_one = [(left, right)] if definition.relation == "fewer" else [(left, right), (right, left)]
        [source] = definition.sources
        return any(self._is_amount_of(source, a) and b == Operand(None, definition.number) for a, b in orders_of_one)

    def _is_amount_of(self, name: str, operand: Operand) -> bool:
        return operand.name == name or (operand.name is None and operand.amount == self.story.amounts[name])

    def _values(self, statement: Statement) -> set[int]:
        """The different values of what is said to be equal, with true amounts for friends.

        Left out are members of several operations, and the story's own words: it tells a difference in either order.
        """
        definition = self.story.by_name.get(statement.subject or "")
        values = {self._value(m) for m in statement.members if len(m.operations) < 2 and not _is_told(definition, m)}
        return values | ({self.story.amounts[statement.subject]} if statement.subject else set())

    def _value(self, member: Expression) -> int:
        first, *second = (self.story.amounts[o.name] if o.name else o.amount or 0 for o in member.operands)
        return result_of(member.operations[0], first, second[0]) if second else first

    def _may_mean_otherwise(self, statement: Statement) -> bool:
        """Whether an untrue statement may be a true one, badly worded.

        "Tom has 3 plus 4" may begin with what Tom has, "Ann has 4" may tell what is added, "Ann's 3 + 4 = 7" may be a sum that is
        Ann's, and "3 + 4 = 7 + 2 = 9" runs on.
        """
        if sum(bool(member.operations) for member in statement.members) > 1:
            return True
        first, last = statement.members[0].operands[0], statement.members[-1].operands[0]
        if statement.subject is None:
            return bool(first.name and first.amount and last.amount == self.story.amounts[first.name])
        begins = Operand(None, self.story.amounts[statement.subject])
        added = Operand(None, self.story.by_name[statement.subject].number)
        return first == (begins if statement.members[0].operations else added)


def _is_told(definition: Definition | None, member: Expression) -> bool:
    """Whether a member is what the story says about a friend, in its order and without amounts."""
    if definition is None or not member.operations:
        return False
    operands = tuple(Operand(source, None) for source in definition.sources)
    if len(operands) == 1:
        operands += (Operand(None, definition.number),)
    return member.operations == (OPERATION_OF.get(definition.relation),) and member.operands == operands


def _numbers(members: Iterable[Expression]) -> list[Expression]:
    """The members that are a number, or a friend with an amount."""
    return [member for member in members if not member.operations and member.operands[0].amount is not None]


def _is_doubling(definition: Definition, derivations: Iterable[Expression]) -> bool:
    """Whether "times 2" is worked out as a sum of equals, which is right and not the story's operation."""
    return definition.relation == "times" and any(member.operations == ("plus",) for member in derivations)


def _only_opens(line: str, story: Story) -> bool:
    """Whether a line opens a solution and states nothing: "Let's solve this step by step."."""
    text = plain_text(line[:_MAX_OPENING_CHARACTERS])
    if len(line) > _MAX_OPENING_CHARACTERS or any(c.isdigit() for c in text):
        return False
    words = [word.lower() for word in re.findall(r"\w+", text) if word not in (*story.by_name, story.things)]
    opening = [word for word in words if _OPENING.fullmatch(word)]
    return bool(opening) and all(word in opening or _AROUND.fullmatch(word) for word in words)


def _joined(statements: Sequence[Statement], known_names: Collection[str]) -> list[Statement]:
    """Statements with an operation of nobody's joined to the friend whom they are about; answers last."""
    amounts = [statement for statement in statements if not statement.is_answer]
    # 1. What is said of one friend in several places is one statement, at the last of them.
    by_subject: list[Statement] = []
    for statement in amounts:
        same = next((s for s in by_subject if statement.subject and s.subject == statement.subject), None)
        if same and statement.subject not in known_names:
            by_subject.remove(same)
            statement = replace(statement, members=same.members + statement.members)
        by_subject.append(statement)
    # 2. "3 + 4 = 7, so Ann has 7": an operation right before an amount that was not known is how it was worked out.
    joined: list[Statement] = []
    for statement in by_subject:
        is_open = _is_open(statement, known_names)
        while is_open and joined and joined[-1].subject is None:
            statement = replace(statement, members=joined.pop().members + statement.members)
            is_open = bool(joined) and not _numbers(joined[-1].members)  # and before it, words without a result
        joined.append(statement)
    # 3. "Ann has 7, for Tom has 3 and 3 + 4 = 7": likewise elsewhere, where there is one of each.
    nobodys = [s for s in joined if s.subject is None]
    open_ones = [s for s in joined if _is_open(s, known_names)]
    if len(nobodys) == len(open_ones) == 1:
        joined = [s for s in joined if s not in (*nobodys, *open_ones)]
        joined.append(replace(open_ones[0], members=open_ones[0].members + nobodys[0].members))
    return joined + [statement for statement in statements if statement.is_answer]


def _is_open(statement: Statement, known_names: Collection[str]) -> bool:
    """Whether it tells an amount that was not known without an operation on numbers."""
    if statement.subject is None or statement.subject in known_names:
        return False
    return not any(m.operations and m.operands[0].amount is not None for m in statement.members)
