r"""Where is the final answer? A solution's text in, its answer out; None where the text states none.

The marks of an answer, in the order in which they count:

1. the last ``\boxed{...}`` with content, with the boxes listed beside it (``boxes``);
2. the line below the last heading ``# Answer`` (PRM800K) or ``**Final Answer**``, else what stands in it, ``# Answer 7``;
3. GSM8K's ``#### 5``, unless an announced answer follows it;
4. what the last "the answer is" or "Answer:" announces: the first value stated there (``statements``);
5. in a text of a single line, what its last statement says, or the line itself where it is nothing but an answer.

A text of several lines without any of these marks is a solution that stopped before its answer. A number taken from it
would be a guess: None.
"""

import re
from collections import deque

from stepscale.grading.boxes import BOX, boxed_answer, without_mentions
from stepscale.grading.sentences import sentences
from stepscale.grading.statements import announced_answer, stated_answer
from stepscale.grading.values import FORMULA, leading_value, result_of_arithmetic
from stepscale.grading.worded import with_content

_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\u0085]")
_ODD_BLANKS = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060-\u2064\u202a-\u202e\ufeff\u00ad]")
_MARKUP = r"(?:\*\*|__|\*|_)?"
_TITLE = r"(?:(?:the|my|your)[ \t]+)?(?:final[ \t]+)?answers?"
_HEADING = re.compile(
    rf"^[ \t]*(?:#+[ \t]*{_MARKUP}[ \t]*{_TITLE}|(?:\*\*|__)[ \t]*{_TITLE}|(?:the[ \t]+)?final[ \t]+answer"
    rf"|\\(?:(?:sub)*section|paragraph|textbf)\*?\{{[ \t]*{_TITLE}[ \t]*:?[ \t]*\}})"
    rf"[ \t]*:?[ \t]*{_MARKUP}[ \t]*:?[ \t]*#*[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_INLINE = re.compile(  # `# Answer 7` on one line; with a colon it is an announcement
    rf"^[ \t]*(?:#+[ \t]*{_MARKUP}[ \t]*{_TITLE}|(?:\*\*|__)[ \t]*{_TITLE}|final[ \t]+answer)[ \t]*{_MARKUP}"
    r"[ \t]+(?:[-\u2013\u2014][ \t]+)?(?!\d+[:.)]\s)(?P<answer>[^\s:=][^\n]*)$",
    re.MULTILINE | re.IGNORECASE,
)
_GSM8K = re.compile(
    r"(?:^[ \t]*####(?!#)[ \t]*(?P<answer>\S[^\n]*)|(?<=[ \t])####[ \t]*(?P<inline>[-+$\\(\u2212]*\d[^\n]*))$",
    re.MULTILINE,
)
_HEADING_MARKS = re.compile(r"\A#{2,}[ \t]+(?=\S)")  # "# Answer", and below it "#### 5"
_END_TOKEN = re.compile(r"(?:<\|[a-zA-Z_]{1,40}\|>|</s>|<(?:eos|end_of_turn)>)\Z")
_SECTION = re.compile(
    r"(?:[*_]*(?:step|part|case|section|solution|conclusion|verification)\b|\d+[.):]\s+[*_]*[A-Za-z])", re.IGNORECASE
)
_NUMBER_ALONE = re.compile(r"\$?-?[\d.,]*\d")
_STARTS_A_VALUE = re.compile(r"[^\w\s]*\d|\W*\\|\$|[-+(\[{\u2212\u221a\u03c0]")
_ANNOUNCEMENT = re.compile(
    r"\banswers?\b[*_]*(?:(?:[ \t]+(?:to|for|of)\b[^.:\n$]{1,60}?)?[ \t]+(?:is|are|equals|was)\b[*_]*[ \t]*:?"
    r"|[ \t]*[:=]|(?:(?<=final[ ]answer)|(?m:(?<=^answer)))[ \t]+[-\u2013\u2014][ \t]+|(?=\s*(?:\$|\\\(|\\\[)))"
    r"|(?<!your[ ])\banswers?[ \t]+(?:must|will|would)[ \t]+be\b[*_]*[ \t]*:?",
    re.IGNORECASE,
)
_SENTENCE_VERB = re.compile(r"\b(?:is|are|be|equals)\b")
_VERB_OR_TITLE = re.compile(r"\s*(?:[:.)]\s|(?:is|are|was|to|of|for|key|choices?)\b)")
_POLITENESS = re.compile(r"\s*\.?\s*I hope it is correct.*|<\|[a-z_]+\|>.*", re.DOTALL)
_CONCLUSION = re.compile(r"\b(?:Therefore|Thus|Hence|So|Finally)\b")
_BEFORE_STATEMENT = re.compile(
    r"(?:[ \t*_\"'`\u201c\u2018\u00ab}]|</?[a-z]+>|\n+(?:[ \t]*>)*(?:[ \t]*[-*\u2022][ \t]+)?)*"
)
_LONGEST_TEXT = 200_000  # characters: of a longer text, its end is searched
_LONGEST_STATEMENT = 400  # characters
_MOST_ANNOUNCEMENTS = 20  # tried from the end
_MOST_FORMULA_LINES = 20
_SAYS_MORE = re.compile(r"\d|\\|\banswer", re.IGNORECASE)  # "Done." after a thought does not
_MOST_END_TOKENS = 8
_LONGEST_END_TOKEN = 44  # characters


def extract_answer(text: str) -> str | None:
    """The final answer stated in a solution, without its delimiters.

    Args:
        text: A solution, or any text; line ends and blanks of every kind are read alike.

    Returns:
        The answer as written, never blank; None if the text states none. Nothing raises.
    """
    text = _without_end_tokens(_plain_lines(text[-_LONGEST_TEXT:]))
    _, thought_ends, said = text.rpartition("</think>")
    if thought_ends and _SAYS_MORE.search(said) and (answer := extract_answer(said)):
        return answer
    has_box = BOX.search(text) is not None
    if has_box:
        answer = boxed_answer(text)
        if answer is not None:
            return answer
        text = without_mentions(text)
    marked = False
    mentions = _from_first_mention(text)
    for marks, read, searched in (
        (_HEADING, _under_heading, mentions),
        (_INLINE, _in_heading, mentions),
        (_GSM8K, _gsm8k_answer, text if "####" in text else ""),
        (_ANNOUNCEMENT, _announced, mentions),
    ):
        if not searched or marks.search(searched) is None:
            continue
        marked = True
        if answer := with_content(read(searched)):
            return answer
    answer = None if marked else with_content(_whole_line(text))
    if has_box and not re.search(r"\d", answer or ""):  # "put it in \boxed{}" has words, and no answer
        return None
    return answer


def _from_first_mention(text: str) -> str:
    """The text from the first line that has the word "answer"; "" if none has.

    Headings and announcements hold that word, so there is none before it, and plain search for a word takes a hundredth of the
    time of patterns. Letters beyond ASCII may equal others when case is ignored, so such a text is returned whole.
    """
    if not text.isascii():
        return text
    mention = text.lower().find("answer")
    return "" if mention < 0 else text[text.rfind("\n", 0, mention) + 1 :]


def _plain_lines(text: str) -> str:
    """The text with one kind of line end and one kind of blank."""
    if text.isascii():
        return _LINE_ENDS.sub("\n", text) if "\r" in text else text
    return _INVISIBLE.sub("", _ODD_BLANKS.sub(" ", _LINE_ENDS.sub("\n", text)))


def _without_end_tokens(text: str) -> str:
    """The text without special tokens such as ``<|im_end|>`` that some samplers leave at its end."""
    for _ in range(_MOST_END_TOKENS):
        if not text.rstrip().endswith(">"):
            break
        text = text.rstrip()
        token = _END_TOKEN.search(text, max(0, len(text) - _LONGEST_END_TOKEN))
        if token is None:
            break
        text = text[: token.start()]
    return text


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next(iter(deque(pattern.finditer(text), maxlen=1)), None)


def _under_heading(text: str) -> str | None:
    """What the first line below the last heading says."""
    heading = _last(_HEADING, text)
    return None if heading is None else _first_line(text[heading.end() :].strip())


def _in_heading(text: str) -> str | None:
    """What the last heading says behind its title; None where a sentence goes on."""
    heading = _last(_INLINE, text)
    if heading is None:
        return None
    below = text[heading.end() :].strip()
    if leading_value(below):  # "# Answer 2", and below it the answer
        return _first_line(below)
    answer = heading["answer"].strip(" \t*_#")
    value = leading_value(answer)
    is_whole = value is not None and not answer[value.end :].strip(" .")
    has_marks = text[heading.start() :].lstrip().startswith(("#", "*", "_"))
    return value.text if value and (is_whole or (has_marks and not _VERB_OR_TITLE.match(answer, value.end))) else None


def _first_line(below: str) -> str | None:
    """The line that follows a heading, or what it states where it is a sentence or a formula."""
    below = _HEADING_MARKS.sub("", below)
    line = _formula_line(below).strip()
    if _ANNOUNCEMENT.search(line):
        return _announced(line)
    if FORMULA.match(below[:_LONGEST_STATEMENT]) or _SENTENCE_VERB.search(line):
        return announced_answer(_statement(below))
    return result_of_arithmetic(re.sub(r"\A(\*\*|__)(.+?)\1[.]?\Z", r"\2", line))


def _formula_line(text: str) -> str:
    r"""The first line of a text, with the lines that follow up to the end of an environment or bracket opened in it."""
    lines = text.split("\n", _MOST_FORMULA_LINES)[:_MOST_FORMULA_LINES]
    for count in range(1, len(lines) + 1):
        line = "\n".join(lines[:count])
        if line.count("\\begin{") <= line.count("\\end{") and line.count("\\left") <= line.count("\\right"):
            return line
    return lines[0]


def _gsm8k_answer(text: str) -> str | None:
    """What stands behind the last ``####``: no title of a section, and no answer where an announced one follows.

    Words without a value ("#### Explanation") are an answer only at the end of a text that announces none. A value among words
    is read as behind an announcement: 2 of "#### 2 apples and 3 pears".
    """
    marked = _last(_GSM8K, text)
    if marked is None:
        return None
    if announced := _announced(text[marked.start() :], words_with_reason=False):
        return announced
    answer = (marked["answer"] or marked["inline"]).strip()
    is_last_line = not text[marked.end() :].strip()
    if _SECTION.match(answer) or answer.endswith(":"):
        return None
    if _NUMBER_ALONE.fullmatch(answer) or len(answer) == 1:
        return answer
    if _STARTS_A_VALUE.match(answer):  # the first number counts, as in GSM8K's own extraction
        return announced_answer(answer[:_LONGEST_STATEMENT])
    if not is_last_line or len(answer.split()) > 3:
        return None
    return _announced(text[: marked.start()]) or announced_answer(answer[:_LONGEST_STATEMENT]) or answer


def _announced(text: str, *, words_with_reason: bool = True) -> str | None:
    """The answer of the last announcement that is followed by one; words with a reason count where there is no other."""
    announcements = reversed(deque(_ANNOUNCEMENT.finditer(text), maxlen=_MOST_ANNOUNCEMENTS))
    statements = [_statement(text[place.end() :][:_LONGEST_STATEMENT]) for place in announcements]
    turns = (False, True) if words_with_reason else (False,)
    answers = (announced_answer(statement, words_with_reason=turn) for turn in turns for statement in statements)
    return next(filter(None, answers), None)


def _statement(text: str) -> str:
    """The line with which a text begins, or the display formula that begins there, with the rest of its line.

    A line that ends with a colon ("the area is given by:") leads to the next line.
    """
    text = _POLITENESS.sub("", text[:_LONGEST_STATEMENT])
    while True:
        blank = _BEFORE_STATEMENT.match(text)
        text = text[blank.end() :] if blank else text
        formula = FORMULA.match(text)
        remainder = text[formula.end() if formula else 0 :]
        line = _formula_line(remainder)
        below = remainder[len(line) + 1 :]
        line = formula[0] + line if formula else line
        if not line.rstrip("*_ ").endswith(":") or not below.strip():
            return line
        text = below


def _whole_line(text: str) -> str | None:
    """The last statement of a text of one line."""
    line = text.strip()
    if "\n" in line:
        return None
    line = _POLITENESS.sub("", line[-_LONGEST_STATEMENT:])
    if conclusion := _last(_CONCLUSION, line):
        return stated_answer(line[conclusion.start() :])
    with_value = [sentence for sentence in sentences(line) if re.search(r"[0-9$\\]", sentence)]
    return stated_answer(with_value[-1] if with_value else line)
