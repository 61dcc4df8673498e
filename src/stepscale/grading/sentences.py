"""Where a sentence ends: every period is a candidate, and the words before and behind it decide.

In: prose as a model writes it. Out: its sentences. A period behind a number, a formula or an ordinary word ends one wherever a
capital letter or nothing follows. Only the period of an abbreviation or of an initial is in doubt. Each decision reads a bounded
number of words, so that the time grows with the text.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TITLES = _words("Capt Col Dr Gen Gov Lt Mr Mrs Ms Prof Rev Sen Sgt")
PLACES = _words("Ft Mt St")  # before a name; "Main St." may also end a sentence
SUFFIXES = _words("Bros Co Corp Esq Inc Jr Ltd Sr")  # behind a name; their period is their own
PARTICLES = _words("al bin d da das de del della den der di dos du el ibn l la le ten ter van von")
REASONS = _words("as because not since where which who whom whose")  # begin what is said of a name
OPENERS = _words(  # begin a sentence and no name
    "A An The This That These Those There It Its He She We They I You His Her Our My Your So Then Therefore Thus Hence Because"
    " Since As If When Where What Which In On At For From By To With And But Or Now Next Finally First Let Note Check However"
    " Also All Both Each Here Step Answer Final Explanation Reason Clearly Obviously Similarly Consequently"
)
NUMERALS = _words(
    "Zero One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen Fourteen Fifteen Sixteen Seventeen Eighteen"
    " Nineteen Twenty Thirty Forty Fifty Sixty Seventy Eighty Ninety Hundred Thousand Million Half Once Twice"
)
_MORE_OPENERS = _words(  # begin a sentence; alone they may also be an answer
    "Any Either Every Neither None Not Only Some Most Their Who How Why While Although Of Indeed Alternatively Otherwise"
    " Suppose Consider Recall Assume Adding Checking Combining Dividing Multiplying Simplifying Solving Substituting"
    " Subtracting Using"
)
_ALL_OPENERS = OPENERS | NUMERALS | _MORE_OPENERS
_AUXILIARIES = _words("is are was were has have had do does did can could will would shall should may might must")
_WITHIN_A_SENTENCE = TITLES | _words("cf e.g i.e viz vs")
_TIMES = _words("A.M P.M")
_NO_FIRST_NAMES = OPENERS | _words(  # a letter behind one of these is a label: "Train A"
    "Answer Bag Box Building Car Case Choice City Class Column Company Container Day Equation Figure Graph Group House Jar Line"
    " Machine Option Person Pipe Plan Plane Player Point Question Route Row Section Set Shape Statement Step Store Table Tank"
    " Team Town Train Triangle Type Vitamin"
)
_WORD = re.compile(r"\S+")
_TEXT_IN_FORMULA = re.compile(r"\\[a-zA-Z]+\{[^{}]*\}")  # `\text{Dr. Lee}` is one piece
_LEADING_LETTERS = re.compile(r"[A-Za-z]+(?![A-Za-z.-])")
_DOTTED = re.compile(r"(?:(?:[A-Za-z]|[A-Z][a-z])\.){2,}")
_OPENING_MARKS = "\"'\u2018\u201c\u00ab([*_"
_CLOSING_MARKS = ".,:;!?)*_\"'\u2019\u201d\u00bb"
_MAX_NAME_WORDS = 6  # read behind an initial


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text in order, without the periods that end them.

    Args:
        text: Prose.
    """
    spoken = _TEXT_IN_FORMULA.sub(lambda piece: piece[0].replace(".", "-"), text)
    places = list(_WORD.finditer(spoken))
    words = [place[0] for place in places]
    start = 0
    for index, place in enumerate(places):
        if _ends_sentence(words, index):
            is_own = has_own_period(words[max(0, index - 1) : index + 1])
            yield text[start : place.end() - (not is_own)]
            start = place.end()
    if text[start:].strip():
        yield text[start:]


def has_own_period(words: Sequence[str]) -> bool:
    """Whether the last word is written with a period wherever it stands: ``D.C.``, ``p.m.``, ``Jr.`` behind a name.

    Args:
        words: The last words of a sentence: two, where it has as many.
    """
    if not words:
        return False
    *before, word = words
    word = word.lstrip(_OPENING_MARKS)
    is_suffix = word.endswith(".") and word[:-1] in SUFFIXES
    return is_dotted(word) or (is_suffix and before != [] and (before[-1][0].isupper() or before[-1] == "&"))


def is_dotted(word: str) -> bool:
    """Whether a word is an abbreviation with periods within: ``U.S.``, ``J.K.``, ``p.m.``, ``Ph.D.``.

    Args:
        word: With its last period.
    """
    return _DOTTED.fullmatch(word) is not None


def is_initial(word: str) -> bool:
    """Whether a word is a capital letter and a period.

    Args:
        word: With its period.
    """
    return len(word) == 2 and word[0].isupper() and word[1] == "."


def is_capitalized(word: str) -> bool:
    """Whether a word is spelled as a name: ``Alice``, ``O'Brien``, ``McDonald``, ``Jean-Luc``, ``d'Alembert``, ``José``.

    Args:
        word: Without punctuation.

    Returns:
        False for a single letter, for capitals only and for ``A-B``: these may be formulas.
    """
    head, *tail = re.split(r"['\u2019-]+", unicodedata.normalize("NFC", word))
    if head in PARTICLES and tail:
        head, *tail = tail
    is_spelled = head.isalpha() and head[0].isupper() and all(part.isalpha() and not part.isupper() for part in tail)
    return is_spelled and (tail != [] or not head.isupper())


def opens_sentence(words: Sequence[str]) -> bool:
    """Whether words begin a sentence rather than go on with a name: ``It was ...``, ``Alice has ...``, ``<end>``.

    Args:
        words: The next words, one at least.
    """
    letters = _LEADING_LETTERS.match(words[0])
    has_opener = words[0].startswith("<") or (letters is not None and letters[0] in _ALL_OPENERS)
    return has_opener or (len(words) > 1 and words[1] in _AUXILIARIES)


def _ends_sentence(words: Sequence[str], index: int) -> bool:
    """Whether the period of a word ends a sentence; False for a word without one."""
    if not words[index].endswith("."):
        return False
    word = words[index].lstrip(_OPENING_MARKS)
    following = words[index + 1 : index + 1 + _MAX_NAME_WORDS]
    if not following:
        return True
    abbreviation = word[:-1]
    if not (following[0][0].isupper() or following[0][0] == "<") or abbreviation in _WITHIN_A_SENTENCE:
        return False
    before = words[index - 1].lstrip(_OPENING_MARKS) if index else ""
    if abbreviation in PLACES or (abbreviation == "v" and is_capitalized(before)):  # `Roe v. Wade`
        return opens_sentence(following[:1])
    if is_dotted(word) and word[0].isupper() and abbreviation not in _TIMES:
        return opens_sentence(following) or is_initial(following[0])
    return not (is_initial(word) and _is_within_name(before, following))


def _is_within_name(before: str, following: Sequence[str]) -> bool:
    """Whether an initial is one of a name: ``George W. Bush``, ``J. R. R. Tolkien``; the ``B`` of ``B. Paris`` is an answer."""
    if opens_sentence(following):
        return False
    name = before.rstrip(".")
    is_in_the_middle = is_capitalized(name) and name not in _NO_FIRST_NAMES and before != following[0]
    has_neighbor = is_initial(before) or is_initial(following[0])
    return (is_in_the_middle or has_neighbor) and _completes_name(following)


def _completes_name(words: Sequence[str]) -> bool:
    """Whether words are the rest of a name and no sentence: ``Bush``, ``R. Tolkien, who ...``, but not ``Alice met him``."""
    has_surname = False
    for word in words:
        if is_initial(word) or word in PARTICLES:
            continue
        if not is_capitalized(word.rstrip(_CLOSING_MARKS)):
            return has_surname and word in REASONS
        has_surname = True
        if word[-1] in _CLOSING_MARKS:
            break
    return has_surname
