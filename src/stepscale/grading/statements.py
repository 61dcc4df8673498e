"""One statement of a solution -> the answer that it states.

After an announcement ("the answer is") the first value counts. A sentence that announces nothing ("So she has 3 + 5 = 8
apples.") states what stands behind its verb, or its last value.
"""

import re

from stepscale.grading.asides import without_asides, without_unit
from stepscale.grading.characters import MINUS
from stepscale.grading.names import before_reason, is_name, leading_name, without_marks
from stepscale.grading.sentences import sentences
from stepscale.grading.values import FORMULA, FUNCTION, VECTOR, formulas, inside, leading_value, tidied, values
from stepscale.grading.withdrawn import rounded
from stepscale.grading.worded import behind_computation, leading_date, leading_time, with_mixed_number

_BETWEEN_FORMULAS = re.compile(r"\A(?:[\s,;*_\"'.]|\\[\"']|\band\b|\bor\b)*\Z")
_SAYS_SOMETHING = re.compile(r"[0-9$\\]")
_VERB = re.compile(r"\b(?:is|are|be|equals)\b:?\s+")
GIVING_VERB = re.compile(
    r"\b(?:has|have|had|costs?|pays?|paid|makes?|made|saves?|saved|earns?|earned|needs?|gets?|got|spends?|spent|takes?|took|sells?|sold"
    r"|weighs?|uses?|used|eats?|ate|buys?|bought|receives?|received|reads?|runs?|ran|drives?|drove|travels?|traveled)\b[ ]+"
)
_BEFORE_VALUE = re.compile(r"\A(?:(?:a|the|total|of|about|only|exactly|in|left|with)[ ]+){1,4}")
_FILLER = re.compile(
    r"(?:(?:i\.e\.|e\.g\.|(?:therefore|thus|hence|so|then|simply|just|exactly|approximately|about|around|roughly|nearly|only|indeed"
    r"|equal to|given by|option|choice|(?:both|either)(?=[ ]+(?:[^\w\s*_]|\d|[a-zA-Z]\b)))\b)[,:]?[ ]+)+",
    re.IGNORECASE,
)
ABOUT = re.compile(  # leads to a value: a sign of approximation, an arrow
    r"(?:\\(?:approx|sim|simeq|to|(?:long)?(?:right|Right)arrow|implies)(?![a-zA-Z])|~(?!~)|[-=]{1,2}>"
    r"|[\u2248\u223c\u2243\u2245=\u2192\u21d2\u27f6\u27f9\u279c\u27a1\u2794])\s*"
)
CHOICE = re.compile(  # `(D) 42`, `D. 42`: the letter is chosen
    r"(?P<bracketed>\\text(?:bf)?\{[ ]*\([A-Za-z]\)[ ]*\}|\([A-Za-z]\))(?::(?!.*\([A-Za-z]\)))?"
    r"[ ]+(?=[$\d]|\\(?!cdot|times|div|pm|cup|cap|in\b))"
    r"|(?P<letter>[A-E])(?:[.)]|:(?!.*\b[A-E]:))[ ]+(?=\S)"
)
_NAMED_CHOICE = re.compile(r"\b(?:option|choice)[ ]+(?P<letter>\(?[A-Z]\)?)[,:](?![ ]*[A-Z]\b)", re.IGNORECASE)
_CORRECT_CHOICE = re.compile(r"(?P<letter>\(?[A-J]\)?)[ ]+is[ ]+(?:the[ ]+)?(?:correct|right)\b")
_LETTER_IN_BRACKETS = re.compile(r"[\s*_]*(?:\[\[|<)(?P<letter>[A-J])(?:\]\]|>)[\s*_.]*")  # `[[B]]`, a judge's verdict
_YES_OR_NO = re.compile(
    r"(?:yes|no|true|false)\b(?!\.[ ]?\d)(?=[*_\"' ]*(?:[,.;:!(]|\Z|\b(?:because|since|as)\b))", re.IGNORECASE
)
_REMARK = re.compile(  # what is said of an answer, not the answer
    r"(?:in|inside|within|on|below|above|as follows|correct|right|wrong|incorrect|reasonable|sensible|valid|plausible"
    r"|consistent|clear|unclear|known|unknown|found|given|stated|boxed|not \w+|to be|what|that|this|our|your)\b",
    re.IGNORECASE,
)
TAGS = re.compile(r"</?(?:b|i|u|em|strong|code|span|p|answer)>")
_EMPHASIS = re.compile(r"(?<![\w)])(?:\*\*|__)|(?:\*\*|__)(?![\w(])|`")
_PROSE = re.compile(r"[A-Za-z]{2,}")
_MACRO = re.compile(r"\\[a-zA-Z]+(?:\{[^{}]*\})?")
_UNIT_POWER = r"(?:\^?[\d\u00b2\u00b3])?"
_UNIT_LETTER = re.compile(
    r"(?<=\d)m[\u00b2\u00b3]\Z"
    rf"|(?<=[\d}}\u2070-\u207f\u00b2\u00b3\u00b9])[ ][mgsLhNJVWK]{_UNIT_POWER}(?:/[a-zA-Z]{_UNIT_POWER})?\Z"
)
_EXPLANATION = re.compile(r"(?<=[\d%]):\s.*")  # `7: 3 + 4`
_MATHEMATICAL = re.compile(
    r"[\x00-\x7f\u00b1\u00b2\u00b3\u00b7\u00b9\u00bc-\u00be\u00d7\u00f7\u0391-\u03c9\u2010-\u2014\u2032\u2044\u2070-\u209c"
    r"\u2102\u2115\u211a\u211d\u2124\u2150-\u215e\u2189\u2200-\u2247\u2260-\u22ff\u2a2f\u2a7d\u2a7e\ufe63\uff0d]+"
)
_CLOSING_MARKS = re.compile(r"(?:[ ,;:?]|(?<!\b[A-Za-z]\.[A-Za-z])\.|(?<=[ ?])!+|(?<=\d)'|(?<=[ ])\||\\(?=[.,]))+\Z")
_CLOSING_SIGNS = re.compile(r"[\s>~=]+\Z")  # no answer ends with one, but a vector: `<1, 2>`
_VECTOR_AT_END = re.compile(rf"{VECTOR.pattern}\s*\Z")
_DELIMITER = re.compile(r"\\?[{}]|\\?[()\[\]]")
_DOLLAR = re.compile(r"(?<!\\)\$+")
_PARTNERS = {"}": "{", "\\}": "\\{", "\\)": "\\(", "\\]": "\\["}
_MAX_ANSWER_WORDS = 3  # of an answer in words


def announced_answer(statement: str, *, words_with_reason: bool = True) -> str | None:
    """The first value of a statement that follows an announcement; its words where it has no value.

    Args:
        statement: The text behind "the answer is", to the end of its line.
        words_with_reason: Whether ``even, because the sum is odd`` is an answer; ``positive, as it should be`` may be a remark.

    Returns:
        The answer, or None where the statement holds none.
    """
    statement = _first_sentence(_closed(_first_sentence(statement)))
    if named := _NAMED_CHOICE.match(statement) or _CORRECT_CHOICE.match(statement):  # `option C, 12`
        return named["letter"]
    statement = statement[filler.end() :] if (filler := _FILLER.match(statement)) else statement
    if word := _YES_OR_NO.match(statement):
        return word[0]
    if date_or_name := leading_date(statement) or leading_time(statement) or leading_name(statement):
        return date_or_name
    statement = behind_computation(with_mixed_number(statement))
    statement = statement[about.end() :] if (about := ABOUT.match(statement)) else statement
    if choice := CHOICE.match(statement):
        return choice["bracketed"] or choice["letter"]
    if _is_bare(statement):
        return _bare(statement)
    if value := leading_value(statement):
        return rounded(value, statement) or value.text
    if not _SAYS_SOMETHING.search(statement) and not values(statement):
        words = before_reason(statement)
        is_remark = _REMARK.match(statement) or (words != statement and not words_with_reason)
        return None if is_remark else stated_answer(words)
    # 1. what stands behind a verb: "The largest $n$ is 34, 3 more than 31."
    for verb in _VERB.finditer(_without_formulas(statement)):
        behind = statement[verb.end() :]
        behind = behind[filler.end() :] if (filler := _FILLER.match(behind)) else behind
        if value := leading_value(behind):
            return value.text
    # 2. what someone has, costs or pays: 18 of "After 5 years, Tom has $18."
    for verb in GIVING_VERB.finditer(_without_formulas(statement)):
        if value := leading_value(_BEFORE_VALUE.sub("", statement[verb.end() :])):
            return value.text
    # 3. the first formula with a number, else the last formula
    contents = [inside(formula) for formula in formulas(statement)]
    if contents:
        return next((content for content in contents if re.search(r"\d", content)), contents[-1])
    # 4. the first value in prose, but not the 5 of "not 5 but 7"
    numbers = values(re.sub(rf"\b(?:not|than)\s+[{MINUS}]?[\d.,]+", " ", statement)) or values(statement)
    return numbers[0] if numbers else stated_answer(statement)


def stated_answer(sentence: str) -> str | None:
    """The answer in a sentence that announces none: its formulas, what its verb says, its last value, or its words.

    Args:
        sentence: One sentence, or a line of which the first sentence is read.

    Returns:
        The answer, or None where the sentence holds none.
    """
    sentence = _first_sentence(sentence)
    sentence_formulas = list(formulas(sentence))
    if sentence_formulas and _BETWEEN_FORMULAS.match(FORMULA.sub(" ", sentence)):
        return ", ".join(inside(formula) for formula in sentence_formulas)
    verbs = list(_VERB.finditer(_without_formulas(sentence)))
    if verbs and (not sentence_formulas or _SAYS_SOMETHING.search(sentence, verbs[-1].end())):
        return stated_answer(sentence[verbs[-1].end() :])
    if sentence_formulas:
        return inside(sentence_formulas[-1])
    if date_or_time := leading_date(sentence) or leading_time(sentence):
        return date_or_time
    if _is_bare(sentence):
        return _bare(sentence)
    numbers = values(sentence)
    if numbers:
        return numbers[-1]
    words = without_marks(sentence)
    return words if len(words.split()) <= _MAX_ANSWER_WORDS or is_name(words) else None


def _first_sentence(text: str) -> str:
    """The first sentence of a text, without emphasis."""
    if letter := _LETTER_IN_BRACKETS.fullmatch(text):
        return letter["letter"]
    sentence = next(sentences(TAGS.sub("", text.strip())), "")
    return _EMPHASIS.sub("", sentence).strip("*_ ")


def _closed(sentence: str) -> str:
    r"""The sentence up to a delimiter that closes what was opened before it: ``009`` of ``\[Answer: 009\]``."""
    opened: list[str] = []
    depth = 0  # of plain brackets, whose kinds mix: `[2, 5)`
    for delimiter in _DELIMITER.finditer(sentence):
        if delimiter[0] in "([)]":
            depth += 1 if delimiter[0] in "([" else -1
            if depth < 0 and delimiter.start() and "[" not in sentence[delimiter.end() :]:  # but `]2, 5[`
                return sentence[: delimiter.start()]
            continue
        partner = _PARTNERS.get(delimiter[0])
        if partner is None:
            opened.append(delimiter[0])
        elif opened and opened[-1] == partner:
            opened.pop()
        elif partner not in opened:
            return sentence[: delimiter.start()]
    if (end := sentence.find("\\end{")) >= 0 and "\\begin{" not in sentence[:end]:
        return sentence[:end]
    sentence = sentence if _VECTOR_AT_END.search(sentence) else _CLOSING_SIGNS.sub("", sentence)
    if sentence.endswith("|") and sentence.count("|") % 2:
        return sentence[:-1].rstrip()
    if len(_DOLLAR.findall(sentence)) % 2 and re.search(r"[^\\$]\$+\s*\Z", sentence):
        return sentence.rstrip("$ ")
    return sentence


def _without_formulas(sentence: str) -> str:
    """The sentence with every formula masked, so that positions stay."""
    return FORMULA.sub(lambda formula: "$" * len(formula[0]), sentence)


def _is_bare(sentence: str) -> bool:
    """True for a sentence that is nothing but an answer: no word, no formula, no character outside mathematics."""
    return (
        bool(sentence)
        and _MATHEMATICAL.fullmatch(sentence) is not None
        and not _PROSE.search(FUNCTION.sub("", _MACRO.sub("", sentence)))
        and FORMULA.search(sentence) is None
    )


def _bare(sentence: str) -> str:
    answer = without_asides(_CLOSING_MARKS.sub("", sentence.strip(' "')))
    answer = _EXPLANATION.sub("", _CLOSING_MARKS.sub("", answer)).replace("\\$", "")
    return tidied(_UNIT_LETTER.sub("", without_unit(answer)))
