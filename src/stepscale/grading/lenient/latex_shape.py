r"""A bare LaTeX answer as a shape of exact expressions: a scalar, a tuple or interval, a matrix, or a word.

In: answers such as `\frac{1}{2}`, `\left(3, \frac{\pi}{2}\right)`, `\begin{pmatrix}1\\2\end{pmatrix}`, `\text{even}`.
Out: a `Shape`, or None for everything whose reading is not beyond doubt (units, percent, mixed numbers, `1/2x`, `e`,
`i`, lists, relations ...): this reader serves short cuts that must never be wrong, not coverage.
"""

import re
from dataclasses import dataclass
from typing import Literal

from stepscale.grading.algebra.expression import Expression
from stepscale.grading.algebra.parser import parse

_SPACES = re.compile(r"\\[,;:! ]|\\left(?![a-z])|\\right(?![a-z])|\s+")
_FRACTIONS = re.compile(r"\\[dtc]frac(?![a-z])")
_LEXEME = re.compile(r"\d+(?:\.\d+)?|\\(?:frac|sqrt|pi|cdot|times)(?![a-zA-Z])|[a-df-hj-zA-CF-HJ-MP-RT-Z]|[-+*/^(){}]")
_DOUBTFUL = re.compile(
    r"\d\\frac|\d\(\d|/\(|/[^\d\\({]|/\\|/\d+(?:[a-zA-Z\\({^.]|/)|[a-zA-Z]\(|\^\d\d|\^[-a-zA-Z\\]|\)\d|\}\d|[a-zA-Z]\d|[-+]{2}"
    r"|\^(?:\{[^{}]*\}|\w)\^|\^\{[^{}]*[^\d{}]"
)
_BARE_ARGUMENTS = re.compile(r"\\frac(\d)(\d|(?=\{))|\\sqrt(\d)")
_TRAILING_TEXT = re.compile(r"(?<=[\d}])(?:\\[,; ]|\s)*\\(?:text|mbox)\{\s*(?!and|or|per|pct|inf)[a-z]{2,12}\.?\s*\}$")
UNIT = re.compile(r"(?<!\\)[a-zA-Z]{2}$|[cdghlmost]$")  # the library drops units such as `m`, `s`, `ab` at the end
_GROUP_COMMA = re.compile(r"\d,\d{3}(?!\d)")
_MATRIX = re.compile(r"\\begin\{([pb])matrix\}(.*)\\end\{\1matrix\}", re.DOTALL)
_WORD = re.compile(r"\\text\{([A-Za-z]{2,30})\}")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Shape:
    """`items` in reading order: one for a scalar, row by row for a matrix of `columns`; `word` for a word alone."""

    kind: Literal["scalar", "sequence", "matrix", "word"]
    items: tuple[Expression, ...] = ()
    brackets: str = ""
    columns: int = 0
    word: str = ""


def shape(answer: str) -> Shape | None:
    """The shape of `answer`, or None where its reading is in doubt."""
    if len(answer) > _LONGEST:
        return None
    word = _WORD.fullmatch(answer)
    if word is not None:
        return Shape("word", word=word[1].lower())
    matrix = _MATRIX.fullmatch(answer.strip())
    if matrix is not None:
        return _matrix(matrix[2])
    text = _compact(_TRAILING_TEXT.sub("", answer.strip()).removeprefix("\\$"))
    if text is None:
        return None
    if "," in text:
        if text[0] not in "([" or text[-1] not in ")]" or _GROUP_COMMA.search(text):
            return None
        items = _scalars(text[1:-1].split(","))
        return None if items is None else Shape("sequence", items, text[0] + text[-1])
    items = _scalars([text.removesuffix("^\\circ").removesuffix("^{\\circ}") if text[0] not in "-\\" else text])
    return None if items is None else Shape("scalar", items)


def _compact(answer: str) -> str | None:
    """Without blanks and sizing macros; None where a blank stands between digits, or nothing is left."""
    if re.search(r"\d(?:\s|\\[,;:! ])+\d", answer):
        return None
    return _BARE_ARGUMENTS.sub(_braced, _SPACES.sub("", _FRACTIONS.sub(r"\\frac", answer))) or None


def _braced(bare: re.Match[str]) -> str:
    r"""`\frac12` -> `\frac{1}{2}`, `\sqrt2` -> `\sqrt{2}`."""
    over, under, root = bare.groups()
    if root is not None:
        return f"\\sqrt{{{root}}}"
    return f"\\frac{{{over}}}" + (f"{{{under}}}" if under else "")


def _matrix(body: str) -> Shape | None:
    rows = [row.split("&") for row in body.split("\\\\")]
    if len({len(row) for row in rows}) != 1:
        return None
    cells = [_compact(cell) for row in rows for cell in row]
    items = _scalars([cell or "?" for cell in cells])
    return None if items is None else Shape("matrix", items, columns=len(rows[0]))


def _scalars(texts: list[str]) -> tuple[Expression, ...] | None:
    items: list[Expression] = []
    for text in texts:
        item = None if _DOUBTFUL.search(text) or UNIT.search(text) else _scalar(text)
        if item is None:
            return None
        items.append(item)
    return tuple(items)


def _scalar(latex: str) -> Expression | None:
    lexemes = _LEXEME.findall(latex)
    if sum(map(len, lexemes)) != len(latex) or len(lexemes) > 80:
        return None
    try:
        plain, at = _plain(lexemes, 0, 0)
    except IndexError:  # a macro without its argument, or a brace without its partner
        return None
    return parse(plain) if at == len(lexemes) else None


def _plain(lexemes: list[str], at: int, depth: int) -> tuple[str, int]:
    """Plain text with every grouping as brackets, up to the brace that closes this depth. Raises IndexError."""
    out: list[str] = []
    while depth or at < len(lexemes):
        lexeme = lexemes[at]
        if lexeme == "}":
            if not depth:
                raise IndexError
            return "".join(out), at + 1
        piece, at = _piece(lexemes, at, depth)
        if out and piece[0].isalpha() and out[-1][-1].isalnum():
            out.append("*")  # letters side by side are factors, never a name
        out.append(piece)
    return "".join(out), at


def _piece(lexemes: list[str], at: int, depth: int) -> tuple[str, int]:
    lexeme = lexemes[at]
    at += 1
    if lexeme == "{":
        inner, at = _plain(lexemes, at, depth + 1)
        return f"({inner})", at
    if lexeme == "\\frac":
        over, at = _argument(lexemes, at, depth)
        under, at = _argument(lexemes, at, depth)
        return f"({over}/{under})", at
    if lexeme == "\\sqrt":
        inner, at = _argument(lexemes, at, depth)
        return f"sqrt{inner}", at
    if lexeme in ("\\cdot", "\\times"):
        return "*", at
    return lexeme.removeprefix("\\"), at


def _argument(lexemes: list[str], at: int, depth: int) -> tuple[str, int]:
    """A macro's argument, a group, in brackets. Raises IndexError where there is none."""
    if lexemes[at] != "{":
        raise IndexError
    return _piece(lexemes, at, depth)
