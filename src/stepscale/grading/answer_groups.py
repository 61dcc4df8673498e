"""Which of several final answers are the same answer: votes count answers, not spellings (Snell et al. 2024, E).

In: the answers sampled for one problem, as text. Out: the same with one spelling per answer. Answers are compared by the
rules that a run grades with. The grouping does not depend on the order of the samples. The work per problem is bounded:
beyond the bounds two spellings stay two answers.
"""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import islice

from stepscale.grading.api import grade_many, settle
from stepscale.grading.rules import CheckedRules, Rules, checked
from stepscale.grading.strict.hendrycks import canonical

_MAX_PAIRS = 2_000  # compared per problem
_MAX_SYMBOLIC_PAIRS = 50  # of these that a worker process has to decide, up to a second each
_MAX_NUMBER_CHARACTERS = 40
_NEAR = 1e-5  # numbers further apart are different answers by any rules


def group_equal_answers(answers: Sequence[str | None], rules: Rules = "prm800k") -> list[str | None]:
    """One spelling per answer: equal answers become the same string.

    Canonical spellings are compared first. What is left is graded, the more frequent answer as the reference, each pair once at
    most. An answer joins the most frequent one that it equals. The spelling shown is the most frequent of its group (of several
    the first in the alphabet).

    Args:
        answers: The final answers of the samples of one problem; None where a sample has none.
        rules: The grading rules of the run.

    Returns:
        As many answers, in the same order; None stays None.

    Raises:
        InputError: The rules are unknown.
    """
    counts = Counter(answer for answer in answers if answer is not None)
    if len(counts) < 2:
        return list(answers)
    spelling = _group_representatives(tuple(sorted(counts.items())), checked(rules))
    return [None if answer is None else spelling[answer] for answer in answers]


@lru_cache(maxsize=4096)
def _group_representatives(counts: tuple[tuple[str, int], ...], rules: CheckedRules) -> dict[str, str]:
    """Of each spelling the one that stands for its group."""
    # 1. spellings of one canonical form are one answer; the most frequent comes first
    classes: dict[str, list[tuple[int, str]]] = {}
    for answer, count in counts:
        form = canonical(answer) if rules == "prm800k" else answer.strip()
        classes.setdefault(form, []).append((-count, answer))
    waiting = sorted((sorted(texts) for texts in classes.values()), key=_frequency)
    # 2. every answer, from the most frequent on, takes in the rarer ones that equal it
    comparison, groups = _Comparison(rules), []
    while waiting:
        head, *rarer = waiting
        equal = comparison.equal_to(head[0][1], [texts[0][1] for texts in rarer])
        groups.append(
            sorted(head + [text for texts, is_equal in zip(rarer, equal, strict=True) if is_equal for text in texts])
        )
        waiting = [texts for texts, is_equal in zip(rarer, equal, strict=True) if not is_equal]
    return {answer: group[0][1] for group in groups for _, answer in group}


def _frequency(spellings: list[tuple[int, str]]) -> tuple[int, str]:
    return sum(count for count, _ in spellings), spellings[0][1]


class _Comparison:
    """Compares answers of one problem while there is work left that may be spent on it."""

    def __init__(self, rules: CheckedRules) -> None:
        self.rules, self.pairs, self.symbolic = rules, _MAX_PAIRS, _MAX_SYMBOLIC_PAIRS

    def equal_to(self, gold: str, answers: list[str]) -> list[bool]:
        """Whether each answer equals another one. What is spent on it is taken from the work that is left.

        Args:
            gold: The answer compared with, as the reference of the grader.
            answers: The others [n].

        Returns:
            [n], in order; False for what there is no work left for.
        """
        value = _number(gold)
        candidates = [i for i, answer in enumerate(answers) if _may_equal(value, _number(answer))]
        equal, unsettled = [False] * len(answers), []
        for i in islice(candidates, self.pairs):
            settled = settle(answers[i], gold, self.rules)
            if isinstance(settled, bool):
                equal[i] = settled
            else:
                unsettled.append(i)
        self.pairs -= min(len(candidates), self.pairs)
        affordable = unsettled[: self.symbolic]
        self.symbolic -= len(affordable)
        verdicts = grade_many([answers[i] for i in affordable], [gold] * len(affordable), self.rules)
        for i, verdict in zip(affordable, verdicts, strict=True):
            equal[i] = verdict
        return equal


def _may_equal(first: float | None, second: float | None) -> bool:
    """Two plain numbers only if they are near; anything else may."""
    return first is None or second is None or abs(first - second) <= _NEAR * max(1, abs(first))


@lru_cache(maxsize=65536)
def _number(answer: str) -> float | None:
    """The value of an answer that is a plain integer, decimal or fraction of integers."""
    text = answer.strip()
    if len(text) > _MAX_NUMBER_CHARACTERS or not text.isascii() or not set(text) <= set("0123456789+-./"):
        return None
    try:
        return float(Fraction(text))
    except (ValueError, ZeroDivisionError):
        return None
