r"""The value with which a piece of prose begins: ``2 1/2`` of ``2 1/2 cups``, ``(3, 4)`` of ``(3, 4) in the plane``.

In: a statement as a model writes it, in plain text, Unicode or LaTeX. Out: the characters of the value, with its sign,
power, brackets and relation. The reader goes from left to right over operands and operators and stops at the first
thing that is neither, such as a unit or a word. It computes nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stepscale.grading.characters import GREEK, MINUS, RELATIONS, SUBSCRIPTS, SUPERSCRIPTS, SYMBOLS, TIMES, VULGAR
from stepscale.grading.computations import result_of_arithmetic

_CURRENCY = r"(?:\\?\$|[\u20ac\u00a3\u00a5\u20b9])"
_SIGN_IN_WORDS = r"(?:minus|negative)[ ]+(?=[$(]?[\d.\u221a\u03c0\\])"
_SIGN = re.compile(rf"(?:[+\uff0b{MINUS}\u2796\u00b1\u2213\u221a\u221b\u221c]|\\pm(?![a-zA-Z]))[ ]*|{_SIGN_IN_WORDS}")
_NUMBER = re.compile(
    rf"(?:{_CURRENCY}[ ]?(?:[{MINUS}][ ]?{_CURRENCY}?)?)?(?:"
    rf"\d+[ ]\d+[/\u2044]\d+(?![\d/])|\d+[ ]?[{VULGAR}]|[{VULGAR}]"  # mixed numbers: `2 1/2`
    r"|\d{1,3}(?:[,\uff0c'\u2019]\d{3})+(?!\d)(?:\.\d+)?|\d{1,3}(?:[ ]\d{3})+(?![\d/^])(?:\.\d+)?"  # thousands in groups
    rf"|(?:\d+(?:[.,\uff0e\uff0c]\d+)*|\.\d+)(?:[eE][+{MINUS}]?\d+(?![\w]))?)"
)
FUNCTION = re.compile(
    r"(?<![a-zA-Z])(?:(?:sqrt|cbrt|pi|infinity|inf|(?:arc)?(?:sin|cos|tan|cot|sec|csc)|log|ln|exp)(?![a-zA-Z])"
    r"|(?:gcd|lcm|hcf|max|min|nCr|nPr|abs|floor|ceil|round)(?=\())"
)
_NAME = re.compile(
    rf"{FUNCTION.pattern}|\u0394[A-Z]{{2,4}}(?![a-zA-Z])|(?!(?:a|I)[ ]+[a-z]{{2}})[a-zA-Z](?![a-zA-Z'\u2019])|[{GREEK}{SYMBOLS}]"
)
_MACRO = re.compile(
    r"\\(?!left|right|boxed|fbox|framebox|text(?:bf|it)?\b|quad|qquad)[a-zA-Z]+"
    r"(?:\s*\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}|\[\d+\])*|\\text\{[^{}]*\}"
)
VECTOR = re.compile(r"<(?=\S)[^<>,]{1,60},[^<>]{1,100}(?<=\S)>")
_OPEN = re.compile(r"(?:\\left\s*)?(?:[(\[{\uff08\uff3b\uff5b\u230a\u2308\u27e8]|\\\{)[ ]*")
_CLOSE = re.compile(r"[ ]*(?:\\right\s*)?(?:[)\]}\uff09\uff3d\uff5d\u230b\u2309\u27e9]|\\\})")
_POSTFIX = re.compile(
    rf"[{SUPERSCRIPTS}]+|[{SUBSCRIPTS}]+|!+(?!\s*\Z|\s+[A-Z<])|[ ]?\\?[%\uff05\u2030]|\u2032+"
    r"|_\w+|_\{\w+\}|\^\\circ|\^\{\\circ\}|(?<=[\d$)])(?:[ ](?:hundred|thousand|million|billion|trillion)(?![a-zA-Z])){1,2}"
)
_DEGREES = re.compile(r"\u00b0")  # a unit, but within brackets: `sin(30\u00b0)`
_INFIX = re.compile(
    rf"[ ]*(?:\*\*|[{RELATIONS}]=?|[+*/^\uff0b\uff0f{TIMES}\u00f7\u2044\u2215\u2216\u222a\u2229\u00b1]|(?!\u2014)[{MINUS}]"
    r"|\\(?:cdot|times|div|cup|cap|leq?|geq?|neq?|in|pm)(?![a-zA-Z]))[ ]*|(?<=\d):(?=\d)"
    r"|(?<=\d)[ ]?x[ ]?(?=\d)|(?<=[)\]])[ ]U[ ](?=[(\[])|!=[ ]*"
)
_INNER_SEPARATOR = re.compile(r"[ ]*[,;|\uff0c\uff1b\u3001][ ]*")
_LIST_SEPARATOR = re.compile(r"[ ]*[,;\uff0c\uff1b\u3001][ ]*(?:(?:and|or)[ ]+)?|[ ]+(?:and|or|&)[ ]+")
_AND = re.compile(r"(?P<macro>\\[a-zA-Z]+\{[^{}]*\})|[ ]*[,;]?[ ]+(?:and|or|&)[ ]+")
_VALUE_START = re.compile(
    rf"\A{_SIGN_IN_WORDS}"
    rf"|(?<![\w.^_])(?:{_CURRENCY}[ ]?)?(?:[{MINUS}\u00b1\u221a]+[ ]?)?(?:{_CURRENCY}[ ]?)?(?=[\d{VULGAR}]|\.\d|\u03c0)"
    r"|(?<![\w^])(?:sqrt\(|\\(?:frac|sqrt|pi)(?![a-z]))|(?<!\w)[(\[](?=[^()\[\]a-zA-Z]*\d[^()\[\]a-zA-Z]*,)"
    rf"|(?<!\w)(?={VECTOR.pattern})<"
)
FORMULA = re.compile(
    r"\$\$(?P<display>[^$]+)\$\$|(?<!\\)\$(?P<inline>(?:[^$\\]|\\.)+)\$(?!\d)"
    r"|\\\((?P<round>(?:[^\\]|\\(?!\)))+)\\\)|\\\[(?P<square>(?:[^\\]|\\(?!\]))+)\\\]"
)
_PROSE_IN_FORMULA = re.compile(r"\A\d[^\\]*?(?<![\\{a-zA-Z])(?!(?:and|or)\b)[a-zA-Z]{2,}[^\\]*\s\Z")
_ENDS_A_LETTER = re.compile(r"\s*(?:\.(?![A-Z]\.)|[,;:!?)\]*_\"'$]|\Z|(?:because|since|as|by|for|where|which)\b)")
_VERB_FOLLOWS = re.compile(r"\s*(?:is|are|equals|must|can|has|be)\b")
_MAX_VALUE_CHARACTERS = 400  # characters of one value
_MAX_FAILED_STARTS = 10  # of values in one text: each is read to its end before it fails


@dataclass(frozen=True, slots=True)
class StatedValue:
    """A value in a statement.

    Attributes:
        text: Without delimiters such as dollar signs.
        end: Where it ends in the statement (characters).
    """

    text: str
    end: int


def formulas(text: str) -> Iterator[re.Match[str]]:
    """Matches of ``FORMULA`` in a text, in order; a dollar sign before a price opens none."""
    start = 0
    while (formula := FORMULA.search(text, start)) is not None:
        if formula["inline"] is not None and _PROSE_IN_FORMULA.search(formula["inline"]):
            start = formula.start() + 1
        else:
            yield formula
            start = formula.end()


def inside(formula: re.Match[str]) -> str:
    """The content of a formula, given as a match of ``FORMULA``, without blanks around it."""
    return next(content for content in formula.groups() if content is not None).strip()


def leading_value(text: str, *, lists: bool = True) -> StatedValue | None:
    """The value with which ``text`` begins, or None where it begins with prose.

    Args:
        text: A statement, or what follows its verb.
        lists: Whether ``1, 2, and 3`` is one value; else it is the first of them.
    """
    text = text[:_MAX_VALUE_CHARACTERS]
    ends = [end] if (end := _expression_end(text, 0)) else []
    separators: list[str] = []
    while ends and lists:
        separator = _LIST_SEPARATOR.match(text, ends[-1])
        end = _expression_end(text, separator.end()) if separator else 0
        if not separator or not end:
            break
        separators.append(separator[0])
        ends.append(end)
    if not ends:
        return None
    remainder = text[ends[-1] :].strip(" *_.,;:!?\"'")
    if len(ends) == 2 and remainder and not re.search("and|or|&", separators[0]) and " " in separators[0]:
        ends = ends[:1]  # `5, 3 more than 2`: a list of two without its "and" is not a list
    return _checked(text, ends[-1])


def values(text: str) -> list[str]:
    """Every value of a text that begins with a number, a sign or a root, in order; lists count one by one.

    The search stops after ten brackets that are never closed.
    """
    result: list[str] = []
    start = failed = 0
    while failed < _MAX_FAILED_STARTS and (candidate := _VALUE_START.search(text, start)) is not None:
        value = leading_value(text[candidate.start() :], lists=False)
        if value is None:
            start = candidate.end() + 1
            failed += 1
            continue
        result.append(value.text)
        start = candidate.start() + value.end
    return result


def tidied(value: str) -> str:
    """One spelling for what prose writes in several: no currency, no blank after a sign or beside a times sign."""
    value = re.sub(rf"(?:(?<!\\)\$|[\u20ac\u00a3\u00a5\u20b9])[ ]?(?=[{MINUS}]?\$?[\d.])", "", value)
    value = re.sub(rf"\A{_SIGN_IN_WORDS}", "-", value)
    value = re.sub(rf"\A([+{MINUS}\u00b1\u221a])[ ]+", r"\1", value)
    value = re.sub(r"(?<=\d)[ ]*([x\u00d7])[ ]*(?=\d)", r"\1", value)
    return result_of_arithmetic(value.strip())


def _checked(text: str, end: int) -> StatedValue | None:
    """The value up to ``end`` without its delimiters; None for a letter that is a word or a name."""
    raw, remainder = text[:end], text[end:]
    bare = _without_delimiters(raw)
    if re.fullmatch(r"[a-zA-Z]", bare):
        is_formula = bare != raw.strip()
        is_word = _VERB_FOLLOWS.match(remainder) if is_formula else not _ENDS_A_LETTER.match(remainder)
        if is_word:
            return None
    return StatedValue(tidied(bare.replace("\\$", "")), end)


def _without_delimiters(value: str) -> str:
    """A value whose formulas stand without dollar signs; the words between the items of a list are commas."""
    parts: list[str] = []
    end = 0
    for formula in FORMULA.finditer(value):
        content = inside(formula)
        parts += [_with_commas(value[end : formula.start()]), content if "\\" in content else _with_commas(content)]
        end = formula.end()
    return ("".join(parts) + _with_commas(value[end:])).strip()


def _with_commas(items: str) -> str:
    r"""``1, 2`` of ``1 and 2``; an environment and the words in a macro stay: ``\text{1 and 2}``."""
    return items if "\\begin{" in items else _AND.sub(lambda place: place["macro"] or ", ", items)


def _expression_end(text: str, start: int) -> int:
    """Where the expression that begins at ``start`` ends; 0 where none begins there."""
    opened: list[str] = []
    end = 0  # of the longest complete expression so far
    operand_next = True
    while start < len(text):
        step = _operand(text, start, opened) if operand_next else _operator(text, start, opened)
        if step is None:
            break
        start, operand_next = step
        if not operand_next and not opened:
            end = start
    return end


def _operand(text: str, start: int, opened: list[str]) -> tuple[int, bool] | None:
    """Past a sign, an open bracket or an operand; and whether an operand is still to come."""
    if sign := _SIGN.match(text, start):
        return sign.end(), True
    formula = FORMULA.match(text, start)
    if formula and not (formula["inline"] is not None and _PROSE_IN_FORMULA.search(formula["inline"])):
        return formula.end(), False
    if bracket := _OPEN.match(text, start):
        opened.append(bracket[0].strip()[-1])
        return bracket.end(), True
    operand = (
        _NUMBER.match(text, start) or VECTOR.match(text, start) or _MACRO.match(text, start) or _NAME.match(text, start)
    )
    return None if operand is None else (operand.end(), False)


def _operator(text: str, start: int, opened: list[str]) -> tuple[int, bool] | None:
    """Past a closing bracket, a postfix, an infix or a separator; and whether an operand is to come."""
    if opened and (bracket := _CLOSE.match(text, start)):
        if (bracket[0][-1] in "}\uff5d") != (opened[-1] in "{\uff5b"):
            return None
        opened.pop()
        return bracket.end(), False
    if postfix := _POSTFIX.match(text, start) or (_DEGREES.match(text, start) if opened else None):
        return postfix.end(), False
    if infix := _INFIX.match(text, start) or (_INNER_SEPARATOR.match(text, start) if opened else None):
        return infix.end(), True
    if not _is_factor(text, start, in_brackets=bool(opened)):
        return None
    return (start + 1 if text[start] == " " else start), True


def _is_factor(text: str, start: int, *, in_brackets: bool) -> bool:
    """True where what follows without an operator is a factor: ``2x``, ``n(n+1)``, ``2 pi``, ``3$\\sqrt2$``."""
    if text[start] == " ":
        follows = text[start + 1 : start + 6]
        return (in_brackets and follows[:1].isalnum()) or re.match(r"pi\b|sqrt\(|[\u03c0\u221a]", follows) is not None
    if text.startswith(("m\u00b2", "m\u00b3"), start):  # square or cubic meters
        return False
    if text[start] in "([{$\\" or text[start].isdigit():
        return not text.startswith(("\\]", "\\)", "\\ ", "\\,", "\\;", "\\text", "\\quad", "\\qquad", "\\right"), start)
    return _NAME.match(text, start) is not None or _NUMBER.match(text, start) is not None or text[start] == "\u221a"
