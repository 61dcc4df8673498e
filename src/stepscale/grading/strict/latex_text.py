r"""LaTeX -> the plain one-line text that the PRM800K grader reads: ``\frac{14}{3}`` -> ``14/3``, ``\sqrt{2}`` -> ``sqrt(2)``.

In: an answer with LaTeX macros. Out: text, or None where the LaTeX cannot be read. The reading is pylatexenc's, as in
the papers' grader, including what it loses (``\frac{x+1}{2}`` -> ``x+1/2``); a short converter for the macros that fill
most answers gives the same text many times faster, and hands over everything it does not know.
"""

import logging
import re
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pylatexenc.latex2text import LatexNodes2Text

# One lexeme of the LaTeX that the short converter knows: a macro with the blanks it swallows, or plain characters.
_LEXEME = re.compile(r"\\[A-Za-z]+ *|\\[,;:! {}]|[{}]|[A-Za-z0-9+*/^()\[\],.=:;|!_ ]|-(?!-)")
_TIMES, _UNION = "\N{MULTIPLICATION SIGN}", "\N{UNION}"
_MACROS = {
    "\\pi": "π",
    "\\cdot": "·",
    "\\times": _TIMES,
    "\\left": "",
    "\\right": "",
    "\\infty": "∞",
    "\\cup": _UNION,
    "\\,": " ",
    "\\;": " ",
    "\\:": " ",
    "\\!": "",
    "\\ ": " ",
    "\\{": "{",
    "\\}": "}",
}
_GROUPED = {"\\frac": 2, "\\sqrt": 1, "\\text": 1}
_TO_ASCII = (("√", "sqrt"), ("π", "pi"), ("∞", "inf"), (_UNION, "U"), ("·", "*"), (_TIMES, "*"))
_MAX_DEPTH = 12
_local = threading.local()


def latex_to_text(latex: str) -> str | None:
    """The plain text of ``latex``; None where it is not LaTeX that can be read (the caller keeps what it had)."""
    latex = latex.replace("\\tfrac", "\\frac").replace("\\dfrac", "\\frac")
    latex = latex.replace("\\frac", " \\frac")  # a mixed number keeps a blank before its fraction
    text = _short(latex)
    if text is None:
        try:
            text = _converter().latex_to_text(latex)
        except Exception:  # the library raises many kinds on broken LaTeX, RecursionError among them
            return None
    for symbol, ascii_text in _TO_ASCII:
        text = text.replace(symbol, ascii_text)
    return text.strip()


def _converter() -> "LatexNodes2Text":
    """One converter a thread: building its macro tables costs as much as a conversion."""
    made: Any = getattr(_local, "converter", None)
    if made is None:
        from pylatexenc.latex2text import LatexNodes2Text

        _silence_library()
        made = _local.converter = LatexNodes2Text()
    converter: LatexNodes2Text = made
    return converter


@cache
def _silence_library() -> None:
    logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)  # broken LaTeX is no news in a model's answers


def _short(latex: str) -> str | None:
    lexemes = _LEXEME.findall(latex)
    if sum(map(len, lexemes)) != len(latex) or "{}" in latex:
        return None
    read = _read(lexemes, 0, 0)
    return read[0] if read is not None and read[1] == len(lexemes) else None


def _read(lexemes: list[str], at: int, depth: int) -> tuple[str, int] | None:
    """Text of lexemes from ``at`` to the closing brace of this depth (or to the end at depth 0), and where it ends."""
    out: list[str] = []
    while at < len(lexemes):
        lexeme = lexemes[at]
        if lexeme == "}":
            return ("".join(out), at + 1) if depth else None
        read = _read_one(lexemes, at, depth)
        if read is None:
            return None
        out.append(read[0])
        at = read[1]
    return None if depth else ("".join(out), at)


def _read_one(lexemes: list[str], at: int, depth: int) -> tuple[str, int] | None:
    lexeme = lexemes[at]
    if lexeme == "{":
        return _read(lexemes, at + 1, depth + 1) if depth < _MAX_DEPTH else None
    if lexeme[0] != "\\":
        return lexeme, at + 1
    macro = lexeme.rstrip(" ") if lexeme != "\\ " else lexeme
    if macro in _MACROS:
        return _MACROS[macro], at + 1
    if macro not in _GROUPED:
        return None
    arguments: list[str] = []
    at += 1
    for _ in range(_GROUPED[macro]):
        argument = _argument(lexemes, at, depth)
        if argument is None:
            return None
        arguments.append(argument[0])
        at = argument[1]
    if macro == "\\sqrt":
        return f"√({arguments[0]})", at
    return "/".join(arguments), at


def _argument(lexemes: list[str], at: int, depth: int) -> tuple[str, int] | None:
    """A macro's argument: a group, or one letter or digit."""
    while at < len(lexemes) and lexemes[at] == " ":
        at += 1
    if at == len(lexemes):
        return None
    if lexemes[at] == "{":
        return _read_one(lexemes, at, depth)
    return (lexemes[at], at + 1) if lexemes[at].isalnum() else None
