"""OpenAI's scored samples behind Lightman et al.'s Figure 3 (scored-test-samples.jsonl, 815,631 lines).

    {"problem": ..., "subject": "Algebra", "level": 4, "unique_id": "test/algebra/621.json", "steps": [...],
     "answer": "3.21", "rating_probs": [{"1": 0.97, "0": 0.029, "-1": 0.0004}, ...], "is_correct": true,
     "prm_score": 0.99, "orm_score": 0.99}

Each problem has 1860 places; fewer lines, or lines without an answer, are unanswered places.
"""

from collections import Counter
from typing import Any

from stepscale.formats import tables
from stepscale.formats.checking import collector_paused
from stepscale.formats.columns import Columns
from stepscale.formats.contract import Tables, problem_key
from stepscale.formats.fields import (
    BadRecord,
    Record,
    checked_id,
    is_absent,
    is_number,
    maybe_text,
    problem_text,
    required,
    texts,
)
from stepscale.formats.gold_answers import maybe_gold
from stepscale.formats.known_problems import KnownProblems
from stepscale.formats.lines import OnError, Records
from stepscale.formats.math_problems import level_of
from stepscale.formats.sample_fields import token_counts
from stepscale.formats.source_files import Source


def prm_score(record: Record) -> float:
    """The score of a whole solution (Lightman et al. 2023, 2.6: a neutral step is right).

    Args:
        record: With ``rating_probs``.

    Returns:
        1 - P(-1), multiplied over the steps.

    Raises:
        BadRecord: A probability is missing or no number.
    """
    score = 1.0
    for step in record["rating_probs"]:
        score *= 1.0 - _share(step, "-1")
    return score


def read(
    source: Source,
    *,
    on_error: OnError = "raise",
    split: str | None = None,
    config: str | None = None,
    steps: bool = True,
) -> Tables:
    """The samples as problems, solutions and scores.

    Args:
        source: Files, folders or hub data sets.
        on_error: "raise" or "skip" a bad line.
        split: The split of a hub data set; it is also written to the table.
        config: The configuration of a hub data set.
        steps: False leaves the texts out, and "prm" has one entry per solution, 1 - prm_score: the whole file in a
            quarter of the memory.

    Returns:
        The tables; scores of verifier "prm" (P(-1) and P(0) per step) and "orm" (one entry, 1 - orm_score), with the
        published score of the whole solution as ``reward``. A line without an answer is unfinished ("length").

    Raises:
        InputError: A bad line, or a missing or empty source.
    """
    records = Records(source, on_error, split, config)
    problems = Columns(tables.PROBLEMS, "problem_id", "problem", "answer", "subject", "level", "split")
    solutions = Columns(
        tables.SOLUTIONS, "problem_id", "sample_id", "steps", "answer", "is_correct", "finish", "n_tokens"
    )
    scores = Columns(tables.SCORES, "problem_id", "sample_id", "verifier", "negative", "neutral", "reward")
    samples, known = Counter[str](), KnownProblems()

    def add(record: Record) -> None:
        problem = problem_text(record, "problem")
        problem_id = checked_id(maybe_text(record, "unique_id") or problem_key(problem))
        answer, prm, orm, correct = _judged(record)
        step_texts, negative, neutral = _steps(record) if steps else ([], [1.0 - prm], [0.0])
        key = (problem_id, samples[problem_id])
        gold, *described = maybe_gold(record, "ground_truth_answer"), maybe_text(record, "subject"), level_of(record)
        [tokens] = token_counts(record, 1)
        known.check(problem_id, problem, gold)
        if problem_id not in samples:
            problems.row(problem_id, problem, gold, *described, split)
        samples[problem_id] += 1
        solutions.row(*key, step_texts, answer, correct, "length" if answer is None else "solution", tokens)
        scores.rows([(*key, "prm", negative, neutral, float(prm)), (*key, "orm", [1.0 - orm], [0.0], float(orm))])

    with collector_paused():
        records.read_into(add)
    return Tables(
        problems=problems.frame(),
        solutions=solutions.frame(),
        scores=scores.frame(),
        skipped=records.skipped,
        skip_reasons=tuple(records.reasons),
    )


def _judged(record: Record) -> tuple[str | None, float, float, bool]:
    """answer, prm_score, orm_score, is_correct; an answer that is missing, null or blank is None and never correct."""
    answer = record.get("given_answer") if is_absent(record, "answer") else record["answer"]
    answer = None if type(answer) is str and not answer.strip() else answer
    correct, orm = record["is_correct"], record["orm_score"]
    prm = prm_score(record) if record.get("prm_score") is None else record["prm_score"]
    if not _is_probability(prm) or not _is_probability(orm):
        raise BadRecord(f"prm_score {prm!r:.60} and orm_score {orm!r:.60} are not both numbers in [0, 1]")
    if answer is None and correct is None:
        correct = False
    if type(correct) is not bool or (answer is not None and type(answer) is not str):
        raise BadRecord(f"answer {answer!r:.60} and is_correct {correct!r:.60} are not a string and true or false")
    return answer, prm, orm, correct and answer is not None


def _steps(record: Record) -> tuple[list[str], list[float], list[float]]:
    """Texts of the steps, P(-1) and P(0) of each."""
    steps, probabilities = texts(record, "steps"), record["rating_probs"]
    if type(probabilities) is not list or len(probabilities) != len(steps):
        raise BadRecord(f"'rating_probs' is {probabilities!r:.60} where one per step ({len(steps)}) is needed")
    negative, neutral = ([_share(step, rating) for step in probabilities] for rating in ("-1", "0"))
    if not all(_is_probability(share) for shares in (negative, neutral) for share in shares):
        raise BadRecord("'rating_probs' holds a number outside [0, 1]")
    return steps, negative, neutral


def _is_probability(value: Any) -> bool:
    return is_number(value) and -tables.ROUNDING <= value <= 1 + tables.ROUNDING


def _share(step: Record, rating: str) -> float:
    """The probability of a rating of one step."""
    share = required(step, rating)
    if type(share) not in (int, float):
        raise BadRecord(f"'rating_probs' holds {share!r:.60} for {rating!r} where a number is needed")
    return float(share)
