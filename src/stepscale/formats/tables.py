"""The declared tables: what their columns hold, and one function a table that checks a frame against it.

In: a pandas frame, from a reader, a node or a Parquet file. Out: the same frame with the declared dtypes and list cells
as Python lists, or one line that names table, column and remedy. Each function is a Kedro catalog ``validator:``. This
module does not know where a table comes from, nor whether keys of one table are found in another.
"""

from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

from stepscale.errors import InputError
from stepscale.formats.checking import Column, Table, check, pandera_schema, same_length

if TYPE_CHECKING:
    from pandera.pandas import DataFrameSchema

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
        "unread": Column(
            "Int64", nullable=True, optional=True, low=0
        ),  # steps at the end that did not fit the verifier
        "reward": Column(
            "Float64", nullable=True, optional=True
        ),  # the published score of the whole solution, any scale
    },
    key=("problem_id", "sample_id", "verifier"),
)
CURVES = Table(
    "curves",
    {
        "data": Column("str"),
        "method": Column("str"),
        "verifier": Column("str", nullable=True),
        "n": Column("int64", low=1),
        "accuracy": Column("float64", low=0, high=1),
        "low": Column("float64", nullable=True),
        "high": Column("float64", nullable=True),
        "n_problems": Column("int64", low=0),
        "seeds": Column("int64", low=0),
    },
    key=("data", "method", "verifier", "n"),
)


def problems(df: pd.DataFrame) -> pd.DataFrame:
    """Check a problems table: one row a problem, ``problem_id`` unique, at least one row. Raises InputError."""
    return check(df, PROBLEMS)


def solutions(df: pd.DataFrame) -> pd.DataFrame:
    """Check a solutions table: one row a (problem_id, sample_id); ``step_ends`` empty or one a step. Raises
    InputError.
    """
    checked = check(df, SOLUTIONS)
    same_length(checked, "solutions", "step_ends", "steps", or_empty=True)
    return checked


def step_labels(df: pd.DataFrame) -> pd.DataFrame:
    """Check a step_labels table: one row a rated completion and labeler; rating in -1, 0, 1 or null. Raises
    InputError.
    """
    return check(df, STEP_LABELS)


def scores(df: pd.DataFrame) -> pd.DataFrame:
    """Check a scores table: one row a solution and verifier; as many ``negative`` as ``neutral``. Raises InputError."""
    checked = check(df, SCORES)
    same_length(checked, "scores", "neutral", "negative", or_empty=False)
    return checked


def curves(df: pd.DataFrame) -> pd.DataFrame:
    """Check a curves table: one row a (data, method, verifier, n); accuracies in [0, 1]. Raises InputError."""
    return check(df, CURVES)


@cache
def schema(name: str) -> "DataFrameSchema":
    """The pandera schema of a table by its name, e.g. for documentation. Raises InputError if there is no such
    table.
    """
    known = {table.name: table for table in (PROBLEMS, SOLUTIONS, STEP_LABELS, SCORES, CURVES)}
    if name not in known:
        raise InputError(f"no table is called {name!r}; choose one of {sorted(known)}")
    return pandera_schema(known[name])
