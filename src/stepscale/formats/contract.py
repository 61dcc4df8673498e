"""What every reader returns and every writer takes: the declared tables of one data set, and what was left out.

The frames are those of `stepscale.formats.tables`. ``records`` says what a PRM800K record holds beyond them
(`stepscale.formats.prm800k.records_table` declares its columns); readers of other formats leave it None.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

import pandas as pd

from stepscale.errors import InputError
from stepscale.formats import tables
from stepscale.formats.checking import empty
from stepscale.formats.tables import SOLUTION_KEY

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tables:
    """The tables of one data set, each checked against its schema.

    Args:
        problems: One row per problem.
        solutions: One row per sample of a problem.
        step_labels: One row per labeled completion of a step.
        scores: One row per solution and verifier.
        predictions: One row per problem, strategy and budget of a search.
        records: One row per PRM800K record.
        skipped: How many bad lines were left out (``on_error="skip"``).
        skip_reasons: File, line and reason of the first hundred.
        dropped: How many records a reader's filters left out, by filter.
    """

    problems: pd.DataFrame
    solutions: pd.DataFrame = field(default_factory=lambda: empty(tables.SOLUTIONS))
    step_labels: pd.DataFrame = field(default_factory=lambda: empty(tables.STEP_LABELS))
    scores: pd.DataFrame = field(default_factory=lambda: empty(tables.SCORES))
    predictions: pd.DataFrame = field(default_factory=lambda: empty(tables.PREDICTIONS))
    records: pd.DataFrame | None = None
    skipped: int = 0
    skip_reasons: tuple[str, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)


def checked(data: Tables, folder: Path | None = None) -> Tables:
    """Check each table, and that they belong together.

    Args:
        data: Any tables.
        folder: Where they lie as Parquet files; an error then names the file and the row.

    Returns:
        The tables as declared.

    Raises:
        InputError: A table is not as declared, a solution or prediction is of an unknown problem, or labels or scores
            are of an unknown solution.
    """
    if not isinstance(data, Tables):
        raise InputError(f"stepscale.formats.Tables are needed, got {type(data).__name__}")
    data = replace(
        data,
        problems=tables.problems(data.problems),
        solutions=tables.solutions(data.solutions),
        step_labels=tables.step_labels(data.step_labels),
        scores=tables.scores(data.scores),
        predictions=tables.predictions(data.predictions),
    )
    _check_keys(data, folder)
    return data


def _check_keys(data: Tables, folder: Path | None) -> None:
    problems = pd.Index(data.problems["problem_id"])
    solutions = pd.MultiIndex.from_frame(data.solutions[SOLUTION_KEY])
    for name in ("solutions", "step_labels", "scores", "predictions"):
        frame: pd.DataFrame = getattr(data, name)
        if not len(frame):
            continue
        is_unknown = ~frame["problem_id"].isin(problems).to_numpy()
        if is_unknown.any():
            row = int(is_unknown.argmax())
            problem_id = frame["problem_id"].iloc[row]
            raise InputError(
                f"{_place(folder, name, row)}: problem_id {problem_id!r} has no row in problems; give the tables of one data set"
            )
        if name == "predictions":
            continue
        is_orphan = ~pd.MultiIndex.from_frame(frame[SOLUTION_KEY]).isin(solutions)
        if is_orphan.any():
            row = int(is_orphan.argmax())
            key = tuple(frame[column].tolist()[row] for column in SOLUTION_KEY)
            raise InputError(
                f"{_place(folder, name, row)}: {key} has no row in solutions; give the tables of one data set together"
            )


def _place(folder: Path | None, table: str, row: int) -> str:
    """What an error names: the table, or the file of it with the row, counted from 1."""
    return table if folder is None else f"{folder / table}.parquet:{row + 1}"


def scores_of_other_lengths(data: Tables) -> pd.DataFrame:
    """The rows of scores that have neither one number per step of their solution nor one for the whole of it.

    Args:
        data: Checked tables. Solutions whose texts are not there are left out.

    Returns:
        problem_id, sample_id, verifier, n_scores, n_steps.
    """
    steps = data.solutions[SOLUTION_KEY].assign(n_steps=data.solutions["steps"].map(len))
    scores = data.scores[[*SOLUTION_KEY, "verifier"]].assign(n_scores=data.scores["negative"].map(len))
    rows = scores.merge(steps, on=SOLUTION_KEY)
    return rows[(rows["n_steps"] > 0) & (rows["n_scores"] > 1) & (rows["n_scores"] != rows["n_steps"])]


def warn_of_other_lengths(name: object, data: Tables) -> None:
    """Warns if the number of step scores differs from the number of steps: other projects may split steps by other rules.

    Args:
        name: What the data is called in the log, such as its file.
        data: Checked tables.
    """
    others = scores_of_other_lengths(data)
    if len(others):
        logger.warning(
            "%s: %d of %d lists of step scores are not as long as their solutions, such as %d scores of %s for %d steps of "
            "sample %d of %r; they are taken as they are",
            name,
            len(others),
            len(data.scores),
            *others.iloc[0][["n_scores", "verifier", "n_steps", "sample_id", "problem_id"]],
        )


def problem_key(problem: str) -> str:
    """The problem_id for a problem whose data set gives no id.

    The same problem has the same id in every data set: PRM800K's texts are stripped, 489 of MATH's are not.

    Args:
        problem: Its text.

    Returns:
        16 hex digits of the stripped text.
    """
    return blake2b(problem.strip().encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
