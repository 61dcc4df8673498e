"""Exact expressions of the lab: text to tree, tree to value, tree to text, and how far a tree is from an answer.

A tree is an ``int``, a symbol (``str``: one letter and perhaps a number, like ``x`` or ``a3``) or a tuple
``(op, left, right)`` with op one of ``+ - * / ^``. ``2x`` and ``(x+1)(x-2)`` are products. Text is untrusted: nothing
is evaluated as code, and size, depth and magnitude are bounded.
"""

import re
from collections.abc import Mapping
from fractions import Fraction

Tree = int | str | tuple[str, "Tree", "Tree"]
Value = int | Fraction

MAX_TOKENS = 200
MAX_DEPTH = 20
MAX_MAGNITUDE = 10**18
_TOKEN = re.compile(r"\d+|[A-Za-z]\d*|[-+*/^()]")


class Malformed(ValueError):
    """The text is not an expression of the lab (or is too large to be one)."""


def tokenize(text: str) -> list[str]:
    """Tokens of an expression; spaces are ignored. Raises Malformed on any other character."""
    tokens = _TOKEN.findall(text)
    if sum(map(len, tokens)) != len(text) - text.count(" ") or len(tokens) > MAX_TOKENS:
        raise Malformed(f"not an expression: {text[:40]!r}")
    return tokens


class _Parser:
    """Recursive descent: sum -> product -> power -> atom."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def sum(self) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Malformed("too deeply nested")
        tree = self.product()
        while self.peek() in ("+", "-"):
            op = self.take()
            tree = (op, tree, self.product())
        self.depth -= 1
        return tree

    def product(self) -> Tree:
        negative = self.peek() == "-" and bool(self.take())
        tree = self.power()
        if negative:
            tree = -tree if isinstance(tree, int) else ("*", -1, tree)
        while True:
            token = self.peek()
            if token in ("*", "/"):
                self.take()
                tree = (token, tree, self.power())
            elif token and (token == "(" or token[0].isalpha()):
                tree = ("*", tree, self.power())
            else:
                return tree

    def power(self) -> Tree:
        base = self.atom()
        if self.peek() == "^":
            self.take()
            return ("^", base, self.atom())
        return base

    def atom(self) -> Tree:
        token = self.take()
        if token == "(":
            tree = self.sum()
            if self.take() != ")":
                raise Malformed("unbalanced parenthesis")
            return tree
        if token == "-":
            inner = self.atom()
            return -inner if isinstance(inner, int) else ("*", -1, inner)
        if token.isdigit():
            if len(token) > 12:
                raise Malformed("number too long")
            return int(token)
        if token and token[0].isalpha():
            return token
        raise Malformed(f"unexpected {token!r}")


def parse(text: str) -> Tree:
    """The tree of an expression. Raises Malformed."""
    parser = _Parser(tokenize(text))
    tree = parser.sum()
    if parser.position != len(parser.tokens):
        raise Malformed(f"unexpected {parser.peek()!r}")
    return tree


def evaluate(tree: Tree, symbols: Mapping[str, Value]) -> Value:
    """The exact value. Raises Malformed for an unknown symbol, a division by zero or an enormous number."""
    if isinstance(tree, int):
        return tree
    if isinstance(tree, str):
        if tree not in symbols:
            raise Malformed(f"unknown symbol {tree}")
        return symbols[tree]
    op, left, right = tree[0], evaluate(tree[1], symbols), evaluate(tree[2], symbols)
    value: Value
    if op == "+":
        value = left + right
    elif op == "-":
        value = left - right
    elif op == "*":
        value = left * right
    elif op == "/":
        value = _divide(left, right)
    else:
        value = _power(left, right)
    if not -MAX_MAGNITUDE <= value <= MAX_MAGNITUDE:
        raise Malformed("number too large")
    return value


def _divide(left: Value, right: Value) -> Value:
    if right == 0:
        raise Malformed("division by zero")
    value = Fraction(left) / Fraction(right)
    return value.numerator if value.denominator == 1 else value


def _power(base: Value, exponent: Value) -> Value:
    times = int(exponent)
    if times != exponent or not 0 <= times <= 6:
        raise Malformed("exponent out of range")
    value = Fraction(1)
    for _ in range(times):
        value *= base
    return value.numerator if value.denominator == 1 else value


def symbols_of(tree: Tree) -> frozenset[str]:
    """The symbols a tree mentions."""
    if isinstance(tree, int):
        return frozenset()
    if isinstance(tree, str):
        return frozenset((tree,))
    return symbols_of(tree[1]) | symbols_of(tree[2])


_RANK = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 3}


def render(tree: Tree) -> str:
    """Text of a tree with no more parentheses than needed. ``parse(render(t))`` has the value of ``t``."""
    return _render(tree, 0, first=True)


def _render(tree: Tree, outer: int, first: bool) -> str:
    if isinstance(tree, int):
        return str(tree) if tree >= 0 or (first and outer < 3) else f"({tree})"
    if isinstance(tree, str):
        return tree
    op, left, right = tree
    rank = _RANK[op]
    bare_symbol = isinstance(right, str) or (isinstance(right, tuple) and right[0] == "^")
    if op == "*" and bare_symbol and isinstance(left, int):
        text = _coefficient(left) + _render(right, 2, False)
        return f"({text})" if text.startswith("-") and not first else text
    sign = "" if op == "*" and _both_brackets(left, right) else op
    # the right side of - * / needs brackets at its own rank; the left side does not
    text = _render(left, rank, first) + sign + _render(right, rank + (op in "-/*^"), False)
    return f"({text})" if rank < outer else text


def _coefficient(number: int) -> str:
    return {1: "", -1: "-"}.get(number, str(number))


def _both_brackets(left: Tree, right: Tree) -> bool:
    """Whether a product can be written by juxtaposition: something before an opening bracket with a symbol in it."""
    is_sum = isinstance(right, tuple) and right[0] in "+-"
    return is_sum and bool(symbols_of(right))


def cost(tree: Tree) -> int:
    """How much work is left in an expression: operations, with brackets and symbol terms weighing more.

    Simplifying lowers it: 3*(7-2) -> 3*5 -> 15, 2(x+3) -> 2x+6, 3x=21 -> x=21/3 -> x=7.
    """
    if not isinstance(tree, tuple):
        return 0
    op, left, right = tree
    total = 1 + cost(left) + cost(right)
    if op == "*":
        total += isinstance(right, str)
        for side in (left, right):
            if isinstance(side, tuple) and side[0] in "+-":
                total += 3 if symbols_of(side) else 1
    elif op == "-" and isinstance(right, tuple) and right[0] in "+-":
        total += 1
    return total
