r"""LaTeX -> the plain one-line text that the PRM800K grader reads: ``\frac{14}{3}`` -> ``14/3``, ``\sqrt{2}`` -> ``sqrt(2)``.

In: an answer with LaTeX macros. Out: text, or None where the LaTeX cannot be read. The reading is pylatexenc's, as in
the papers' grader, including what it loses (``\frac{x+1}{2}`` -> ``x+1/2``). A short converter for the macros that fill
most answers gives the same text many times faster, and hands over everything it does not know.
"""

import logging
import re
import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pylatexenc.latex2text import LatexNodes2Text

# One lexeme of the LaTeX that the short converter knows: a macro with the blanks it swallows, or plain characters.
_LEXEME = re.compile(r"\\[A-Za-z]+ *|\\[,;:! {}]|[{}]|[A-Za-z0-9+*/^()\[\],.=:;|!_ ]|-(?!-)")
_TIMES, _UNION = "\N{MULTIPLICATION SIGN}", "\N{UNION}"
_MACROS = {"\\pi": "π", "\\cdot": "·", "\\times": _TIMES, "\\infty": "∞", "\\cup": _UNION, "\\{": "{", "\\}": "}"}
_MACROS |= dict.fromkeys(("\\,", "\\;", "\\:", "\\ "), " ") | dict.fromkeys(("\\left", "\\right", "\\!"), "")
_GROUPED = {"\\frac": 2, "\\sqrt": 1, "\\text": 1}
_TO_ASCII = (("√", "sqrt"), ("π", "pi"), ("∞", "inf"), (_UNION, "U"), ("·", "*"), (_TIMES, "*"))
_MAX_DEPTH = 12
_ENVIRONMENT = re.compile(r"\\(begin|end)(?![A-Za-z])")
_SEPARATOR = re.compile(r"&|\\\\")  # of a matrix's columns and rows
_ACCENT = re.compile(  # of the converter's list
    r"\\(?:['`\"^~=.]|(?:[cHkbdruvt]|vec|d?dot|hat|check|breve|acute|grave|tilde|bar|not)(?![A-Za-z]))"
)
_MAX_TEXT_CHARACTERS = 1_000_000
_local = threading.local()


def latex_to_text(latex: str) -> str | None:
    """The plain text of a formula.

    Args:
        latex: The formula, without dollar signs around it.

    Returns:
        Plain text, stripped; None where it is not LaTeX that can be read (the caller keeps what it had).
    """
    latex = latex.replace("\\tfrac", "\\frac").replace("\\dfrac", "\\frac")
    latex = latex.replace("\\frac", " \\frac")  # a mixed number keeps a blank before its fraction
    text = _short(latex)
    if text is None:
        if _most_padded(latex) * _most_accented(latex) > _MAX_TEXT_CHARACTERS:
            return None
        try:
            text = _converter().latex_to_text(latex)
        except Exception:  # the library raises many kinds on broken LaTeX, RecursionError among them
            return None
    for symbol, ascii_text in _TO_ASCII:
        text = text.replace(symbol, ascii_text)
    return text.strip()


def _most_padded(latex: str) -> int:
    """A bound on the characters of the converter's text: it pads each cell of a matrix to the widest one.

    So matrices within matrices multiply the length by their cells, and fifty of them would fill the memory.
    """
    depth = deepest = 0
    for environment in _ENVIRONMENT.finditer(latex):
        depth = depth + 1 if environment[1] == "begin" else max(depth - 1, 0)
        deepest = max(depth, deepest)
    cells = len(_SEPARATOR.findall(latex)) + 1
    padded: int = len(latex) * cells ** min(deepest, 20)  # two cells twenty deep are too many already
    return padded


def _most_accented(latex: str) -> int:
    """A bound on how many times longer accents make the text: the converter adds one to each sign, those of inner accents too."""
    depth = deepest = 0
    for sign in latex:
        depth = max(depth + (sign == "{") - (sign == "}"), 0)
        deepest = max(depth, deepest)
    nested: int = min(len(_ACCENT.findall(latex)), deepest + 1, 40)
    return 1 << nested


def _converter() -> "LatexNodes2Text":
    """One converter per thread: building its macro tables costs as much as a conversion."""
    if not hasattr(_local, "converter"):
        from pylatexenc.latex2text import LatexNodes2Text

        logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)  # broken LaTeX is not news in a model's answers
        _local.converter = LatexNodes2Text()
    converter: LatexNodes2Text = _local.converter
    return converter


def _short(latex: str) -> str | None:
    lexemes = _LEXEME.findall(latex)
    if sum(map(len, lexemes)) != len(latex) or "{}" in latex:
        return None
    try:
        return _group(deque(lexemes), 0)
    except LookupError:  # braces that do not match, a macro without its argument or an unknown one
        return None


def _group(lexemes: deque[str], depth: int) -> str:
    """Text up to the closing brace of this depth, or to the end at depth 0. Raises LookupError."""
    pieces: list[str] = []
    while depth or lexemes:
        if lexemes[0] != "}":
            pieces.append(_piece(lexemes, depth))
        elif depth:
            lexemes.popleft()
            break
        else:
            raise IndexError
    return "".join(pieces)


def _piece(lexemes: deque[str], depth: int) -> str:
    lexeme = lexemes.popleft()
    if lexeme == "{":
        if depth == _MAX_DEPTH:
            raise IndexError
        return _group(lexemes, depth + 1)
    if lexeme[0] != "\\":
        return lexeme
    macro = lexeme if lexeme == "\\ " else lexeme.rstrip(" ")
    if macro not in _GROUPED:
        return _MACROS[macro]
    arguments = [_argument(lexemes, depth) for _ in range(_GROUPED[macro])]
    return f"√({arguments[0]})" if macro == "\\sqrt" else "/".join(arguments)


def _argument(lexemes: deque[str], depth: int) -> str:
    """A macro's argument: a group, or one letter or digit. Raises LookupError where there is none."""
    while lexemes[0] == " ":
        lexemes.popleft()
    if lexemes[0] != "{" and not lexemes[0].isalnum():
        raise IndexError
    return _piece(lexemes, depth)
