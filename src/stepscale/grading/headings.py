"""The answer under a heading ``# Answer`` or ``**Final Answer**``, or in it.

In: plain lines of a solution. Out: the first line below the heading, without what dresses it: emphasis, quotes, a fence of code,
an explanation. What stands there is an answer as a whole, so its words stay (``7 of 9``, ``12 feet, 3 inches``), but not those
of what a number counts: ``18 eggs``.
"""

import re

from stepscale.grading.announcements import ANNOUNCEMENT, MAX_STATEMENT_CHARACTERS, announced, formula_line, statement
from stepscale.grading.asides import without_asides
from stepscale.grading.characters import ORNAMENTS
from stepscale.grading.computations import result_of_arithmetic
from stepscale.grading.plain_lines import last_match
from stepscale.grading.statements import ABOUT, CHOICE, GIVING_VERB, TAGS, announced_answer
from stepscale.grading.values import FORMULA, leading_value
from stepscale.grading.worded import behind_computation

# Blanks are read without a second try (`*+`): six places for them beside each other can be filled in too many ways.
_MARKUP = r"[*_]{0,4}+"
_ORNAMENT = rf"(?:[{ORNAMENTS}]++[ \t]*+)?+"
_TITLE = r"(?:(?:the|my|your)[ \t]++)?(?:final[ \t]++)?answers?"
HEADING = re.compile(
    rf"^[ \t]*+(?:#++[ \t]*+{_ORNAMENT}{_MARKUP}[ \t]*+{_ORNAMENT}{_TITLE}|{_ORNAMENT}[*_]{{2,4}}+[ \t]*+{_ORNAMENT}{_TITLE}"
    rf"|{_ORNAMENT}(?:the[ \t]++)?final[ \t]++answer"
    rf"|[*_]{_TITLE}(?=[ \t]*+:?[*_])"
    rf"|\\(?:(?:sub)*section|paragraph|textbf)\*?\{{[ \t]*+{_TITLE}[ \t]*+:?[ \t]*+\}})"
    rf"[ \t]*+:?[ \t]*+{_MARKUP}[ \t]*+:?[ \t]*+{_ORNAMENT}#*+[ \t]*+$",
    re.MULTILINE | re.IGNORECASE,
)
IN_HEADING = re.compile(  # `# Answer 7` on one line; with a colon it is an announcement
    rf"^[ \t]*+(?:#++[ \t]*+{_MARKUP}[ \t]*+{_TITLE}|[*_]{{2,4}}+[ \t]*+{_TITLE}|final[ \t]++answer)"
    r"(?:[ \t]*+[*_]{1,4}+[ \t]++|[ \t]++)(?:[-\u2013\u2014][ \t]++)?(?!\d+[:.)]\s)(?P<answer>[^\s:=][^\n]*)$",
    re.MULTILINE | re.IGNORECASE,
)
_RULES = re.compile(r"\A(?:(?:-{3,}+|\*{3,}+|_{3,}+)[ \t]*+\n\s*+)++(?!#)")  # lines across the page
_DRESS = re.compile(rf"\A(?:>[ \t]*+\n\s*+|>[ \t]++)*+(?:[{ORNAMENTS}]++[ \t]*+)?+(?=\S)")  # a quotation, a tick
_OPTION = re.compile(r"(?:\\text(?:bf)?\{[ ]*)?(?:\([A-Z]\)[ ]*\}?|[A-E][.)])[ ]+(?=[$\d\\])")
_NAMED_OPTION = re.compile(r"(?i:option|choice)[ ]+\(?[A-J]\)?")
_HEADING_MARKS = re.compile(r"\A#{2,}[ \t]+(?=\S)")  # "# Answer", and below it "#### 5"
_FENCE = re.compile(r"\A(?:```|~~~)[\w+-]{0,20}[ \t]*\n\s*")
_SENTENCE_VERB = re.compile(r"\b(?:is|are|be|equals)\b")
_SOMEONE = re.compile(r"[*_]*(?:[A-Z][a-z]+|I)[ ]")  # a sentence begins
_VERB_OR_TITLE = re.compile(r"\s*(?:[:.)]\s|(?:is|are|was|to|of|for|key|choices?)\b)")
_NO_THING = (  # words behind a number that change it
    r"(?:of|and|or|than|more|less|to|mod|modulo|base|percent\w*|hundred|thousand|[mbtr]+illion|dozen|choose|factorial|squared|cubed"
    r"|times|plus|minus|over|divided|root|sqrt|hal(?:f|ves)|thirds?|fourths?|fifths?|tenths?|hundredths?)\b"
)
_COUNTED = re.compile(rf"(?P<number>-?\$?\d[\d,]*(?:\.\d+)?)(?=[ ][a-z]{{3}})(?:[ ](?!{_NO_THING})[a-z]+){{1,4}}\.?")
_PAIRS = {"*": "*", "_": "_", "`": "`", '"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019", "\u00ab": "\u00bb"}
_MAX_MARKS = 8  # around one answer


def under_heading(text: str) -> str | None:
    """What the first line below the last heading says.

    Args:
        text: Plain lines.
    """
    heading = last_match(HEADING, text)
    return None if heading is None else _first_line(text[heading.end() :].strip())


def in_heading(text: str) -> str | None:
    """What the last heading says behind its title; None where a sentence goes on.

    Args:
        text: Plain lines.
    """
    heading = last_match(IN_HEADING, text)
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
    below = _HEADING_MARKS.sub("", _RULES.sub("", below))
    below = below[fence.end() :] if (fence := _FENCE.match(below)) else _DRESS.sub("", below)
    line = formula_line(below).strip()
    if ANNOUNCEMENT.search(line):
        said = announced(line)
        leads_on = line.rstrip("*_ ").endswith(":") and not re.search(r"[\d\\]", said or "")  # "the answer is simply:"
        return announced_answer(statement(below)) if leads_on else said
    is_sentence = _SENTENCE_VERB.search(line) or (_SOMEONE.match(line) and GIVING_VERB.search(line))
    if FORMULA.match(below[:MAX_STATEMENT_CHARACTERS]) or is_sentence or _is_choice(line):
        return announced_answer(statement(below))
    line = _undressed(line)
    if _is_choice(line) or _NAMED_OPTION.fullmatch(line):
        return announced_answer(line)
    line = line[about.end() :] if (about := ABOUT.match(line)) else line
    if counted := _COUNTED.fullmatch(line):  # `18 eggs`
        return counted["number"]
    return result_of_arithmetic(without_asides(behind_computation(line)))


def _is_choice(line: str) -> bool:
    """Whether a line gives one lettered option, ``(B) 42``; ``(a) 5, (b) 6`` has two answers."""
    return _OPTION.match(line) is not None and len(CHOICE.findall(line)) == 1


def _undressed(line: str) -> str:
    """A line without HTML emphasis and the marks around the whole of it: ``7`` of ``**`7`**.``"""
    if line.startswith("<"):
        line = TAGS.sub("", line).strip()
    for _ in range(_MAX_MARKS):
        bare = line[:-1] if line.endswith(".") and line[-2:-1] in _PAIRS.values() else line
        opening = bare[:1]
        closing = _PAIRS.get(opening)
        length = min(len(bare) - len(bare.lstrip(opening)), 3)  # `**`, and three of a fence in one line
        inner = bare[length:-length]
        if closing is None or bare[-length:] != closing * length or not inner or opening in inner or closing in inner:
            break
        line = inner.strip()
    return line
