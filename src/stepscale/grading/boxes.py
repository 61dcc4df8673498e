r"""Boxed answers: the last ``\boxed{...}``, ``\fbox{...}`` or ``\framebox{...}`` with content, and those listed beside it.

A box that holds nothing, or a placeholder such as ``\boxed{answer}``, only mentions the box. A mention hides no answer.
Every scan is bounded, so that the time grows with the text and not with its square.
"""

import re

from stepscale.grading.plain_lines import last_match

_NAME = r"\\(?:boxed|fbox|framebox(?:\[[^\[\]\n]{0,20}\]){0,2})(?![a-zA-Z])"  # `\framebox[2cm][c]{42}`
BOX = re.compile(rf"{_NAME}(?:\s*(?={{)|[ \t]*)")
_LIST_SEPARATOR = re.compile(
    r"(?:[ \t,;$&~]|\\[,;:! ()]|\\q?quad(?![a-zA-Z])|\\text\s*\{[^{}\n]{0,30}?\b(?:and|or)\s*\}|\band\b|\bor\b)*"
    r"(?:\b(?P<name>[a-zA-Z])[ ]*=[ ]*)?\Z"  # `x = \boxed{3} or x = \boxed{-3}`
)
_NAME_BEFORE = re.compile(r"(?<![\w\\])(?P<name>[a-zA-Z])[ ]*=[ ]*\Z")
_MINUS_BEFORE = re.compile(r"(?:[$=]|\\[(\[])[ ]*-[ ]*\Z")  # `$-\boxed{18}$`, but not the bullet of a list
BRACE = re.compile(r"(?<!\\)(?:\\\\)*([{}])")
DOLLAR = re.compile(r"(?<!\\)\$")  # inside a box it delimits nothing
_UNBRACED_END = re.compile(r"\$|\\\)|\\\]|\n|\.(?!\d)|,\s|;|\s[a-zA-Z]{2,}")
_BEGINS_LIKE_AN_ANSWER = re.compile(
    r"[(\[]?(?:[-+\u2212\u2013\u00b1]?[ \t]?[.$]?\d|[-+\u2212\u2013\u00b1]?\\(?!boxed|fbox|framebox)(?:[a-zA-Z]|[{$])"
    r"|[-+\u2212\u2013\u00b1]?[a-zA-Z](?![a-zA-Z'\u2019])(?!\s+[a-zA-Z]{2})"
    r"|[-+\u2212\u2013\u00b1]?[\u221a\u03c0\u221e\u00bc-\u00be\u2150-\u215e])"
)
_ONE_WORD = re.compile(r"\s*\w+[.$\s]*\Z")
_SPACING = re.compile(
    r"\\[hv]?(?:phantom|space)\*?\s*\{[^{}]*\}|\\rule(?:\[[^\[\]]*\])?(?:\{[^{}]*\}){2}|\\[,;:! _]"
    r"|[\s{}$~_?*.\u2026\u22ef\u25a1]|\\\Z"
    r"|\\(?:q?quad|en(?:space|skip)|(?:thin|med|thick)space|h(?:rule)?fill?|vfill?|dotfill|m?strut|null|[lcvd]?dots|square|Box|cdot"
    r"|bullet|underline|(?:text|math)(?:rm|bf|it|sf|tt|normal)|text|emph|[mh]box|boxed)(?![a-zA-Z])"
)
_COUNT = re.compile(r"(?<=answer)_?\d\b|(?<=answer)_?\{\d\}")  # `answer1, answer2`
_END_OF_PROOF = re.compile(  # said behind an answer
    r"\W*(?:Q\W*E\W*D|\\(?:blacksquare|qed(?:symbol)?|checkmark|bigstar|qedhere)|[\u25a0\u220e\u2713\u2714\u2705])\W*"
)
_PLACEHOLDER = re.compile(
    r"(?:insert|put|write|the|your|my|a|an|final|correct|numerical|number|answer|result|solution|value|expression|ans|here|goes"
    r"|is|in|to|this|question|problem|\W)*",
    re.IGNORECASE,
)
_ASKED_FOR = re.compile(r"answer|number|result|solution|value|expression|\bans\b", re.IGNORECASE)
_KIND_OF_ANSWER = re.compile(  # may be an answer too, so it gives way only to another
    r"(?:(?:a|an|the|your|my|single|chosen|correct|final|simplified|exact)\s+)*"
    r"(?:(?:integer|numeric|numerical|decimal|fraction|digit|letter|choice|option|response"
    r"|(?:exact|simplified)\s+(?:value|form|expression)|(?:simplest|lowest|exact|decimal|standard)\s+(?:form|terms))"
    r"(?:\s+(?:here|only|number|answer|choice|option|letter|value|response|result|solution))*"
    r"(?:\s+(?:between|from)\s+\d+\s+(?:and|to)\s+\d+(?:\s+inclusive)?|\s+of\s+(?:the|your)(?:\s+[a-z]+){1,3})?"
    r"|(?:answer|result|solution|value|number)\s+(?:in|as|to)(?:\s+[a-z]+){1,4})",
    re.IGNORECASE,
)
_ASKS = re.compile(r"\b(?:put|write|place|give|use|using|inside|within|in|into|as|with)\b", re.IGNORECASE)
_ANNOUNCED = re.compile(  # `\\boxed{\\text{Answer: } 9}`
    r"(?P<macro>\\(?:text|mathrm|mathbf)(?:bf|rm|it)?\s*\{\s*)?(?:the\s+)?(?:final\s+)?answer(?:\s+is\b\s*:?|\s*[:=])\s*(?P<end>\})?\s*"
    r"(?=\S)(?P<answer>.+)",
    re.IGNORECASE | re.DOTALL,
)
_OPTION = re.compile(  # `(C) 18`, `\textbf{(C)}\ 18`, `C. 18`: the letter is chosen
    r"(?:\\(?:text(?:bf)?|mathrm|mathbf)\{[ ]*)?\(?(?P<letter>[A-E])[).][ ]*\}?(?:[ ~]|\\[ ,;:!]|\\q?quad(?![a-z]))+(?=[$\d\\])"
    r"(?!.*[A-E][).]).+|\\text\{[ ]*(?:Option|Choice)[ ]+(?P<option>[A-E])[ ]*\}",
)
_MENTION = re.compile(rf"(?<![`$])[`$]*+{_NAME}(?:\s*\{{(?:[^{{}}\n]|\{{[^{{}}\n]*\}}){{0,100}}\}}|[ \t]*\{{)?[`$]*")
_DENIES = re.compile(
    r"\b(?:not|instead[ ]of|rather[ ]than)[ ]+(?:\w{1,10}[ ]*=)?[ $\\(\[]*\Z"
)  # what stands before a box
_CALLED_WRONG_BEFORE = re.compile(
    r"\b(?:earlier|previous|initial|first|original|wrong|incorrect|mistaken)[ ](?:answer|result|value)(?:,|[ ](?:of|was))?"
    r"[ $\\(\[]*\Z",
    re.IGNORECASE,
)
_CALLED_WRONG_BEHIND = re.compile(r"[$\\)\], ]*(?:is|was)[ ](?:wrong|incorrect|mistaken|not[ ](?:right|correct))\b")
_MAX_DENIAL_CHARACTERS = 40
MAX_BOXES = 100  # looked at from the end
_MAX_LISTED_BOXES = 50  # boxes in one list
_MAX_CONTENT_CHARACTERS = 10_000


def boxed_answer(text: str, *, kinds: bool = True) -> str | None:
    """The content of the last box that has one, after the contents of the boxes listed beside it.

    Args:
        text: A solution's text.
        kinds: Whether a kind of answer, such as ``integer``, is content.

    Returns:
        The contents joined by commas, or None where no box has content.
    """
    contents: list[str] = []
    list_end = len(text)  # where the list continues: the start of the box after this one
    boxes = list(BOX.finditer(text))[-MAX_BOXES:]
    for box in boxes[::-1]:
        after_brace = text[box.end() : min(list_end, box.end() + _MAX_CONTENT_CHARACTERS)]
        content, end = _content(after_brace)
        before = text[max(box.start() - _MAX_DENIAL_CHARACTERS, 0) : box.start()]
        is_denied = not contents and (
            _DENIES.search(before) or (box is not boxes[0] and _is_called_wrong(before, after_brace, end))
        )
        if is_mention(content) or is_denied or (not kinds and is_kind_of_answer(content)):
            if contents:
                break
            continue
        if contents and (end is None or not _is_listed(before, after_brace[end:])):
            break
        content = _without_announcement(content)
        if _MINUS_BEFORE.search(before) and re.match(r"[\d.\\]", content):
            content = f"-{content}"
        option = _OPTION.fullmatch(content)
        content = (option["letter"] or option["option"]) if option else content
        if not contents or contents[0] != content:
            contents.insert(0, content)
        if len(contents) == _MAX_LISTED_BOXES:
            break
        list_end = box.start()
    return ", ".join(contents) or None


def _is_called_wrong(before: str, after_brace: str, end: int | None) -> bool:
    """Whether a box is an earlier or wrong answer by what stands around it."""
    return _CALLED_WRONG_BEFORE.search(before) is not None or (
        end is not None and _CALLED_WRONG_BEHIND.match(after_brace, end) is not None
    )


def _is_listed(before: str, between: str) -> bool:
    """Whether the next box belongs to the list of this one by what stands between them; a name must be that of this one."""
    separator = _LIST_SEPARATOR.match(between)
    if separator is None or separator["name"] is None:
        return separator is not None
    name = _NAME_BEFORE.search(before)
    return name is not None and name["name"] == separator["name"]


def _without_announcement(content: str) -> str:
    """The answer in a box that announces it once more; any other content as it is."""
    announced = _ANNOUNCED.fullmatch(content)
    if announced is None or (announced["end"] and not announced["macro"]):
        return content
    answer = announced["answer"]
    if announced["macro"] and not announced["end"]:  # the macro holds the answer too
        return answer.removesuffix("}").rstrip() if answer.count("{") < answer.count("}") else content
    return answer


def without_mentions(text: str) -> str:
    """The text without its boxes, for a text in which no box has content."""
    return _MENTION.sub("", text)


def without_requests(text: str) -> str:
    """The text without its boxes and what stands before each in its sentence: ``Put it in \\boxed{integer}``.

    Args:
        text: A solution's text.
    """
    kept: list[str] = []
    end = 0
    for mention in _MENTION.finditer(text):
        kept.append(text[end : max(_sentence_start(text, end, mention.start()), end)])
        end = mention.end()
    return "".join(kept) + text[end:]


def from_last_box(text: str) -> str:
    """The text from its last box on; all of it if the sentence asks for a box: ``Put it in \\boxed{integer}``.

    Args:
        text: A solution's text, with a box.
    """
    box = last_match(BOX, text)
    if box is None:
        return text
    sentence = text[max(_sentence_start(text, 0, box.start()), 0) : box.start()]
    return text if _ASKS.search(sentence) else text[box.start() :]


def _sentence_start(text: str, low: int, high: int) -> int:
    """Where the sentence that goes on at ``high`` begins, with the sign that ends the one before; -1: before ``low``."""
    return max(text.rfind("\n", low, high), text.rfind(". ", low, high))


def is_kind_of_answer(content: str) -> bool:
    """True for a box that may only say what to put in it: ``integer``, ``numeric answer``, ``letter``.

    Args:
        content: What stands between its braces.
    """
    return len(content) < 60 and _KIND_OF_ANSWER.fullmatch(_SPACING.sub(" ", content).strip(" <>[]()")) is not None


def _content(after_brace: str) -> tuple[str, int | None]:
    r"""The content of a box whose text goes on as ``after_brace``, and where its brace closes (None: it has none)."""
    if not after_brace.startswith("{"):
        if not _BEGINS_LIKE_AN_ANSWER.match(after_brace):
            return "", None
        return unbraced_content(after_brace), None
    depth = 0
    for brace in BRACE.finditer(after_brace):
        depth += 1 if brace[1] == "{" else -1
        if depth == 0:
            return DOLLAR.sub("", after_brace[1 : brace.end() - 1]).strip(), brace.end()
    # Never closed: it counts to the end of its line, where it begins like an answer.
    inner = after_brace[1:].lstrip(" \t$")
    if not _BEGINS_LIKE_AN_ANSWER.match(inner) and not _ONE_WORD.match(inner):
        return "", None
    inner = inner.split("\n", 1)[0].rstrip("$. ")
    return ("", None) if is_cut_off(inner) else (inner, None)


def is_cut_off(answer: str) -> bool:
    r"""Whether LaTeX ends with a brace that was just opened: ``\frac{3}{``.

    Args:
        answer: As it was read.
    """
    return re.search(r"(?<!\\)\{\s*\Z", answer) is not None


def unbraced_content(text: str, start: int = 0, look_from: int = 0) -> str:
    r"""What a box without braces holds, ``\boxed 2$.``: up to the end of the formula, the sentence or the line.

    Args:
        text: Holds what the box holds.
        start: Where that begins.
        look_from: Where to look for the end, behind brackets whose commas end nothing; ``start`` or later.
    """
    end = _UNBRACED_END.search(text, max(start, look_from))
    return text[start : end.start() if end else len(text)].strip()


def is_mention(content: str) -> bool:
    """True for a box without content: blanks, dots, the end of a proof, or words that ask for an answer.

    Args:
        content: What stands between its braces.
    """
    bare = _SPACING.sub(" ", _COUNT.sub("", content))
    if not bare.strip() or (len(bare) < 20 and _END_OF_PROOF.fullmatch(bare) is not None):
        return True
    return len(bare) < 60 and _PLACEHOLDER.fullmatch(bare) is not None and _ASKED_FOR.search(bare) is not None
