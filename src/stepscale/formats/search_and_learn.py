r"""Hugging Face's search-and-learn (its best-of-N, beam search and DVTS): completions with step scores of a PRM.

    {"problem": ..., "solution": ..., "answer": "9", "subject": "Algebra", "level": 4, "unique_id": "test/algebra/7.json",
     "completions": ["## Step 1: ...\n\n## Step 2: ...", ...], "scores": [[0.98, 0.91], ...], "pred": <the best one>,
     "completion_tokens": [310, ...], "agg_scores": [0.91, ...], "pred_naive@4": "\\boxed{9}", "pred_maj@4": ...}

Steps are paragraphs, as its PRMs are given them. Completions have no answer of their own and no verdict: the answer is
taken from the text and graded here. `read_predictions` reads what the searches themselves answered at each budget.
"""

import logging
import re
from pathlib import Path

import pandas as pd

from stepscale.formats.contract import Tables, problem_key
from stepscale.formats.fields import (
    BadRecord,
    Record,
    is_number,
    maybe_text,
    probability,
    problem_text,
    required,
    text,
    texts,
)
from stepscale.formats.gold_answers import maybe_gold
from stepscale.formats.gold_boxes import last_boxed
from stepscale.formats.lines import OnError, Records
from stepscale.formats.math_problems import level_of
from stepscale.formats.prediction_rows import PredictionRow, PredictionRows
from stepscale.formats.sample_fields import check_columns, token_counts
from stepscale.formats.sample_rows import ProblemRow, SampleRow, SampleRows, ScoreRow, paragraphs, stated_answer
from stepscale.formats.source_files import Source
from stepscale.grading import Rules

_SEARCHES = ("beam_search_completions", "dvts_completions")  # how it names their files
_PREDICTION = re.compile(r"pred_(?P<strategy>\w+)@(?P<budget>\d+)")

logger = logging.getLogger(__name__)


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
    """The completions as problems, solutions and scores.

    Args:
        source: Files, folders or hub data sets.
        on_error: "raise" or "skip" a bad line.
        split: The split of a hub data set; it is also written to the table.
        config: The configuration of a hub data set.
        verifier: The name of the PRM, which the file does not tell.
        generator: The name of the model, likewise.
        rules: How the completions are graded.

    Returns:
        The tables. ``agg_scores`` are the rewards of the whole solutions.

    Raises:
        InputError: A bad line, or a missing or empty source.
    """
    records = Records(source, on_error, split, config)
    rows = SampleRows(split, rules)

    def add(record: Record) -> None:
        completions = texts(record, "completions")
        samples = [
            SampleRow(paragraphs(completion), stated_answer(completion), None, generator, tokens)
            for completion, tokens in zip(completions, token_counts(record, len(completions)), strict=True)
        ]
        rows.add(_problem(record), samples, _scores(record, verifier, len(completions)))

    records.read_into(add)
    if Path(records.file).name.startswith(_SEARCHES):
        logger.warning(
            "%s: completions of a search are not independent samples; read what it answered with read_predictions",
            records.file,
        )
    return rows.tables(records)


def read_predictions(
    source: Source,
    *,
    on_error: OnError = "raise",
    split: str | None = None,
    config: str | None = None,
    rules: Rules = "prm800k",
) -> pd.DataFrame:
    """The predictions of ``read_searches`` alone.

    Args:
        source: A file, folder or hub name.
        on_error: "raise" or "skip" a bad line.
        split: The split of a hub data set.
        config: The configuration of a hub data set.
        rules: How the answers are graded.

    Raises:
        InputError: As ``read_searches`` raises it.
    """
    return read_searches(source, on_error=on_error, split=split, config=config, rules=rules).predictions


def read_searches(
    source: Source,
    *,
    on_error: OnError = "raise",
    split: str | None = None,
    config: str | None = None,
    rules: Rules = "prm800k",
) -> Tables:
    """What the searches answered: the ``pred_*@n`` of each problem.

    Args:
        source: Files, folders or hub data sets.
        on_error: "raise" or "skip" a bad line.
        split: The split of a hub data set.
        config: The configuration of a hub data set.
        rules: How the answers are graded.

    Returns:
        Problems and their predictions: problem_id, strategy ("naive", "weighted", "maj"), budget (completions), answer,
        is_correct (null where the file has no gold answer).

    Raises:
        InputError: A bad line, or a missing or empty source.
    """
    records = Records(source, on_error, split, config)
    rows = PredictionRows(split, rules)

    def add(record: Record) -> None:
        predictions = [
            PredictionRow(match["strategy"], int(match["budget"]), last_boxed(text(record, key)))
            for key in record
            if (match := _PREDICTION.fullmatch(key)) and record[key] is not None
        ]
        if not predictions:
            raise BadRecord("there is no key such as 'pred_weighted@4'")
        rows.add(_problem(record), predictions)

    records.read_into(add)
    return rows.tables(records)


def _problem(record: Record) -> ProblemRow:
    problem = problem_text(record, "problem")
    return ProblemRow(
        maybe_text(record, "unique_id") or problem_key(problem),
        problem,
        maybe_gold(record, "answer"),
        maybe_text(record, "solution"),
        maybe_text(record, "subject"),
        level_of(record),
    )


def _scores(record: Record, verifier: str, count: int) -> list[ScoreRow]:
    of_steps = required(record, "scores")
    of_wholes = record["agg_scores"] if record.get("agg_scores") is not None else [None] * count
    check_columns({"scores": of_steps, "agg_scores": of_wholes}, count)
    scores = []
    for sample, (values, solution_score) in enumerate(zip(of_steps, of_wholes, strict=True)):
        if type(values) is not list or not values:
            raise BadRecord(f"sample {sample}: the step scores are {values!r:.60}, not a list of numbers")
        if solution_score is not None and not is_number(solution_score):
            raise BadRecord(f"sample {sample}: agg_scores holds {solution_score!r:.60}, not a number")
        negative = [1.0 - probability(value, f"sample {sample}: a step score") for value in values]
        scores.append(ScoreRow(sample, verifier, negative, None if solution_score is None else float(solution_score)))
    return scores
