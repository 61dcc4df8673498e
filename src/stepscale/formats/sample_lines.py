r"""Samples one to a line, as a script of one's own writes them: the problem with it, and the scores of any number of verifiers.

    {"problem": "1+1?", "answer": "2", "completion": "Add.\n\nIt is 2.", "prediction": "2", "is_correct": true,
     "scores": {"qwen_prm": [0.9, 0.8], "orm": 0.7}, "n_tokens": 12, "finish": "stop"}

Lines of a problem may stand anywhere; its samples keep their order. Beside ``completion``, which may be empty, a line may have
its ``steps``, a list. Without ``prediction`` the answer is taken from the text, without ``is_correct`` it is graded here. A
list holds a score per step, a number is a reward of any scale. Tables that can hold no lists have them as JSON texts, which
are read too.
"""

from typing import Any

from stepscale.formats.contract import Tables, problem_key
from stepscale.formats.fields import (
    BadRecord,
    MissingKey,
    Record,
    is_absent,
    is_number,
    is_whole,
    maybe_answer,
    maybe_flag,
    maybe_text,
    probability,
    problem_text,
    texts,
)
from stepscale.formats.gold_answers import maybe_gold
from stepscale.formats.graded import UNFINISHED
from stepscale.formats.lines import OnError, Records
from stepscale.formats.math_problems import level_if_any
from stepscale.formats.missing_values import parsed
from stepscale.formats.sample_fields import token_counts
from stepscale.formats.sample_rows import (
    ProblemRow,
    SampleRow,
    SampleRows,
    ScoreRow,
    paragraphs,
    reward_row,
    stated_answer,
)
from stepscale.formats.source_files import Source
from stepscale.grading import Rules

_PROBLEM = ("problem", "question")
_GOLD = ("gold_answer", "ground_truth", "gt", "target", "answer")
_TEXT = ("completion", "response")
_ANSWER = ("prediction", "predicted_answer", "extracted_answer")
_VERDICT = ("is_correct", "correct")
_SCORES = ("scores", "step_scores", "score", "reward")
_FINISH = ("finish", "finish_reason", "stop_reason")
_ID = ("problem_id", "unique_id")


def read(
    source: Source,
    *,
    on_error: OnError = "raise",
    split: str | None = None,
    config: str | None = None,
    verifier: str = "prm",
    generator: str | None = None,
    rules: Rules = "prm800k",
) -> Tables:
    """The lines as problems, solutions and scores.

    Args:
        source: Files, folders or hub data sets.
        on_error: "raise" or "skip" a bad line.
        split: The split of a hub data set; it is also written to the table.
        config: The configuration of a hub data set.
        verifier: The name of who scored, where a line names none.
        generator: The name of the model, likewise.
        rules: How samples without a verdict are graded.

    Returns:
        The tables.

    Raises:
        InputError: A bad line, a missing or empty source, or lines of a problem with different gold answers.
    """
    records = Records(source, on_error, split, config)
    rows = SampleRows(split, rules)

    def add(record: Record) -> None:
        problem, sample = _problem(record), _sample(record, generator)
        scores = [score for key in _present(record, _SCORES) for score in _scores(record[key], key, verifier)]
        rows.extend(problem, [sample], scores)

    records.read_into(add)
    return rows.tables(records)


def _present(record: Record, keys: tuple[str, ...]) -> list[str]:
    """Which of the keys have a value."""
    return [key for key in keys if not is_absent(record, key)]


def _problem(record: Record) -> ProblemRow:
    key = next((key for key in _PROBLEM if isinstance(record.get(key), str)), None)
    if key is None:
        raise MissingKey("problem")
    problem, name = problem_text(record, key), next((record[key] for key in _present(record, _ID)), None)
    if name is not None and type(name) is not str and not is_whole(name):
        raise BadRecord(f"the id of the problem is {name!r:.60}, not a string or an integer")
    gold = next(iter(_present(record, _GOLD)), "answer")
    return ProblemRow(
        problem_key(problem) if name is None else str(name),
        problem,
        maybe_gold(record, gold),
        subject=maybe_text(record, "subject"),
        level=level_if_any(record),
    )


def _sample(record: Record, generator: str | None) -> SampleRow:
    if not any(key in record for key in (*_TEXT, *_ANSWER)):
        raise MissingKey("completion")
    text_key = next(iter(_present(record, _TEXT)), "completion")
    answer_key = next(iter(_present(record, _ANSWER)), None)
    completion = maybe_text(record, text_key) or ""
    if is_absent(record, "steps"):
        steps = [step for step in paragraphs(completion) if step.strip()]
    else:
        steps = texts({"steps": _unpacked(record["steps"], "steps")}, "steps")
    finish = next((maybe_text(record, key) for key in _present(record, _FINISH)), None)
    verdict = next((maybe_flag(record, key) for key in _present(record, _VERDICT)), None)
    cut = finish in UNFINISHED
    answer = maybe_answer(record, answer_key) if answer_key else stated_answer(completion or "\n\n".join(steps))
    (tokens,) = token_counts(record, 1)
    name = maybe_text(record, "generator") or generator
    return SampleRow(steps, None if cut else answer, verdict, name, tokens, "length" if cut else "solution")


def _scores(value: Any, key: str, verifier: str) -> list[ScoreRow]:
    """Of one key: by the names of verifiers, or of the one that has no name here."""
    scores = _unpacked(value, key)
    by_name = scores if type(scores) is dict else {verifier if key in ("scores", "step_scores") else key: scores}
    return [_score(name, given) for name, given in by_name.items() if given is not None and given != []]


def _score(verifier: str, given: Any) -> ScoreRow:
    if is_number(given):
        return reward_row(0, verifier, given)
    if type(given) is not list:
        raise BadRecord(
            f"the scores of {verifier!r:.60} are {given!r:.60}, not a number, and not a list with one per step"
        )
    if len(given) == 1 and is_number(given[0]) and not 0 <= given[0] <= 1:
        raise BadRecord(
            f"the one step score of {verifier!r:.60} is {given[0]!r}; write a reward as a number, not in a list"
        )
    return ScoreRow(0, verifier, [1.0 - probability(score, f"a step score of {verifier}") for score in given])


def _unpacked(value: Any, key: str) -> Any:
    """The value, or what its text holds where it is a JSON text."""
    if type(value) is not str:
        return value
    try:
        return parsed(value)
    except ValueError:
        raise BadRecord(f"{key!r} is the text {value!r:.60}, which holds no JSON") from None
