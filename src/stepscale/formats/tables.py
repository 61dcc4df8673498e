"""The declared tables: what their columns hold, and one function per table that checks a frame against it.

In: a pandas frame, from a reader, a node or a Parquet file. Out: the same frame with the declared dtypes and list cells
as Python lists, or one line that names table, column, row and remedy. Each function is a Kedro catalog ``validator:``.
A `Table` is a pandera ``DataFrameSchema``. A new one is a declaration and `validator` (two statements).
"""

import math
from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.formats.checking import check, same_length
from stepscale.formats.declarations import Column, Table

Validator = Callable[[pd.DataFrame], pd.DataFrame]

ROUNDING = 1e-6
"""By how much a probability may miss [0, 1]."""
SOLUTION_KEY = ["problem_id", "sample_id"]
"""The columns that say which solution a row is of."""

PROBLEMS = Table(
    "problems",
    {
        "problem_id": Column("str"),
        "problem": Column("str"),
        "answer": Column("str", nullable=True),
        "solution": Column("str", nullable=True),
        "subject": Column("str", nullable=True),
        "level": Column("Int64", nullable=True),
        "split": Column("str", nullable=True),
    },
    key=("problem_id",),
    may_be_empty=False,
)
SOLUTIONS = Table(
    "solutions",
    {
        "problem_id": Column("str"),
        "sample_id": Column("int64", low=0),
        "steps": Column("list[str]"),
        "tokens": Column("list[int]", nullable=True),
        "step_ends": Column("list[int]", nullable=True),
        "answer": Column("str", nullable=True),
        "is_correct": Column("boolean", nullable=True),
        "finish": Column("str", nullable=True),
        "mean_logprob": Column("Float64", nullable=True),
        "generator": Column("str", nullable=True),
        # tokens of the whole sample as the file counts them, where the tokens themselves are not known
        "n_tokens": Column("Int64", nullable=True, optional=True, low=0),
        # of each token, where the generator was asked for it (`estimators.confidence`)
        "certainties": Column("list[float]", nullable=True, optional=True),
    },
    key=("problem_id", "sample_id"),
)
STEP_LABELS = Table(
    "step_labels",
    {
        "problem_id": Column("str"),
        "sample_id": Column("int64", low=0),
        "step": Column("int64", low=0),
        "completion": Column("int64", low=0),
        "text": Column("str"),
        "rating": Column("Int8", nullable=True, low=-1, high=1),
        "value": Column("Float64", nullable=True, low=0, high=1),
        "is_chosen": Column("bool"),
        "labeler": Column("str", nullable=True),
        "source": Column("str", nullable=True, optional=True),  # "human": written by the labeler, not by the generator
        "flagged": Column("boolean", nullable=True, optional=True),
    },
    key=("problem_id", "sample_id", "step", "completion", "labeler"),
)
SCORES = Table(
    "scores",
    {
        "problem_id": Column("str"),
        "sample_id": Column("int64", low=0),
        "verifier": Column("str"),
        "negative": Column("list[float]"),
        "neutral": Column("list[float]"),
        # steps at the end that did not fit the verifier
        "unread": Column("Int64", nullable=True, optional=True, low=0),
        # the published score of the whole solution, any scale
        "reward": Column("Float64", nullable=True, optional=True),
    },
    key=("problem_id", "sample_id", "verifier"),
)
CURVES = Table(
    "curves",
    {
        "data": Column("str"),
        "method": Column("str"),
        "verifier": Column("str", nullable=True),
        "n": Column("int64", low=1, about="samples chosen from, N"),
        "accuracy": Column("float64", low=0, high=1),
        "low": Column("float64", nullable=True),
        "high": Column("float64", nullable=True),
        "n_problems": Column("int64", low=0),
        "seeds": Column("int64", low=0),
        "label": Column("str", optional=True, about="the way to choose, as figures name it"),
        "error": Column("float64", nullable=True, optional=True, low=0, about="Monte Carlo standard error"),
        "without_answer": Column(
            "float64", optional=True, low=0, high=1, about="share of the samples without an answer"
        ),
        "without_verdict": Column(
            "float64", optional=True, low=0, high=1, about="share of the samples without a verdict"
        ),
    },
    key=("data", "method", "verifier", "n"),
)
PREDICTIONS = Table(
    "predictions",
    {
        "problem_id": Column("str"),
        "strategy": Column("str"),
        "budget": Column("int64", low=1),
        "answer": Column("str", nullable=True),
        "is_correct": Column("boolean", nullable=True),
        "tokens": Column(
            "Float64", nullable=True, optional=True, low=0
        ),  # of the whole search, as its file counts them
    },
    key=("problem_id", "strategy", "budget"),
)


def validator(table: Table) -> Validator:
    """The function that checks frames against a table: what a catalog entry names as ``validator:``.

    Args:
        table: The declared table.

    Returns:
        A function from a frame to the checked frame, as `checking.check`.
    """

    def checked(df: pd.DataFrame) -> pd.DataFrame:
        return check(df, table)

    checked.__name__ = str(table.name)
    row = f": one row per ({', '.join(table.key)})" if table.key else ""
    checked.__doc__ = f"Check a {table.name} table{row}. Raises InputError."
    return checked


step_labels = validator(STEP_LABELS)
curves = validator(CURVES)
predictions = validator(PREDICTIONS)


def problems(df: pd.DataFrame) -> pd.DataFrame:
    """Check a problems table: one row per problem_id; no text of a problem holds a NUL character.

    Args:
        df: The table.

    Raises:
        InputError: It is another table, or a text holds a NUL character.
    """
    checked = check(df, PROBLEMS)
    if (has_nul := checked["problem"].str.contains("\0", regex=False)).any():
        raise InputError(
            f"problems: the text of {checked.loc[has_nul, 'problem_id'].iloc[0]!r} holds a NUL character, which is not text; "
            "leave it out"
        )
    return checked


def solutions(df: pd.DataFrame) -> pd.DataFrame:
    """Check a solutions table: one row per (problem_id, sample_id); ``step_ends`` empty or one per step.

    Args:
        df: The table.

    Raises:
        InputError: It is another table.
    """
    checked = check(df, SOLUTIONS)
    same_length(checked, "solutions", "step_ends", "steps", or_empty=True)
    return checked


def scores(df: pd.DataFrame) -> pd.DataFrame:
    """Check a scores table: one row per solution and verifier; as many ``negative`` as ``neutral`` entries, all probabilities.

    Args:
        df: The table.

    Raises:
        InputError: It is another table.
    """
    checked = check(df, SCORES)
    same_length(checked, "scores", "neutral", "negative", or_empty=False)
    for column in ("negative", "neutral"):
        _refuse_improbable(checked[column])
    if "reward" in checked and (endless := np.isinf(checked["reward"].to_numpy(float, na_value=0.0))).any():
        raise InputError(
            f"scores: column 'reward' holds infinity in row {endless.argmax()}; write a finite number or null"
        )
    return checked


def _refuse_improbable(cells: "pd.Series[Any]") -> None:
    """Raises InputError if a step's probability is no number, or outside [0, 1] by more than rounding."""
    values = np.fromiter(chain.from_iterable(cells), float)
    if ((values >= -ROUNDING) & (values <= 1 + ROUNDING)).all():
        return
    for row, cell in enumerate(cells):
        for value in cell:
            if not math.isfinite(value):
                raise InputError(
                    f"scores: column {cells.name!r} holds NaN or infinity in row {row}; score that step again"
                )
            if not -ROUNDING <= value <= 1 + ROUNDING:
                raise InputError(
                    f"scores: column {cells.name!r} holds {value!r} in row {row}, not a probability in [0, 1]; write a score "
                    "of another scale as 'reward'"
                )
