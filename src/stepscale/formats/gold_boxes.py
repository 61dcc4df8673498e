r"""The gold answer in a reference solution: the content of its last box, and nothing else.

A box that only mentions the macro (``\boxed{}``, "as \boxed asks") hides no answer. One that holds something this file cannot
read hides the ones before it: an earlier box would be another answer than the gold one.
"""

import re

from stepscale.grading.boxes import BOX, BRACE, DOLLAR, MAX_BOXES, is_mention, unbraced_content

_BETWEEN_BOXES = re.compile(
    r"(?:[\s,;$]|\\[,;:! ()]|\\q?quad\b|\\text\s*\{\s*(?:,\s*)?(?:and|or)\s*\}|\band\b|\bor\b)*"
)
_BLANKS = re.compile(r"(?:[^\S\n]|~|\\[,;:! ])*(?:\n[^\S\n]*(?=\S))?")  # a single line end is a blank to TeX
_FORMULA = re.compile(r"\$(?P<content>(?:(?!\\(?:boxed|fbox|framebox))[^$\n])+)\$")  # `\boxed$7$`
_NOTHING = re.compile(r"\\*\Z|\\[)\]\\]|\.(?!\d)|[\s$,:;!?'\"`\u2018\u2019\u201c\u201d)\]}|*_]|(?!\u03c0)[^\W\d_]{2,}")
_SIGN = r"[-+\u2212\u2013\u00b1]"
_BEGINS = re.compile(
    rf"[(\[]?\s?{_SIGN}?\s?(?:\.?\d|\\[a-zA-Z{{$]|[^\W\d_](?![^\W\d_])|[\u03c0\u221a\u221e\u00bc-\u00be\u2150-\u215e])"
)
_IN_BRACKETS = re.compile(r"[(\[][^()\[\]$\n]*[)\]]")  # its commas end nothing
_PAIRS = (("{", "}"), ("(", ")"), ("[", "]"))


def last_boxed(solution: str) -> str | None:
    r"""The content of the last box that has one, after those that stand beside it in one list.

    Args:
        solution: LaTeX text with ``\\boxed{...}``, ``\\fbox{...}`` or ``\\boxed 2``.

    Returns:
        The content (``1, 2`` of two boxes joined by a comma or "and"); None if there is no box with content, or the last
        one cannot be read.
    """
    contents: list[str] = []
    start = 0
    for box in list(BOX.finditer(solution))[-MAX_BOXES:][::-1]:
        content, end = _content(solution, box.end())
        if content is None:
            break
        if is_mention(content):
            continue
        if contents and not _BETWEEN_BOXES.fullmatch(solution, end, start):
            break
        if not contents or contents[0] != content:
            contents.insert(0, content)
        start = box.start()
    return ", ".join(contents) or None


def _content(solution: str, start: int) -> tuple[str | None, int]:
    """What the box whose macro ends at ``start`` holds, and where it closes; None: something that cannot be read."""
    if not solution.startswith("{", start):
        return _unbraced(solution, start)
    depth = 0
    for brace in BRACE.finditer(solution, start):
        depth += 1 if brace[1] == "{" else -1
        if depth == 0:
            return DOLLAR.sub("", solution[start + 1 : brace.end() - 1]).strip(), brace.end()
    return ("" if is_mention(solution[start + 1 :]) else None), len(solution)  # never closed


def _unbraced(solution: str, start: int) -> tuple[str | None, int]:
    r"""The same of ``\boxed 2$.``: up to the end of the formula, the sentence or the line."""
    blanks = _BLANKS.match(solution, start)
    place = blanks.end() if blanks else start
    formula = _FORMULA.match(solution, place)
    if formula and _BEGINS.match(formula["content"]):
        return formula["content"].strip(), formula.end()
    if _NOTHING.match(solution, place):
        return "", start
    if not _BEGINS.match(solution, place) or "\n" in solution[start:place]:
        return None, place
    brackets = _IN_BRACKETS.match(solution, place)
    content = unbraced_content(solution, place, brackets.end() if brackets else place)
    is_whole = all(content.count(opening) == content.count(closing) for opening, closing in _PAIRS)
    return (content if is_whole else None), place + len(content)
