r"""Where is the final answer? A solution's text in, its answer out; None where the text states none.

Looked for in this order: the last `\boxed{...}` (or `\fbox`, or the unbraced `\boxed 2`), with the boxes that stand
beside it in one list (`\boxed{1}, \boxed{2}`, `\boxed{1} and \boxed{2}` -> `1, 2`); the text after the last `#
Answer` heading (PRM800K) or `####` (GSM8K); what the last "answer is" or "answer:" announces; and, in a text of a
single line, what its last statement says, or the line itself where it is nothing but an answer. A text of several
lines without any of these marks is a solution that stopped before its answer, and a number taken from it would be a
guess: None.
"""

import re
from collections import deque

_BOX = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])\s*")
_BOX_LIST = re.compile(
    r"(?:[ \t,;$&]|\\[,;:! ()]|\\q?quad(?![a-zA-Z])|\\text\s*\{[^{}\n]{0,30}?\b(?:and|or)\s*\}|\band\b|\bor\b)*\Z"
)
_BRACE = re.compile(r"(?<!\\)(?:\\\\)*([{}])")
_DOLLAR = re.compile(r"(?<!\\)\$")  # inside a box it delimits nothing
_UNBRACED_END = re.compile(r"\$|\\\)|\\\]|\n|\.(?!\d)|,\s|;|\s[a-zA-Z]{2,}")
_HEADING = re.compile(r"^[ \t]*#+[ \t]*Answer[ \t]*:?[ \t]*$", re.MULTILINE | re.IGNORECASE)
_GSM8K = re.compile(r"^[ \t]*####[ \t]*(?P<answer>\S[^\n]*)$", re.MULTILINE)
_HEADINGS = re.compile(f"(?:{_HEADING.pattern})|(?:{_GSM8K.pattern})", re.MULTILINE | re.IGNORECASE)
_ANY = re.compile(r"\S")
_ANNOUNCED = re.compile(
    r"\banswer\b[*_]*(?:[ \t]+(?:is|are)\b[*_]*[ \t]*:?|[ \t]*[:=]|(?=\s*(?:\$|\\\(|\\\[)))", re.IGNORECASE
)
_FORMULA = re.compile(
    r"\$\$(?P<a>[^$]+)\$\$|(?<!\\)\$(?P<b>(?:[^$\\]|\\.)+)\$|\\\((?P<c>(?:[^\\]|\\(?!\)))+)\\\)"
    r"|\\\[(?P<d>(?:[^\\]|\\(?!\]))+)\\\]"
)
_BETWEEN_FORMULAS = re.compile(r"\A(?:[\s,;*_\"'.]|\\[\"']|\band\b|\bor\b)*\Z")
_SAYS_SOMETHING = re.compile(r"[0-9$\\]")
_VERB = re.compile(r"\b(?:is|are|be|equals)\b:?\s+")
_NUMBER = re.compile(r"(?<![\w.])\$?-?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)(?:/\d+)?%?")
_SENTENCE_END = re.compile(r"\.(?=\s+[A-Z<]|\s*$)")
_CONCLUSION = re.compile(r"\b(?:Therefore|Thus|Hence|So|Finally)\b")
_POLITENESS = re.compile(r"\s*\.?\s*I hope it is correct.*|<\|[a-z_]+\|>.*", re.DOTALL)
_PROSE = re.compile(r"[A-Za-z]{2,}")
_MACRO = re.compile(r"\\[a-zA-Z]+(?:\{[^{}]*\})?")
_LONGEST_TEXT = 200_000  # characters: of a longer text, its end is searched
_LONGEST_STATEMENT = 400  # characters
_MOST_BOXES = 50  # of one list


def extract_answer(text: str) -> str | None:
    """The final answer stated in `text`, without its delimiters; None if it states none. Never raises."""
    text = text[-_LONGEST_TEXT:]
    for marks, find in ((_BOX, _boxed), (_HEADINGS, _under_heading), (_ANNOUNCED, _announced), (_ANY, _whole_line)):
        if marks.search(text) is not None:
            return (find(text) or "").strip() or None
    return None


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next(iter(deque(pattern.finditer(text), maxlen=1)), None)


def _boxed(text: str) -> str | None:
    """The content of the last box, after those that stand beside it in one list."""
    boxes = list(_BOX.finditer(text))[-_MOST_BOXES:]
    contents: list[str] = []
    until = len(text)
    for box in reversed(boxes):
        content, end = _box_content(text[box.end() : until])
        if contents and (end is None or not _BOX_LIST.match(text[box.end() + end : until])):
            break
        if not contents or contents[0] != content:
            contents.insert(0, content)
        until = box.start()
    return ", ".join(contents) if contents else None


def _box_content(rest: str) -> tuple[str, int | None]:
    """Content of a box whose text goes on as `rest`, and where it closes (None: never)."""
    if not rest.startswith("{"):  # `\boxed 2$.`: up to the end of the formula, the sentence or the line
        end = _UNBRACED_END.search(rest)
        return (rest if end is None else rest[: end.start()]).strip(), None
    depth = 0
    for brace in _BRACE.finditer(rest):
        depth += 1 if brace[1] == "{" else -1
        if depth == 0:
            return _DOLLAR.sub("", rest[1 : brace.end() - 1]).strip(), brace.end()
    return rest[1:].split("\n", 1)[0].rstrip("$. "), None  # never closed: it counts to the end of its line


def _under_heading(text: str) -> str | None:
    heading = _last(_HEADING, text)
    if heading is not None:
        return text[heading.end() :].strip().split("\n", 1)[0]
    marked = _last(_GSM8K, text)
    return None if marked is None else marked["answer"]


def _announced(text: str) -> str | None:
    announced = _last(_ANNOUNCED, text)
    if announced is None:
        return None
    rest = _POLITENESS.sub("", text[announced.end() :][:_LONGEST_STATEMENT]).lstrip(" \t*_\n")
    formula = _FORMULA.match(rest)
    return _stated(
        rest[: max(formula.end(), _line_end(rest, formula.end()))] if formula else rest[: _line_end(rest, 0)]
    )


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _whole_line(text: str) -> str | None:
    """The last statement of a text of one line."""
    line = text.strip()
    if "\n" in line:
        return None
    line = _POLITENESS.sub("", line[-_LONGEST_STATEMENT:])
    conclusion = _last(_CONCLUSION, line)
    return _stated(line if conclusion is None else line[conclusion.start() :])


def _stated(sentence: str) -> str | None:
    """The answer in one statement: formulas alone, what its verb says, its last formula or number, or its words."""
    sentence = _SENTENCE_END.split(sentence.strip(), maxsplit=1)[0].strip("*_ ")
    formulas = list(_FORMULA.finditer(sentence))
    if formulas and _BETWEEN_FORMULAS.match(_FORMULA.sub(" ", sentence)):
        return ", ".join(_inside(formula) for formula in formulas)
    verb = _last(_VERB, _FORMULA.sub(lambda formula: "$" * len(formula[0]), sentence))
    if verb is not None and (not formulas or _SAYS_SOMETHING.search(sentence, verb.end())):
        return _stated(sentence[verb.end() :])
    if formulas:
        return _inside(formulas[-1])
    if sentence.isascii() and not _PROSE.search(_MACRO.sub("", sentence)):
        return sentence.rstrip(". ")
    numbers = [number[0] for number in _NUMBER.finditer(sentence)]
    if numbers:
        return numbers[-1].lstrip("$")
    words = sentence.strip("*_\"'.,;: ")
    return words if len(words.split()) <= 3 else None


def _inside(formula: re.Match[str]) -> str:
    return next(content for content in formula.groups() if content is not None).strip()
