r"""A bare LaTeX answer that is one real number, as an exact expression: ``\frac{1}{2}``, ``2\sqrt{3}``, ``-\pi``.

Everything whose reading is not beyond doubt is None: letters, units, percent, mixed numbers, ``1/2(3)``, tuples, words.
This reader serves short cuts that must never be wrong; coverage is not a goal.
"""

import re
from collections import deque

from stepscale.grading.algebra.expression import Expression
from stepscale.grading.algebra.parser import parse

_SPACES = re.compile(r"\\[,;:! ]|\\left(?![a-z])|\\right(?![a-z])|\s+")
_FRACTIONS = re.compile(r"\\[dtc]frac(?![a-z])")
_LEXEME = re.compile(r"\d+(?:\.\d+)?|\\(?:frac|sqrt|pi|cdot|times)(?![a-zA-Z])|[-+*/^(){}]")
_DOUBTFUL = re.compile(
    r"\d\\frac|\d\(\d|/\(|/[^\d\\({]|/\\|/\d+(?:[\\({^.]|/)|\^\d\d|\^[-\\]|\)\d|\}\d|\\pi[\d({]|[-+]{2}"
    r"|\^(?:\{[^{}]*\}|\d)\^|\^\{[^{}]*[^\d{}]|(?<![\d.])0\d"
)
_DIGITS_APART = re.compile(r"\d(?:\s|\\[,;:! ])+\d")
_BARE_ARGUMENTS = re.compile(r"\\frac(\d)(\d|(?=\{))|\\sqrt(\d)")
_MAX_ANSWER_CHARACTERS = 200
_MAX_LEXEMES = 80


def read_real(answer: str) -> Expression | None:
    """The number that a bare answer writes.

    Args:
        answer: A final answer without delimiters.

    Returns:
        Its expression in numbers, square roots and pi; None where its reading is in doubt.
    """
    if len(answer) > _MAX_ANSWER_CHARACTERS or _DIGITS_APART.search(answer):
        return None
    text = _SPACES.sub("", _FRACTIONS.sub(r"\\frac", answer.strip().removeprefix("\\$")))
    text = _BARE_ARGUMENTS.sub(_braced, text)
    if text[:1] not in ("-", "\\"):
        text = text.removesuffix("^\\circ").removesuffix("^{\\circ}")
    lexemes = _LEXEME.findall(text)
    if not lexemes or _DOUBTFUL.search(text) or sum(map(len, lexemes)) != len(text) or len(lexemes) > _MAX_LEXEMES:
        return None
    try:
        return parse(_group(deque(lexemes), 0))
    except IndexError:  # a macro without its argument, a brace without its partner, or a bracket as a factor
        return None


def _braced(bare: re.Match[str]) -> str:
    r"""``\frac12`` -> ``\frac{1}{2}``, ``\sqrt2`` -> ``\sqrt{2}``."""
    over, under, root = bare.groups()
    if root is not None:
        return f"\\sqrt{{{root}}}"
    return f"\\frac{{{over}}}" + (f"{{{under}}}" if under else "")


def _group(lexemes: deque[str], depth: int) -> str:
    """Plain text with every grouping as brackets, up to the brace that closes this depth.

    Raises:
        IndexError: It cannot be read beyond doubt.
    """
    pieces: list[str] = []
    while depth or lexemes:
        if lexemes[0] == "}":
            if not depth:
                raise IndexError
            lexemes.popleft()
            break
        piece = _piece(lexemes, depth)
        if pieces and piece[0] == "(" and (pieces[-1][-1] == ")" or pieces[-1][-1].isalnum()):
            raise IndexError  # `(3)(4)`: a product to us, not to the library
        if pieces and piece[0].isalpha() and pieces[-1][-1].isalnum():
            pieces.append("*")  # side by side are factors, never a name
        pieces.append(piece)
    return "".join(pieces)


def _piece(lexemes: deque[str], depth: int) -> str:
    lexeme = lexemes.popleft()
    if lexeme == "{":
        return f"({_group(lexemes, depth + 1)})"
    if lexeme == "\\frac":
        return f"({_argument(lexemes, depth)}/{_argument(lexemes, depth)})"
    if lexeme == "\\sqrt":
        return f"sqrt{_argument(lexemes, depth)}"
    return "*" if lexeme in ("\\cdot", "\\times") else lexeme.removeprefix("\\")


def _argument(lexemes: deque[str], depth: int) -> str:
    """A macro's argument, a group, in brackets. Raises IndexError where there is none."""
    if lexemes[0] != "{":
        raise IndexError
    return _piece(lexemes, depth)
