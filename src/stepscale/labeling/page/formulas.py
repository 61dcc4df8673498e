"""A text with LaTeX in it as parts: plain text, and formulas as MathML, which browsers draw without a script or a font file.

In: what a model or a data set wrote, which is untrusted. Out: strings and trees of known MathML elements. A tree is data and
no markup, so nothing of the text can ever run. A formula that cannot be read is shown as it was written.
"""

import html
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

Tree = list[Any]
"""[tag, attributes, child ...]; a child is a string or a tree."""

_MAX_FORMULA_CHARACTERS = 2_000  # of one formula; a longer one is shown as text
_MAX_DRAWN_CHARACTERS = 20_000  # characters of formulas that are drawn in one text: about a second's work
_MAX_DEPTH = 60
_OPENING = re.compile(
    r"\$\$|\\\[|\\\(|(?<!\\)\$(?=\S)|"
    r"\\begin\{((?:align|aligned|alignat|array|cases|eqnarray|equation|gather|gathered|multline|[pbvVB]?matrix)\*?)\}"
)
_CLOSING = {"$$": "$$", r"\[": r"\]", r"\(": r"\)"}
_CLOSING_DOLLAR = re.compile(r"(?<![\s\\])\$(?!\d)")  # pandoc's rule: "$5 and $7" are two prices
_TAGS = re.compile(
    "math|mrow|mi|mn|mo|ms|mtext|mspace|msup|msub|msubsup|mfrac|msqrt|mroot|mover|munder|munderover|mtable|mtr|mtd|mstyle|"
    "mpadded|mphantom|mmultiscripts|mprescripts|none|menclose"
)
_ATTRIBUTES = re.compile(
    "accent|accentunder|columnalign|columnlines|columnspacing|depth|display|displaystyle|fence|form|height|largeop|"
    "linethickness|lspace|mathvariant|maxsize|minsize|movablelimits|notation|rowlines|rowspacing|rspace|scriptlevel|"
    "separator|stretchy|symmetric|voffset|width"
)
_VALUE = re.compile(r"[\w .%+-]{0,40}")


class Formula(NamedTuple):
    """A formula as it was written, and its MathML."""

    latex: str
    mathml: Tree


def parts(text: str) -> list[str | Formula]:
    """The text cut into plain pieces and formulas, in order.

    Formulas stand between ``$``, ``$$``, ``\\(``, ``\\[`` or in an environment such as ``align``.

    Args:
        text: A problem, a step or an answer.
    """
    pieces: list[str | Formula] = []
    start, budget = 0, _MAX_DRAWN_CHARACTERS
    for begin, end, latex, block in _formulas(text):
        budget -= len(latex)
        tree = mathml(latex, block) if budget >= 0 else None
        if tree is not None:
            pieces += [_plain(text[start:begin])] if begin > start else []
            pieces.append(Formula(text[begin:end], tree))
            start = end
    return [*pieces, _plain(text[start:])] if start < len(text) else pieces


def parts_as_json(text: str) -> list[str | dict[str, Any]]:
    """The parts of a text as the page takes them: strings, and formulas with their fields by name.

    Args:
        text: A problem, a step or an answer.
    """
    return [part if isinstance(part, str) else part._asdict() for part in parts(text)]


def as_html(text: str) -> str:
    """A text as HTML, all of it escaped, for a page that takes nothing else (Label Studio).

    Args:
        text: A problem, a step or an answer.
    """
    pieces = [html.escape(part) if isinstance(part, str) else _markup(part.mathml) for part in parts(text)]
    return "".join(pieces).replace("\n", "<br>")


@lru_cache(4_096)
def mathml(latex: str, block: bool = False) -> Tree | None:
    """The MathML of a formula; None if it cannot be read, is too long, or holds what is not MathML.

    Args:
        latex: The formula, without its dollar signs.
        block: Whether it stands on a line of its own.
    """
    from latex2mathml.converter import convert_to_element

    if len(latex) > _MAX_FORMULA_CHARACTERS or not latex.strip():
        return None
    try:
        tree = _tree(convert_to_element(latex, display="block" if block else "inline"))
    except Exception:  # whatever a library says about a broken formula: it is shown as it was written
        return None
    return tree


def _tree(element: Element, depth: int = 0) -> Tree:
    """Known elements and attributes alone. Raises ValueError for an unknown element, or too deep a nesting."""
    if not _TAGS.fullmatch(element.tag) or depth > _MAX_DEPTH:
        raise ValueError(element.tag)
    attributes = {k: v for k, v in element.attrib.items() if _ATTRIBUTES.fullmatch(k) and _VALUE.fullmatch(v)}
    text = [html.unescape(element.text)] if element.text else []
    return [element.tag, attributes, *text, *(_tree(child, depth + 1) for child in element)]


def _markup(tree: Tree | str) -> str:
    if isinstance(tree, str):
        return html.escape(tree)
    tag, attributes, *children = tree
    values = "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items())
    return f"<{tag}{values}>{''.join(map(_markup, children))}</{tag}>"


def _formulas(text: str) -> Iterator[tuple[int, int, str, bool]]:
    """Begin, end, LaTeX and whether it stands alone, of each formula; in one pass, whatever the text."""
    place, unclosed = 0, set[str]()
    while opening := _OPENING.search(text, place):
        mark, place = opening.group(), opening.end()
        if mark in unclosed:
            continue
        closing = _closing(text, opening)
        if closing is None:
            unclosed.add(mark)
        elif "\n\n" not in text[place : closing[0]]:
            inner = opening.group() + text[place : closing[1]] if opening.group(1) else text[place : closing[0]]
            yield opening.start(), closing[1], inner, mark not in ("$", r"\(")
            place = closing[1]


def _closing(text: str, opening: re.Match[str]) -> tuple[int, int] | None:
    """Where the formula's closing mark begins and ends."""
    if opening.group() == "$":
        closing = _CLOSING_DOLLAR.search(text, opening.end())
        return closing.span() if closing else None
    mark = f"\\end{{{opening.group(1)}}}" if opening.group(1) else _CLOSING[opening.group()]
    begin = text.find(mark, opening.end())
    return (begin, begin + len(mark)) if begin >= 0 else None


def _plain(text: str) -> str:
    return text.replace(r"\$", "$")
