"""``rules="prm800k"``: the verdict of the PRM800K grader, with which papers A and B graded.

In: a predicted answer and the gold answer. Out: right, wrong, or the question that only symbolic work can answer. An
answer is right if its Hendrycks spelling is the gold's. It is right, too, if element by element its normalized text is the
gold's, or differs from it by an expression that is zero. Fractions of integers must be the same fraction text (unreduced ones
are wrong), an integer is matched by an integer only.

A difference is decided by the cheapest means that is certain: rational numbers, the field of square roots, refutation
at points. What is left is a question for a worker process, which the caller puts to it.
"""

import re
from fractions import Fraction
from functools import lru_cache

from stepscale.grading.algebra import radical
from stepscale.grading.algebra.expression import may_be_read
from stepscale.grading.algebra.numeric import is_nonzero
from stepscale.grading.algebra.parser import parse
from stepscale.grading.strict.hendrycks import canonical
from stepscale.grading.strict.plain import elements, is_integer, normalize
from stepscale.grading.workers.pool import WorkerQuestion

MAX_ANSWER = 2_000  # characters: a longer prediction is right only if its spelling is the gold's
SECONDS = 0.9  # for symbolic work on one pair; a pair that takes longer is wrong
_MAX_CACHED_CHARACTERS = 200
_FRACTION = re.compile(r"-?[0-9]+.?/0*[1-9][0-9]*.?\n?")
# Blanks that normalization leaves and SymPy skips. Between two names or numerals they tell these apart, so they stay and nothing
# is read. Between a number and a name they may go.
_OTHER_BLANKS = re.compile(r"[\t\f\r]+(?![A-Za-z0-9.])|(?<![A-Za-z0-9.\t\f\r])[\t\f\r]+|(?<=[0-9])[\t\f]+(?=[A-Za-z])")
_RATIONAL = re.compile(r"-?(?:0{1,40}|[1-9][0-9]{0,39}|[0-9]{1,40}\.[0-9]{0,40}|\.[0-9]{1,40})(?:/[1-9][0-9]{0,40})?")


def settle(prediction: str, gold: str) -> bool | WorkerQuestion:
    """The PRM800K grader's verdict, or the question whose answer is the verdict.

    Args:
        prediction: The predicted answer.
        gold: The reference.
    """
    if _canonical(gold) == (
        canonical(prediction) if len(prediction) > _MAX_CACHED_CHARACTERS else _canonical(prediction)
    ):
        return True
    if max(len(prediction), len(gold)) > MAX_ANSWER:
        return False
    predicted_text, gold_text = _normalized(prediction), _normalized(gold)
    if predicted_text == gold_text:
        return True
    if not predicted_text:
        return False
    prediction_elements, gold_elements = elements(predicted_text), elements(gold_text)
    if len(prediction_elements) != len(gold_elements):
        return False
    if len(gold_elements) > 1 and (predicted_text[0], predicted_text[-1]) != (gold_text[0], gold_text[-1]):
        return False
    unsettled: list[str] = []
    for gold_element, prediction_element in zip(gold_elements, prediction_elements, strict=True):
        verdict = _same_element(gold_element, prediction_element)
        if verdict is False:
            return False
        if isinstance(verdict, str):
            unsettled.append(verdict)
    return WorkerQuestion("zero", tuple(unsettled), SECONDS) if unsettled else True


_canonical, _normalized = lru_cache(maxsize=8192)(canonical), lru_cache(maxsize=8192)(normalize)


def forget_spellings() -> None:
    """Empty the caches of normalized answers."""
    _canonical.cache_clear()
    _normalized.cache_clear()


def _same_element(gold_text: str, predicted_text: str) -> bool | str:
    """The verdict on one element, or the difference that has to be simplified for it."""
    if _is_fraction(gold_text) and _is_fraction(predicted_text):
        return gold_text == predicted_text
    if is_integer(gold_text) != is_integer(predicted_text):
        return False
    gold_text, predicted_text = (_OTHER_BLANKS.sub("", text).strip("\n") for text in (gold_text, predicted_text))
    if _RATIONAL.fullmatch(gold_text) and _RATIONAL.fullmatch(predicted_text):
        return Fraction(0) == _rational(gold_text) - _rational(predicted_text)
    difference = f"({gold_text})-({predicted_text})"
    if not may_be_read(difference):
        return False
    tree = parse(difference)
    if tree is None:
        return False
    try:
        return radical.quotient(tree).is_zero()
    except radical.Undefined:
        return False
    except radical.OutOfReach:
        return False if is_nonzero(tree) else difference


def _is_fraction(text: str) -> bool:
    return "/" in text and _FRACTION.fullmatch(text) is not None


def _rational(text: str) -> Fraction:
    numerator, _, under = text.partition("/")
    return Fraction(numerator.rstrip(".") or "0") / int(under or "1")
