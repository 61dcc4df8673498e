"""What may be asked: a problem and a budget, checked before anything is computed.

In: values of unknown type, as they came over the wire. Out: a ``Question``, or an InputError whose single line is fit to be
shown to whoever asked.
"""

from dataclasses import dataclass
from numbers import Integral

from stepscale.errors import InputError

_LONGEST = 20_000  # characters; what the generator can read is checked in tokens, this keeps tokenizing cheap


@dataclass(frozen=True)
class Question:
    """``problem``: its text, no blanks around it. ``budget``: generations that may be spent, 1 or more."""

    problem: str
    budget: int


def read_question(problem: object, budget: object) -> Question:
    """The question, checked. Raises InputError naming the field, the fault and the remedy."""
    return Question(_problem(problem), _budget(budget))


def _problem(given: object) -> str:
    if _is_missing(given):
        raise InputError("problem is missing; give the text of a problem")
    if not isinstance(given, str):
        raise InputError(f"problem must be a text, not {type(given).__name__}")
    if not given.strip():
        raise InputError("problem is empty; give the text of a problem")
    if len(given) > _LONGEST:
        raise InputError(f"problem is too long: {len(given)} characters, at most {_LONGEST} are read")
    if not _is_text(given):
        raise InputError(
            "problem holds half a character (a lone surrogate), which is no text; send whole UTF-8 characters"
        )
    return given.strip()


def _is_text(given: str) -> bool:
    try:
        given.encode()
    except UnicodeEncodeError:
        return False
    return True


def _budget(given: object) -> int:
    if _is_missing(given):
        raise InputError("budget is missing; give a number of generations, 1 or more")
    whole = isinstance(given, Integral) and not isinstance(given, bool)
    if whole or (isinstance(given, float) and given.is_integer()):  # beside a missing one a table holds 16 as 16.0
        number = int(given)  # type: ignore[call-overload]  # one of the two
        if number >= 1:
            return int(number)
    raise InputError(f"budget must be a whole number of generations, 1 or more, not {str(given)[:40]!r}")


def _is_missing(given: object) -> bool:
    return given is None or given != given
