"""What a line of free text states about a story: friends' amounts, and sums, differences and products of them.

"So Ann got 7 pens, because Tom has 3 and 3+4 is 7", "Ann: $3 + 4 = 7$", "The answer is 7." and the like, as language models
write. A line is read as a whole or not at all: one word that is not known here may turn its sense, so it makes the line
unreadable. Text is untrusted: it is cut to a bounded length, scanned once from left to right, and never evaluated.
"""

from dataclasses import dataclass
from typing import NamedTuple

from stepscale.lab.free_words import Token, Unreadable, read_words
from stepscale.lab.stories import Story

_OPERATIONS = ("plus", "minus", "times")


class Operand(NamedTuple):
    """A friend, a number, or both: "Tom", "3", "Tom's 3"."""

    name: str | None
    amount: int | None


@dataclass(frozen=True)
class Expression:
    """Operands with the operations between them.

    Attributes:
        operands: At least one.
        operations: "plus", "minus" or "times"; one fewer than there are operands.
    """

    operands: tuple[Operand, ...]
    operations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Statement:
    """Expressions that are said to be equal.

    Attributes:
        subject: The friend whose amount they are said to be; None: not said.
        members: The expressions, as they stand from left to right.
        is_answer: Whether they are said to be the answer.
    """

    subject: str | None
    members: tuple[Expression, ...]
    is_answer: bool = False


def read_statements(line: str, story: Story) -> list[Statement] | None:
    """The statements of a line in order; None if any part of it cannot be read. Names are those of the story and the world.

    Args:
        line: Of a solution.
        story: What the problem tells.

    Returns:
        The statements; an empty list where the line states nothing.
    """
    try:
        return _Reader(read_words(line, story)).statements()
    except Unreadable:
        return None


class _Reader:
    """Recursive descent over the tokens of a line; parentheses hold one expression, so depth is bounded."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.place = 0

    def statements(self) -> list[Statement]:
        """All statements of the line, in order. Raises Unreadable if it states nothing, or cannot be read to its end."""
        statements: list[Statement] = []
        while self._skip_breaks():
            if self._peek() == "equals" and statements:  # "Tom's 3 plus 4, so that makes 7"
                last = statements.pop()
                statements.append(Statement(last.subject, last.members + self._equal_members(), last.is_answer))
            else:
                statements.append(self._statement())
        if not statements:
            raise Unreadable
        return statements

    def _statement(self) -> Statement:
        if self._take("answer"):
            return self._answer()
        if self._take("goto"):  # "For Ann: 3 + 4 = 7"
            name = self._need("name")
            self._skip_breaks()
            return Statement(name, self._members())
        if subject := self._subject():
            return Statement(subject, self._members())
        members = self._members()
        if self._take("goto"):  # "As many as Tom and 4 more go to Ann"
            return Statement(self._need("name"), members)
        return _with_named_member(members)

    def _answer(self) -> Statement:
        while self._peek() in ("equals", ":", "break", "answer"):  # "the answer is \\boxed{7}"
            self.place += 1
        name = self.tokens[self.place].text if self._peek() == "name" else None
        if name and self._subject() is None:
            raise Unreadable
        return Statement(name, self._members(), is_answer=True)

    def _subject(self) -> str | None:
        """The friend of "Ann has", "Ann gets", "Ann:", "Ann's pens:"; None, and nothing taken, where a line goes on otherwise."""
        start, name = self.place, self._take("name")
        owns = bool(self._take("'s"))
        self._take("things")
        if name and (self._take(":") or (not owns and self._take("has"))):
            self._take("equals" if self._peek() == "equals" else ":")
            return name
        self.place = start
        return None

    def _members(self) -> tuple[Expression, ...]:
        return (self._expression(), *(self._equal_members() if self._peek() == "equals" else ()))

    def _equal_members(self) -> tuple[Expression, ...]:
        members = []
        while self._take("equals"):
            members.append(self._expression())
        return tuple(members)

    def _expression(self) -> Expression:
        if self._take("asmanyas"):
            return self._operation(as_many_as=True)
        if compared := self._comparison():
            return compared
        if self._take("("):
            inner = self._operation()
            self._need(")")
            self._take("things")
            return inner
        return self._operation()

    def _operation(self, as_many_as: bool = False) -> Expression:
        operands, operations = [self._operand()], []
        while True:
            if self._peek() in _OPERATIONS:
                operations.append(self._next().kind)
                operands.append(self._operand())
            elif added := self._added(as_many_as):
                operations.append("plus")
                operands.append(added)
            else:
                return Expression(tuple(operands), tuple(operations))

    def _comparison(self) -> Expression | None:
        """ "4 more pens than Tom", "4 less than Tom", "2 times as many as Tom"; None, and nothing taken, for anything else."""
        start = self.place
        if number := self._take("number"):
            self._take("things")
            kind = self._next().kind if self._peek() in ("more", "fewer", "minus", "times") else ""
            self._take("things")
            if kind and self._take("asmanyas" if kind == "times" else "than"):
                operation = {"more": "plus", "fewer": "minus"}.get(kind, kind)
                return Expression((self._operand(), Operand(None, int(number))), (operation,))
        self.place = start
        return None

    def _added(self, as_many_as: bool) -> Operand | None:
        """The second operand of "Tom and 4 more", "Tom and Bob together"; None, and nothing taken, for anything else.

        After "as many as" a number needs no "more".
        """
        start = self.place
        if self._peek() == "break" and self._next().text == "and" and self._peek() in ("name", "number"):
            operand = self._operand()
            is_added = self._take("more") or self._take("together") or self._take("combined")
            if is_added or (as_many_as and operand.name is None):
                return operand
        self.place = start
        return None

    def _operand(self) -> Operand:
        """ "Tom", "Tom's 3", "Tom (3)", "Tom's pens", "3", "3 pens", "3 (Tom)"."""
        if name := self._take("name"):
            owns = self._take("'s")
            amount = self._take("number") if owns else None
            self._take("things")
            amount = amount or self._in_parentheses("number")
        else:
            amount = self._need("number")
            self._take("things")
            name = self._in_parentheses("name")
        return Operand(name, None if amount is None else int(amount))

    def _in_parentheses(self, kind: str) -> str | None:
        inside = [token.kind for token in self.tokens[self.place : self.place + 3]]
        if inside != ["(", kind, ")"]:
            return None
        self.place += 3
        return self.tokens[self.place - 2].text

    def _skip_breaks(self) -> bool:
        """Whether anything is left behind the words and marks that part statements."""
        while self._peek() in ("break", ":", "(", ")") and not self._opens_expression():
            self.place += 1
        return self.place < len(self.tokens)

    def _opens_expression(self) -> bool:
        """Whether a parenthesis here holds what is then said to be equal to something: "(3 + 4) = 7"."""
        if self._peek() != "(":
            return False
        kinds = [token.kind for token in self.tokens[self.place :]]
        end = kinds.index(")") if ")" in kinds else len(kinds)
        return "equals" not in kinds[:end] and kinds[end + 1 : end + 2] == ["equals"]

    def _peek(self) -> str:
        return self.tokens[self.place].kind if self.place < len(self.tokens) else ""

    def _next(self) -> Token:
        self.place += 1
        return self.tokens[self.place - 1]

    def _take(self, kind: str) -> str | None:
        return self._next().text if self._peek() == kind else None

    def _need(self, kind: str) -> str:
        text = self._take(kind)
        if text is None:
            raise Unreadable
        return text


def _with_named_member(members: tuple[Expression, ...]) -> Statement:
    """Of "Ann = 3 + 4 = 7" or "Tom + 4 = Ann" the one member that is a friend alone is whom the others are about.

    "Ann's 7" alone is Ann's amount.
    """
    if len(members) == 1 and not members[0].operations:
        name, amount = members[0].operands[0]
        if name is None or amount is None:
            raise Unreadable
        return Statement(name, (Expression((Operand(None, amount),)),))
    lone = [m.operands[0].name for m in members if not m.operations and m.operands[0].amount is None]
    if len(lone) > 1:
        raise Unreadable
    if not lone:
        if not any(member.operations for member in members):  # "Ann has 3 and 4 = 7"
            raise Unreadable
        return Statement(None, members)
    others = tuple(m for m in members if m.operations or m.operands[0].amount is not None)
    return Statement(lone[0], others)
