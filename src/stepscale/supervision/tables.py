"""The declared tables of supervision: which samples an arm takes, what its verifiers reach, the data loop's rounds.

In: frames. Out: the same, checked (each function is a Kedro catalog ``validator:``).
"""

import pandas as pd

from stepscale.formats.checking import check, empty
from stepscale.formats.declarations import Column, Table, share
from stepscale.formats.tables import validator

_SAMPLE = {"problem_id": Column("str"), "sample_id": Column("int64", low=0)}
_RUN = {"strategy": Column("str", about="the strategy of the data loop"), "seed": Column("int64", low=0)}
_SCORE = Column("float64", nullable=True, about="the selector's score of the whole solution")

SELECTIONS = Table(
    "selections",
    {
        "arm": Column("str", about="a way to supervise, or the selector itself"),
        "seed": Column("int64", low=0),
        **_SAMPLE,
        "per_problem": Column("int64", low=1, about="the smallest size at which the sample is chosen"),
    },
    key=("arm", "seed", "problem_id", "sample_id"),
)
POINTS = Table(
    "points",
    {
        "arm": Column("str", about="a way to supervise, or a strategy of the data loop"),
        "per_problem": Column("int64", low=0, about="samples per problem to be labeled"),
        "labeled": Column("float64", low=0, about="samples per problem really labeled, the mean over problems"),
        "selector": Column("float64", low=0, about="further labeled samples per problem, of the arm's selector"),
        "seed": Column("int64", low=0),
        "n": Column("int64", low=1, about="generation budget N"),
        "problem_id": Column("str"),
        "accuracy": share("expected best-of-N accuracy on the problem"),
        "faultless": share("the same where every step must be right as well; null where no labeler rates them", True),
    },
    key=("arm", "per_problem", "seed", "n", "problem_id"),
)
LOOP_ASKED = Table(
    "loop_asked",
    {
        **_SAMPLE,
        "problem": Column("str"),
        "steps": Column("list[str]"),
        "answer": Column("str", nullable=True, about="the problem's reference answer"),
        "solution": Column("str", nullable=True, about="the problem's reference solution"),
        "final_answer": Column("str", nullable=True, about="the sample's own answer"),
        "round": Column("int64", low=0, about="the round that asks"),
        "score": _SCORE,
    },
    key=("problem_id", "sample_id"),
)
LOOP_KEYS = Table(
    "loop_keys",
    {**_RUN, **_SAMPLE, "round": Column("int64", low=0, about="the round that chose the sample"), "score": _SCORE},
    key=("strategy", "seed", "problem_id", "sample_id"),
)
LOOP_SCORES = Table(
    "loop_scores",
    {
        **_RUN,
        **_SAMPLE,
        "is_correct": Column("bool", about="whether the final answer is right"),
        "score": _SCORE,
        "doubt": share("how near the most doubtful step is to a coin toss"),
    },
    key=("strategy", "seed", "problem_id", "sample_id"),
)
LOOP_HEALTH = Table(
    "loop_health",
    {
        **_RUN,
        "round": Column("int64", low=0),
        "of": Column("str", about="chosen: of this round; audit: set aside to judge every selector by"),
        **_SAMPLE,
        "is_correct": Column("bool", about="whether the final answer is right"),
        "score": _SCORE,
        "faultless": Column("boolean", nullable=True, about="whether every step passes; null where labels end early"),
        "first_error": Column("float64", nullable=True, low=1, about="place of the first wrong step, from 1"),
        "distinct": Column("boolean", nullable=True, about="whether the wrong step is worded like no other's"),
    },
    key=("strategy", "seed", "round", "of", "problem_id", "sample_id"),
)
LOOP_ROUNDS = Table(
    "loop_rounds",
    {**_SAMPLE, "round": Column("int64", low=0, about="the round that chose the sample"), "score": _SCORE},
    key=("problem_id", "sample_id"),
)

selections = validator(SELECTIONS)
points = validator(POINTS)
loop_keys = validator(LOOP_KEYS)
loop_scores = validator(LOOP_SCORES)
loop_health = validator(LOOP_HEALTH)
loop_rounds = validator(LOOP_ROUNDS)


def loop_asked(df: pd.DataFrame) -> pd.DataFrame:
    """Check a loop_asked table: one row per (problem_id, sample_id).

    Args:
        df: The table; one read from a file without lines has no columns, and gets them.

    Raises:
        InputError: It is another table.
    """
    return check(df, LOOP_ASKED) if len(df) else empty(LOOP_ASKED)
