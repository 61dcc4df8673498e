"""The declared tables of difficulty: the prediction from the question, and ways to estimate it by name."""

from stepscale.formats.declarations import Column, Table, interval, share
from stepscale.formats.tables import validator
from stepscale.studies.columns import COUNTS, WITH_ORACLE

_KIND = Column("str", about="way to estimate difficulty")

QUESTION_DIFFICULTY = Table(
    "question_difficulty",
    {"problem_id": Column("str"), "easiness": share("pass@1 predicted from the question")},
    key=("problem_id",),
)
AGREEMENT = Table(
    "agreement",
    {
        "kind": _KIND,
        **WITH_ORACLE,
    },
    key=("kind",),
)
POLICIES = Table(
    "policies",
    {
        "kind": _KIND,
        "budget": Column("int64", low=1, about="generation budget N"),
        "accuracy": share("of the compute-optimal policy in its bins"),
        **interval(),
        "minus_oracle": Column("float64", about="accuracy minus that in oracle bins"),
        **interval("minus_oracle_"),
        "minus_uniform": Column("float64", about="accuracy minus that in one bin"),
        **interval("minus_uniform_"),
        "n_problems": COUNTS["n_problems"],
    },
    key=("kind", "budget"),
)
TABLES = {"agreement": AGREEMENT, "policies": POLICIES}

question_difficulty = validator(QUESTION_DIFFICULTY)
