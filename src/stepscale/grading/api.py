"""The package's three verbs, over extraction, the two sets of rules and the workers.

In: texts of models and data sets. Out: answers and verdicts. Every verdict is a pure function of (prediction, gold,
rules). Repeated pairs are graded once (a bounded cache per process), and nothing in a prediction can raise, hang or
fill memory.
"""

from collections.abc import Sequence

from stepscale.errors import InputError
from stepscale.grading.lenient import lenient
from stepscale.grading.rules import CheckedRules, Rules, checked
from stepscale.grading.strict import strict
from stepscale.grading.workers.pool import WorkerQuestion, shared_pool

_MAX_CACHED_PAIRS = 100_000
_MAX_CACHED_CHARACTERS = 1_000  # characters: longer texts are rare and dear to keep
_Pair = tuple[str | None, str]
_verdicts: dict[tuple[_Pair, CheckedRules], bool] = {}


def is_equivalent(prediction: str | None, gold: str, rules: Rules = "prm800k") -> bool:
    """Whether a final answer is the reference by these rules. Not symmetric.

    Args:
        prediction: The predicted answer; None (no answer) is wrong.
        gold: The reference.
        rules: ``"prm800k"``, ``"lenient"`` or ``Lenient(...)``.

    Returns:
        The verdict; a pure function of the arguments.

    Raises:
        InputError: The rules are unknown, or an argument is not text. No text raises.
    """
    return grade_many([prediction], [gold], rules)[0]


def grade_many(predictions: Sequence[str | None], golds: Sequence[str], rules: Rules = "prm800k") -> list[bool]:
    """``is_equivalent`` for each pair; each distinct pair is graded once.

    Args:
        predictions: Predicted answers.
        golds: The reference of each prediction.
        rules: As in ``is_equivalent``.

    Returns:
        The verdicts, in order.

    Raises:
        InputError: The rules are unknown, the two sequences differ in length, or one holds what is not text.
    """
    rules = checked(rules)
    if len(predictions) != len(golds):
        raise InputError(f"{len(predictions)} predictions for {len(golds)} golds: give one gold answer per prediction")
    pairs = list(zip(predictions, golds, strict=True))
    for prediction, gold in pairs:
        if not isinstance(gold, str):
            raise InputError(f"a gold answer is {gold!r:.60} ({type(gold).__name__}); give it as text")
        if not isinstance(prediction, str | None):
            raise InputError(
                f"a prediction is {prediction!r:.60} ({type(prediction).__name__}); give it as text, or None"
            )
    verdicts: dict[_Pair, bool] = {}
    open_questions: dict[_Pair, WorkerQuestion] = {}
    for pair in dict.fromkeys(pairs):
        prediction, gold = pair
        verdict: bool | WorkerQuestion | None = _verdicts.get((pair, rules))
        if verdict is None:
            verdict = False if prediction is None else settle(prediction, gold, rules)
        if isinstance(verdict, bool):
            verdicts[pair] = _remembered(pair, rules, verdict)
        else:
            open_questions[pair] = verdict
    if open_questions:
        answers = shared_pool().ask_many(list(open_questions.values()))
        for pair, answer in zip(open_questions, answers, strict=True):
            verdicts[pair] = _remembered(pair, rules, answer is True)
    return [verdicts[pair] for pair in pairs]


def forget_verdicts() -> None:
    """Empty this process's cache of verdicts, for measurements."""
    _verdicts.clear()
    strict.forget_spellings()


def settle(prediction: str, gold: str, rules: CheckedRules) -> bool | WorkerQuestion:
    """The verdict on one pair where it is cheap; else the question that a worker has to answer.

    Args:
        prediction: The answer to judge.
        gold: The right answer.
        rules: Which rules judge.

    Returns:
        The verdict, or the question.
    """
    return strict.settle(prediction, gold) if rules == "prm800k" else lenient.settle(prediction, gold, rules)


def _remembered(pair: _Pair, rules: CheckedRules, verdict: bool) -> bool:
    if len(pair[0] or "") + len(pair[1]) <= _MAX_CACHED_CHARACTERS:
        if len(_verdicts) >= _MAX_CACHED_PAIRS:
            _verdicts.clear()
        _verdicts[pair, rules] = verdict
    return verdict
