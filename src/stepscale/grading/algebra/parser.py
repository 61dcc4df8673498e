"""Plain text -> expression: a tokenizer and a recursive-descent parser for what the PRM800K grader can compute.

In: normalized text such as ``2sqrt(3)x^2/4``. Out: an expression tree, or None where the text is not an expression (``x=3``,
``1;2``, prose). Text is only ever cut into numbers, letters and operators: no character of it reaches Python's or sympy's
evaluators.

Precedence is Python's with ``^`` for power, and side by side means times, with the precedence of ``*``: ``1/2x`` is
``(1/2)*x``. A word that is not a known name is the product of its letters, and a letter before a bracket is a factor
(``n(n+1)``), as in that grader.
"""

import re
from fractions import Fraction

from stepscale.grading.algebra.expression import MAX_LENGTH, Call, Expression, Negation, Number, Operation, Symbol

_TOKEN = re.compile(
    r"(?P<based>0x(?:_?[0-9a-f])+|0b(?:_?[01])+|0o(?:_?[0-7])+)|"  # Python's hexadecimal, binary and octal numerals
    r"(?P<number>(?:[0-9](?:_?[0-9])*)?\.[0-9](?:_?[0-9])*(?:e[-+]?[0-9]+)?|[0-9](?:_?[0-9])*\.?(?:e[-+]?[0-9]+)?)"
    r"(?P<imaginary>j?)|(?P<word>[^\W\d]\w*)|(?P<operator>\*\*|!!|[-+*/^()!])"
)
_ZEROS_BEFORE = re.compile(r"0(?:_?0)*(?=_?[1-9])(?=[0-9_]+$)")  # of an integer, as `0` of `07`
_FUNCTIONS = frozenset({"sqrt", "ln", "csc"})
_UNSPLIT = frozenset({"pi", "xi", "mu", "nu"})  # Greek names stay whole
# Functions of sympy and words of Python: the papers' grader would not have read them as letters.
_REFUSED_WORDS = re.compile("as|eye|fft?|frac|fu|gff|if|i[mns]|jn|li|nan|ntt|oo|or|r[ef]|yn|zoo")
_MAX_DEPTH = 60
_MAX_NUMBER = 60  # characters of one numeral
_MAX_TOKENS = 400
_END = ("end", "")
Token = tuple[str, str]


class _Unreadable(Exception):
    """The text is not an expression (private to this module)."""


def parse(text: str) -> Expression | None:
    """The expression that ``text`` writes, or None.

    Args:
        text: Plain mathematics as ``strict.plain`` writes it, such as ``2*x^2-sqrt(3)``.

    Returns:
        Its tree. None where it is not an expression, or is beyond a limit of safety: 1,000 characters, 400 tokens, 60 characters
        of a numeral, 60 levels.
    """
    if len(text) > MAX_LENGTH:
        return None
    try:
        parser = _ExpressionParser(_tokens(text))
        tree = parser.sum(0)
        return tree if parser.next == _END else None
    except _Unreadable:
        return None


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    start = 0
    while start < len(text):
        match = _TOKEN.match(text, start)
        if match is None:
            raise _Unreadable
        start = match.end()
        kind = match.lastgroup
        if kind == "based":
            if len(match["based"]) > _MAX_NUMBER:
                raise _Unreadable
            tokens.append(("number", str(int(match["based"], 0))))
        elif kind == "imaginary":  # the group after a number always takes part, empty or not
            zeros = None if match["imaginary"] else _ZEROS_BEFORE.match(match["number"])
            if zeros:  # to Python's tokenizer `07` is two numerals, side by side: 0 times 7
                start = match.start() + zeros.end()
            tokens.append(("number", zeros[0] if zeros else match["number"]))
            if match["imaginary"]:
                tokens.append(("word", "I"))
        elif kind == "word":
            tokens.extend(_words(match["word"], before_bracket=text[start : start + 1] == "("))
        else:
            tokens.append(("operator", "^" if match["operator"] == "**" else match["operator"]))
    if len(tokens) > _MAX_TOKENS:
        raise _Unreadable
    tokens.append(_END)
    return tokens


def _words(word: str, *, before_bracket: bool) -> list[Token]:
    if _REFUSED_WORDS.fullmatch(word):
        raise _Unreadable
    if word in _FUNCTIONS:
        if not before_bracket:
            raise _Unreadable
        return [("function", word)]
    if len(word) == 1 or "_" in word or word in _UNSPLIT:
        return [("word", word)]
    pieces = re.findall(r"[0-9]+|[^0-9]", word)
    digits = [piece for piece in pieces if piece.isdigit()]
    if any(_ZEROS_BEFORE.match(piece) or not piece.isascii() for piece in digits):
        raise _Unreadable  # sympy reads no `07` and no `²` in a word
    return [("number" if piece.isdigit() and piece.isascii() else "word", piece) for piece in pieces]


class _ExpressionParser:
    """One token of look-ahead over a token list; every method takes the nesting depth and returns a tree."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self.next = tokens[0]

    def _advance(self) -> Token:
        token = self.next
        self._at += 1
        self.next = self._tokens[min(self._at, len(self._tokens) - 1)]
        return token

    def _takes(self, operator: str) -> bool:
        if self.next != ("operator", operator):
            return False
        self._advance()
        return True

    def sum(self, depth: int) -> Expression:
        """A sum or difference of products, as long as it goes on.

        Args:
            depth: Brackets, signs and powers around it.

        Raises:
            _Unreadable: The text is not an expression, or nested too deeply.
        """
        if depth > _MAX_DEPTH:
            raise _Unreadable
        tree = self._product(depth)
        while self.next in (("operator", "+"), ("operator", "-")):
            operator = self._advance()[1]
            tree = Operation(operator, tree, self._product(depth))
        return tree

    def _product(self, depth: int) -> Expression:
        tree = self._signed(depth)
        while True:
            if self.next in (("operator", "*"), ("operator", "/")):
                operator = self._advance()[1]
                tree = Operation(operator, tree, self._signed(depth))
            elif self.next[0] in ("number", "word", "function") or self.next == ("operator", "("):
                tree = Operation("*", tree, self._power(depth))
            else:
                return tree

    def _signed(self, depth: int) -> Expression:
        if depth > _MAX_DEPTH:
            raise _Unreadable
        if self._takes("-"):
            return Negation(self._signed(depth + 1))
        if self._takes("+"):
            return self._signed(depth + 1)
        return self._power(depth)

    def _power(self, depth: int) -> Expression:
        base = self._postfix(depth)
        return Operation("^", base, self._signed(depth + 1)) if self._takes("^") else base

    def _postfix(self, depth: int) -> Expression:
        tree = self._atom(depth)
        while self.next in (("operator", "!"), ("operator", "!!")):
            tree = Call(self._advance()[1], tree)
        return tree

    def _atom(self, depth: int) -> Expression:
        kind, text = self._advance()
        if kind == "number":
            return _number(text)
        if kind == "word":
            return Symbol(text)
        if kind == "function":
            self._advance()  # the bracket that made it a function
            return Call(text, self._bracketed(depth))
        if (kind, text) == ("operator", "("):
            return self._bracketed(depth)
        raise _Unreadable

    def _bracketed(self, depth: int) -> Expression:
        tree = self.sum(depth + 1)
        if not self._takes(")"):
            raise _Unreadable
        return tree


def _number(text: str) -> Number:
    text = text.replace("_", "")
    exponent = text.partition("e")[2]
    if len(text) > _MAX_NUMBER or len(exponent) > 3:
        raise _Unreadable
    return Number(Fraction(text), decimal=not text.isdigit())
