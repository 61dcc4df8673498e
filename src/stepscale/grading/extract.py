r"""Where is the final answer? A solution's text in, its answer out; None where the text states none.

The marks of an answer, in the order in which they count:

1. the last ``\boxed{...}`` with content, with the boxes listed beside it (``boxes``);
2. a field: ``<answer>5</answer>``, ``{"answer": 5}`` (``fields``);
3. the line below the last heading ``# Answer`` (PRM800K) or ``**Final Answer**``, else what stands in it, ``# Answer 7``;
4. GSM8K's ``#### 5``, unless an announced answer follows it;
5. what the last "the answer is" or "Answer:" announces: the first value stated there (``statements``);
6. the option that is called correct, "the correct option is (C)" (``correct_options``);
7. in a text of a single line, what its last statement says, or the line itself where it is nothing but an answer.

A text of several lines without any of these marks is a solution that stopped before its answer. A number taken from it
would be a guess: None.
"""

import re

from stepscale.grading.announcements import ANNOUNCEMENT, MAX_STATEMENT_CHARACTERS, MENTIONS, POLITENESS, announced
from stepscale.grading.boxes import (
    BOX,
    boxed_answer,
    from_last_box,
    is_kind_of_answer,
    without_mentions,
    without_requests,
)
from stepscale.grading.correct_options import CORRECT_OPTION, correct_option
from stepscale.grading.fields import FIELD, field_content
from stepscale.grading.gsm8k import GSM8K, gsm8k_answer
from stepscale.grading.headings import HEADING, IN_HEADING, in_heading, under_heading
from stepscale.grading.plain_lines import last_match, plain_lines, without_end_tokens
from stepscale.grading.sentences import sentences
from stepscale.grading.statements import stated_answer
from stepscale.grading.withdrawn import without_struck_out
from stepscale.grading.worded import with_content

_CONCLUSION = re.compile(r"\b(?:Therefore|Thus|Hence|So|Finally)\b")
_MAX_TEXT_CHARACTERS = 200_000  # characters: of a longer text, its end is searched
_SAYS_MORE = re.compile(  # "Done." after a thought does not
    r"\d|[\\$]|\*\*|\banswer|\A\W*(?!(?:done|ok|okay|finished|sure|good|great|right|correct)\b)\w+(?:[ ]\w+){0,2}\W*\Z",
    re.IGNORECASE,
)


def extract_answer(text: str) -> str | None:
    """The final answer stated in a solution, without its delimiters.

    Args:
        text: A solution, or any text; line ends and blanks of every kind are read alike.

    Returns:
        The answer as written, never blank; None if the text states none. Nothing raises.
    """
    text = without_struck_out(without_end_tokens(plain_lines(text[-_MAX_TEXT_CHARACTERS:])))
    _, thought_ends, said = text.rpartition("</think>")
    if thought_ends and _SAYS_MORE.search(said) and (answer := extract_answer(said)):
        return answer
    has_box = BOX.search(text) is not None
    if has_box:
        boxed = boxed_answer(text)
        if boxed is not None:
            return boxed if not is_kind_of_answer(boxed) else _other_than_a_kind(text) or boxed
        text = without_mentions(text)
    is_marked, answer = _marked_answer(text)
    answer = answer if is_marked else with_content(_whole_line(text))
    if has_box and not (is_marked and answer) and not re.search(r"\d", answer or ""):
        return None  # "put it in \boxed{}" has words, and no answer
    return answer


def _other_than_a_kind(text: str) -> str | None:
    r"""The answer marked besides the last box, ``\boxed{integer}``, where that says what to put there: behind it, or anywhere."""
    text = from_last_box(text)
    if (boxed := boxed_answer(text, kinds=False)) is not None:
        return boxed
    _, answer = _marked_answer(without_requests(text))
    if answer is None:
        _, answer = _marked_answer(without_mentions(text))
        return answer if re.search(r"\d", answer or "") else None  # "the answer is an \boxed{integer}" has words alone
    return answer


def _marked_answer(text: str) -> tuple[bool, str | None]:
    """Whether a text without boxes has a mark, and the answer behind the first kind of mark that has one."""
    is_marked = False
    mentions = _from_first_mention(text)
    for marks, read, searched in (
        (FIELD, _in_field, mentions),
        (HEADING, under_heading, mentions),
        (IN_HEADING, in_heading, mentions),
        (GSM8K, gsm8k_answer, text if "####" in text else ""),
        (ANNOUNCEMENT, announced, mentions),
        (CORRECT_OPTION, correct_option, text if "correct" in text.lower() else ""),
    ):
        if not searched or marks.search(searched) is None:
            continue
        is_marked = True
        if answer := with_content(read(searched)):
            return True, answer
    return is_marked, None


def _in_field(text: str) -> str | None:
    """The answer in the last field: what is marked in it, else its one line."""
    content = field_content(text)
    return extract_answer(content) if content else None


def _from_first_mention(text: str) -> str:
    """The text from the first line that has the word "answer" or its like; "" if none has.

    Headings and announcements hold such a word, so there is none before it, and plain search for a word takes a hundredth of the
    time of patterns. Letters beyond ASCII may equal others when case is ignored, so such a text is returned whole.
    """
    if not text.isascii():
        return text
    lowered = text.lower()
    mentions = [place for mention in MENTIONS if (place := lowered.find(mention)) >= 0]
    return text[text.rfind("\n", 0, min(mentions)) + 1 :] if mentions else ""


def _whole_line(text: str) -> str | None:
    """The last statement of a text of one line."""
    line = text.strip()
    if "\n" in line:
        return None
    line = POLITENESS.sub("", line[-MAX_STATEMENT_CHARACTERS:])
    if conclusion := last_match(_CONCLUSION, line):
        return stated_answer(line[conclusion.start() :])
    with_value = [sentence for sentence in sentences(line) if re.search(r"[0-9$\\]", sentence)]
    return stated_answer(with_value[-1] if with_value else line)
