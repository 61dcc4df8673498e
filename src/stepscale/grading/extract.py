r"""Where is the final answer? A solution's text in, its answer out; None where the text states none.

Looked for in this order: the last `\boxed{...}` (or `\fbox`, or the unbraced `\boxed 2`); the text after the last `# Answer`
heading (PRM800K) or `####` (GSM8K); what the last "answer is" or "answer:" announces; and, in a text of a single line, its
last formula, its last number, or the line itself where it is nothing but an answer. A longer text without any of these marks is a
solution that stopped before its answer, and a number taken from it would be a guess: None.
"""

import re

_BOX = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])\s*")
_HEADING = re.compile(r"^[ \t]*#+[ \t]*Answer[ \t]*:?[ \t]*$", re.MULTILINE | re.IGNORECASE)
_GSM8K = re.compile(r"^[ \t]*####[ \t]*(?P<answer>\S[^\n]*)$", re.MULTILINE)
_ANNOUNCED = re.compile(r"\banswer\b(?:[ \t]+(?:is|are)\b[ \t]*:?|[ \t]*(?::|=))(?P<rest>[^\n]*(?:\n[^\n]+)?)", re.IGNORECASE)
_FORMULA = re.compile(
    r"\$\$(?P<a>[^$]+)\$\$|(?<!\\)\$(?P<b>(?:[^$\\]|\\.)+)\$|\\\((?P<c>(?:[^\\]|\\(?!\)))+)\\\)|\\\[(?P<d>(?:[^\\]|\\(?!\]))+)\\\]"
)
_NUMBER = re.compile(r"(?<![\w.])[$€£]?-?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.?\d+)(?:/\d+)?%?")
_SENTENCE_END = re.compile(r"\.(?:\s+[A-Z]|\s*$)")
_PROSE = re.compile(r"[A-Za-z]{2,}")
_LONGEST_TEXT = 200_000  # characters: of a longer text, its end is searched
_LONGEST_LINE = 400  # characters of a single-line text that may be an answer without a mark


def extract_answer(text: str) -> str | None:
    """The final answer stated in `text`, without its delimiters; None if it states none. Never raises."""
    text = text[-_LONGEST_TEXT:]
    for find in (_boxed, _under_heading, _announced, _whole_line):
        answer = find(text)
        if answer is not None and answer.strip():
            return answer.strip()
    return None


def _boxed(text: str) -> str | None:
    """The content of the last box; a box that is never closed counts to the end of its line."""
    last = None
    for last in _BOX.finditer(text):
        pass
    if last is None:
        return None
    rest = text[last.end() :]
    if not rest.startswith("{"):
        return _unbraced(rest)
    depth = 0
    for brace in re.finditer(r"(?<!\\)(?:\\\\)*([{}])", rest):
        depth += 1 if brace[1] == "{" else -1
        if depth == 0:
            return rest[1 : brace.end() - 1]
    return rest[1:].split("\n", 1)[0].rstrip("$. ")


def _unbraced(rest: str) -> str | None:
    r"""`\boxed 2$.` -> `2`: up to the end of the formula, the sentence or the line."""
    ends = re.search(r"\$|\\\)|\\\]|\n|\.(?!\d)|,\s|;|\s[a-zA-Z]{2,}", rest)
    return rest[: ends.start()] if ends is not None else rest


def _under_heading(text: str) -> str | None:
    last = None
    for last in _HEADING.finditer(text):
        pass
    if last is not None:
        below = text[last.end() :].strip()
        return below.split("\n", 1)[0] if below else None
    marked = None
    for marked in _GSM8K.finditer(text):
        pass
    return marked["answer"] if marked is not None else None


def _announced(text: str) -> str | None:
    last = None
    for last in _ANNOUNCED.finditer(text):
        pass
    if last is None:
        return None
    return _stated(last["rest"])


def _stated(rest: str) -> str | None:
    """The answer at the start of `rest`: its first formula if it has one, else its words up to the sentence's end."""
    rest = rest.strip().lstrip("*_ ")
    formula = _FORMULA.search(rest)
    sentence = _SENTENCE_END.split(rest.split("\n", 1)[0], maxsplit=1)[0] if not rest.startswith("\n") else rest
    if formula is not None and formula.start() <= len(sentence):
        return _inside(formula)
    return sentence.strip().strip("*_").rstrip(".,;: ") or None


def _whole_line(text: str) -> str | None:
    line = text.strip()
    if "\n" in line or not line or len(line) > _LONGEST_LINE:
        return None
    formula = None
    for formula in _FORMULA.finditer(line):
        pass
    if formula is not None:
        return _inside(formula)
    if not _PROSE.search(re.sub(r"\\[a-zA-Z]+(?:\{[^{}]*\})?", "", line)):
        return line.rstrip(". ")
    numbers = [number[0] for number in _NUMBER.finditer(line)]
    if numbers:
        return numbers[-1]
    return line.rstrip(".") if " " not in line else None


def _inside(formula: re.Match[str]) -> str:
    return next(content for content in formula.groups() if content is not None)
