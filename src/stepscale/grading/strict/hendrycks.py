"""Hendrycks et al.'s string normalization of MATH answers: the first of the PRM800K grader's two readings.

In: a final answer as text. Out: the text in a canonical spelling (``\\frac{1}{2}`` for ``\\tfrac12``, ``1/2`` and ``0.5``).
Two answers whose canonical spellings are the same string are the same answer; nothing is computed here, and nothing
here knows what the spelling means. The rules, with their oddities (``0.5`` but not ``0.25``; ``x=5`` but not ``abc=5``), are
those that papers A and B graded with. They decide what counts as correct, so they are kept as they were.
"""

import re

_TEXT = re.compile(r"^\\text\{(?P<text>.+?)\}$")
_BARE_ROOT = re.compile(r"\\sqrt(?:\Z|\\sqrt)")
_UNBRACED_ROOT = re.compile(r"\\sqrt([^{])", re.DOTALL)


def canonical(answer: str) -> str:
    """The canonical spelling of an answer.

    Args:
        answer: LaTeX or plain text.

    Returns:
        The spelling; where the rules cannot spell the answer, the answer as it was, stripped.
    """
    answer = without_text_macro(answer.strip()).strip()
    if answer.isdigit():  # the common case needs none of the rules
        return answer
    spelled = _spell(answer)
    return answer if spelled is None else spelled


def without_text_macro(answer: str) -> str:
    r"""The content of an answer that is one ``\text{...}``; any other answer as it is."""
    enclosed = _TEXT.match(answer) if answer.startswith("\\text{") else None
    return answer if enclosed is None else enclosed["text"]


def _spell(text: str) -> str | None:
    """Apply every rule in its order; None where a rule does not fit the text (then none of them counts)."""
    text = text.replace("\n", "")
    if "\\" in text:
        text = text.replace("\\!", "").replace("\\\\", "\\")
    text = text.replace("tfrac", "frac").replace("dfrac", "frac")
    if "\\" in text:
        for command in ("\\left", "\\right", "^{\\circ}", "^\\circ", "\\$"):
            text = text.replace(command, "")
        if "\\text{ " in text:  # in MATH this opens a unit on the right
            parts = text.split("\\text{ ")
            if len(parts) != 2:
                return None
            text = parts[0]
        text = text.replace("\\%", "")
    text = text.replace(" .", " 0.").replace("{.", "{0.")
    if not text:
        return text
    if text[0] == ".":
        text = "0" + text
    sides = text.split("=", 2)
    if len(sides) == 2 and len(sides[0]) <= 2:  # `k=5`
        text = sides[1]
    rooted = _braced_roots(text)
    if rooted is None:
        return None
    fractioned = _braced_fractions(rooted.replace(" ", ""))
    if fractioned is None:
        return None
    return "\\frac{1}{2}" if fractioned == "0.5" else _slash_as_fraction(fractioned)


def _braced_roots(text: str) -> str | None:
    r"""``\sqrt3`` -> ``\sqrt{3}``; None where nothing follows the root."""
    if _BARE_ROOT.search(text):
        return None
    return _UNBRACED_ROOT.sub(r"\\sqrt{\1}", text)


def _braced_fractions(text: str) -> str | None:
    r"""``\frac12`` and ``\frac1{2}`` -> ``\frac{1}{2}``; None where nothing follows, unchanged where too little does."""
    first, *parts = text.split("\\frac")
    pieces = [first]
    for piece in parts:
        if not piece:
            return None
        if piece[0] == "{":
            pieces.append("\\frac" + piece)
        elif len(piece) < 2:
            return text
        elif piece[1] == "{":
            pieces.append("\\frac{" + piece[0] + "}" + piece[1:])
        else:
            pieces.append("\\frac{" + piece[0] + "}{" + piece[1] + "}" + piece[2:])
    return "".join(pieces)


def _slash_as_fraction(text: str) -> str:
    r"""``3/4`` -> ``\frac{3}{4}``, where both sides are integers in their plain spelling."""
    sides = text.split("/", 2)
    if len(sides) != 2 or not all(_plain_integer(side) for side in sides):
        return text
    return "\\frac{" + sides[0] + "}{" + sides[1] + "}"


def _plain_integer(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and (digits[0] != "0" or text == "0")
