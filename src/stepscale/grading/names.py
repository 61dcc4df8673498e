"""The name that a statement gives as its answer: ``George W. Bush`` of ``George W. Bush, who has 5 dogs``.

In: one sentence. Out: the name with which it begins, if something shows that the name is what it answers: a reason or a remark
behind it, initials within it, or nothing else in the sentence. A word in capitals only may be a formula, and is no name here.
"""

import re
from collections.abc import Sequence

from stepscale.grading.sentences import (
    NUMERALS,
    OPENERS,
    PARTICLES,
    PLACES,
    REASONS,
    SUFFIXES,
    TITLES,
    has_own_period,
    is_capitalized,
    is_dotted,
    is_initial,
)

_JOINING = frozenset(("of", "the", "and", "&", "vs.", "v.")) | PARTICLES  # within a name
_REASONS_WITHOUT_COMMA = frozenset(("because", "since"))
_GIVING = frozenset(("equals", "gives", "yields", "makes", "comes"))  # "which equals 4" says the answer
_QUOTES = "\"'\u2018\u2019\u201c\u201d*_"
_PAUSES = ",;:!?"
_MAX_NAME_WORDS = 8  # of a name
_MAX_PLAIN_WORDS = 3  # of an answer that is no name
_MAX_STATEMENT_WORDS = _MAX_NAME_WORDS + 4  # words of a statement
_NO_NAMES = OPENERS | NUMERALS
_BEFORE_NAMES = TITLES | PLACES
_ABBREVIATIONS = _BEFORE_NAMES | SUFFIXES
_FIRST_PART = re.compile(r"['\u2019-]")
_LETTER_OR_ROMAN = re.compile(r"[A-Z]|[IVXL]{2,8}")  # `Train A`, `Henry VIII`


def leading_name(statement: str) -> str | None:
    """The name that a statement says something of, or that holds initials.

    Args:
        statement: What follows an announcement, one sentence.

    Returns:
        ``St. Louis`` of ``St. Louis, as shown in step 3``, ``U.S. Steel`` of ``U.S. Steel``; None where it begins otherwise.
    """
    words = statement.split(maxsplit=_MAX_STATEMENT_WORDS)[:_MAX_STATEMENT_WORDS]
    count = _name_length(words)
    name, behind = words[:count], words[count:]
    if not name or not (_is_remark(name, behind) or _is_whole(name, behind)):
        return None
    return without_marks(" ".join(name))


def before_reason(statement: str) -> str:
    """A few words without the reason given for them: ``even`` of ``even, because all terms are``; other statements as they are.

    Args:
        statement: What follows an announcement, one sentence without a number.
    """
    words = statement.split(maxsplit=_MAX_STATEMENT_WORDS)[:_MAX_STATEMENT_WORDS]
    if words and words[0] not in OPENERS:
        for place, word in enumerate(words[:_MAX_PLAIN_WORDS], 1):
            is_conjunction = word.rstrip(_PAUSES).capitalize() in OPENERS  # "but, as"
            if _has_comma(word) and not is_conjunction and _is_remark([word], words[place:]):
                return " ".join(words[:place])
    return statement


def is_name(words: str) -> bool:
    """Whether words are a name and nothing else, with a particle or an abbreviation: ``Juan de la Cruz``.

    Args:
        words: An answer in words.
    """
    name = words.split(maxsplit=_MAX_STATEMENT_WORDS)
    return _name_length(name) == len(name) and any(map(_is_found_in_names_only, name))


def without_marks(words: str) -> str:
    """Words without the quotes and punctuation around them; the period of ``D.C.`` is its own.

    Args:
        words: An answer in words.
    """
    words = words.strip("*_\"',;: ")
    return words if has_own_period(words.split()[-2:]) else words.strip("*_\"'.,;: ")


def _name_length(words: Sequence[str]) -> int:
    """How many words the name has with which words begin; 0 where they begin with none."""
    first = 1 if words[:1] == ["the"] else 0
    length = 0
    for place, word in enumerate(words[first:_MAX_NAME_WORDS], first):
        bare = _bare(word)
        if place == first and _FIRST_PART.split(bare, maxsplit=1)[0] in _NO_NAMES:
            break
        if _is_name_word(bare) or (place > first and _LETTER_OR_ROMAN.fullmatch(bare)):
            length = place + 1
        elif word not in (PARTICLES if place == first else _JOINING):
            break
        if not word.rstrip(_QUOTES).endswith(bare) and not _goes_on_behind_comma(words[place + 1 : place + 2]):
            break
    return length


def _is_name_word(word: str) -> bool:
    return is_capitalized(word.removesuffix(".")) or _is_abbreviation(word)


def _is_abbreviation(word: str) -> bool:
    """Whether a word of a name is written with a period: ``J.``, ``D.C.``, ``St.``, ``P.J.'s``."""
    word = word.removesuffix("'s")
    return (
        is_initial(word)
        or (is_dotted(word) and word[0].isupper())
        or (word[-1:] == "." and word[:-1] in _ABBREVIATIONS)
    )


def _goes_on_behind_comma(words: Sequence[str]) -> bool:
    """``King, Jr.`` and ``Washington, D.C.`` are one name."""
    word = words[0].rstrip(_PAUSES) if words else ""
    return word.removesuffix(".") in SUFFIXES or (is_dotted(word) and word[0].isupper())


def _is_remark(name: Sequence[str], behind: Sequence[str]) -> bool:
    """Whether what stands behind a name is a reason or a remark, and itself no answer, as ``which equals 4`` is."""
    word, following, third = (*(word.rstrip(_PAUSES) for word in behind[:3]), "", "", "")[:3]
    if not _has_comma(name[-1]):
        return word in _REASONS_WITHOUT_COMMA
    if word == "which":
        return following not in _GIVING
    if word == "where":
        return "=" not in following[1:] and not third.startswith("=")
    return word in REASONS


def _is_whole(name: Sequence[str], behind: Sequence[str]) -> bool:
    """Whether nothing follows a name that cannot be plain words; where it holds more than a title, a comma may follow."""
    marks = [bare for word in name if _is_found_in_names_only(bare := _bare(word))]
    if not behind:
        return bool(marks)
    return _has_comma(name[-1]) and any("." in mark and mark[:-1] not in _BEFORE_NAMES for mark in marks)


def _is_found_in_names_only(word: str) -> bool:
    return _is_abbreviation(word) or word in PARTICLES


def _bare(word: str) -> str:
    """A word without quotes and pauses; a period stays."""
    return word.strip(_QUOTES + _PAUSES)


def _has_comma(word: str) -> bool:
    return word.rstrip(_QUOTES).endswith(",")
