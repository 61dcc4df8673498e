"""OpenAI's scored samples behind Lightman et al.'s Figure 3 (scored-test-samples.jsonl, 815,631 lines).

    {"problem": ..., "subject": "Algebra", "level": 4, "unique_id": "test/algebra/621.json", "steps": [...], "answer": "3.21",
     "rating_probs": [{"1": 0.97, "0": 0.029, "-1": 0.0004}, ...], "is_correct": true, "prm_score": 0.99, "orm_score": 0.99}

Each problem has 1860 places; fewer lines, or lines without an answer, are unanswered places. `read_arrays` streams the
file into arrays [problems, places]; `read` makes tables of it, steps and all, and is meant for parts of the file.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stepscale.formats import tables
from stepscale.formats.checking import collector_paused
from stepscale.formats.columns import Columns
from stepscale.formats.contract import Tables, problem_key
from stepscale.formats.fields import BadRecord, Record, maybe_text, text, texts
from stepscale.formats.lines import OnError, Records
from stepscale.formats.math_problems import level_of
from stepscale.formats.source_files import Source

PLACES = 1860
"""Samples a problem in the paper (its section 3)."""


@dataclass(frozen=True)
class ScoredSamples:
    """Scores and verdicts as arrays [problems, places], places filled in file order.

    `answered` is the mask of places that hold a line with an answer. Elsewhere scores are NaN, `is_correct` is False
    and `answers` is -1; it holds indices into `texts`, the distinct answers of all problems.
    """

    problem_ids: list[str]
    prm_score: NDArray[np.float64]
    orm_score: NDArray[np.float64]
    is_correct: NDArray[np.bool_]
    answered: NDArray[np.bool_]
    answers: NDArray[np.int32]
    texts: list[str]
    skipped: int = 0
    skip_reasons: tuple[str, ...] = ()


def prm_score(record: Record) -> float:
    """The score of a whole solution, 1 - P(-1) multiplied over its steps (Lightman et al. 2023, 2.6: neutral is
    positive).
    """
    score = 1.0
    for step in record["rating_probs"]:
        score *= 1.0 - step["-1"]
    return score


def read_arrays(
    source: Source, *, on_error: OnError = "raise", places: int = PLACES, split: str | None = None
) -> ScoredSamples:
    """Stream the samples into arrays; a ``prm_score`` that a line lacks is computed from its ``rating_probs``.

    Raises InputError for a bad line (`on_error`; more than `places` lines of one problem are bad lines) or an empty
    source.
    """
    records = Records(source, on_error, split)
    rows: dict[str, int] = {}
    counts: list[int] = []
    index: dict[str, int] = {}
    at: list[int] = []
    prms: list[float] = []
    orms: list[float] = []
    verdicts: list[bool] = []
    codes: list[int] = []

    def add(record: Record) -> None:
        problem_id = record.get("unique_id") or problem_key(text(record, "problem"))
        row = rows.get(problem_id, len(rows))
        number = counts[row] if row < len(counts) else 0
        if number >= places:
            raise BadRecord(f"problem {problem_id!r} has more than {places} samples")
        answer, prm, orm, correct = _judged(record)
        if row == len(rows):
            rows[problem_id] = row
            counts.append(0)
        counts[row] += 1
        at.append(row * places + number)
        prms.append(prm)
        orms.append(orm)
        verdicts.append(correct)
        codes.append(-1 if answer is None else index.setdefault(answer, len(index)))

    with collector_paused():
        records.each(add)
    return _arrays(list(rows), places, (at, prms, orms, verdicts, codes), list(index), records)


def _judged(record: Record) -> tuple[str | None, float, float, bool]:
    """answer, prm_score, orm_score, is_correct; an answer that is missing, null or empty is None and never correct."""
    answer = record.get("answer", record.get("given_answer")) or None
    given = record.get("prm_score")
    prm, orm = prm_score(record) if given is None else given, record["orm_score"]
    correct = record["is_correct"]
    if (type(prm) is not float and type(prm) is not int) or (type(orm) is not float and type(orm) is not int):
        raise BadRecord(f"prm_score {prm!r} and orm_score {orm!r} are not both numbers")
    if answer is not None and (type(answer) is not str or type(correct) is not bool):
        raise BadRecord(f"answer {answer!r} and is_correct {correct!r} are not a string and true or false")
    return answer, prm, orm, bool(correct) and answer is not None


def _arrays(problem_ids: list[str], places: int, flat: Any, answers: list[str], records: Records) -> ScoredSamples:
    shape = (len(problem_ids), places)
    at, prm, orm, correct, answer = (np.array(column) for column in flat)
    answered = np.zeros(shape, dtype=np.bool_)
    answered.flat[at] = answer >= 0
    prm_full, orm_full = np.full(shape, np.nan), np.full(shape, np.nan)
    prm_full.flat[at], orm_full.flat[at] = np.where(answer >= 0, prm, np.nan), np.where(answer >= 0, orm, np.nan)
    is_correct, indices = np.zeros(shape, dtype=np.bool_), np.full(shape, -1, dtype=np.int32)
    is_correct.flat[at], indices.flat[at] = correct, answer
    return ScoredSamples(
        problem_ids,
        prm_full,
        orm_full,
        is_correct,
        answered,
        indices,
        answers,
        skipped=records.skipped,
        skip_reasons=tuple(records.reasons),
    )


def read(
    source: Source,
    *,
    on_error: OnError = "raise",
    split: str | None = None,
    config: str | None = None,
    steps: bool = True,
) -> Tables:
    """The samples as tables: scores of verifier "prm" (P(-1) and P(0) a step) and "orm" (1 - orm_score, one entry), with
    the published score of the whole solution as ``reward``.

    Without `steps` the texts are left out and "prm" has one entry too, 1 - prm_score: the whole file in a quarter of the
    memory. Raises InputError for a bad line (`on_error`) or a missing or empty source.
    """
    records = Records(source, on_error, split, config)
    problems = Columns(tables.PROBLEMS, "problem_id", "problem", "answer", "subject", "level", "split")
    solutions = Columns(tables.SOLUTIONS, "problem_id", "sample_id", "steps", "answer", "is_correct", "finish")
    scores = Columns(tables.SCORES, "problem_id", "sample_id", "verifier", "negative", "neutral", "reward")
    samples: dict[str, int] = {}

    def add(record: Record) -> None:
        problem = text(record, "problem")
        problem_id = maybe_text(record, "unique_id") or problem_key(problem)
        answer, prm, orm, correct = _judged(record)
        written, negative, neutral = _steps(record) if steps else ([], [1.0 - prm], [0.0])
        head = (problem_id, samples.get(problem_id, 0))
        if problem_id not in samples:
            gold = maybe_text(record, "ground_truth_answer")
            problems.row(problem_id, problem, gold, maybe_text(record, "subject"), level_of(record), split)
        samples[problem_id] = head[1] + 1
        solutions.row(*head, written, answer, correct, "length" if answer is None else "solution")
        scores.rows([(*head, "prm", negative, neutral, float(prm)), (*head, "orm", [1.0 - orm], [0.0], float(orm))])

    records.each(add)
    return Tables(
        problems=problems.frame(),
        solutions=solutions.frame(),
        scores=scores.frame(),
        skipped=records.skipped,
        skip_reasons=tuple(records.reasons),
    )


def _steps(record: Record) -> tuple[list[str], list[float], list[float]]:
    """Texts of the steps, P(-1) and P(0) of each."""
    steps, probabilities = texts(record, "steps"), record["rating_probs"]
    if len(probabilities) != len(steps):
        raise BadRecord(f"{len(probabilities)} rating_probs for {len(steps)} steps")
    negative, neutral = ([float(step[rating]) for step in probabilities] for rating in ("-1", "0"))
    return steps, negative, neutral
