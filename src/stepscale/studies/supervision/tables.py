"""The declared tables of ways to supervise, by name."""

from stepscale.formats.declarations import Column, Table, interval, share
from stepscale.studies.columns import COUNTS

_REACHED = {
    "label": Column("str", about="the arm"),
    "per_problem": Column("int64", low=0, about="labeled samples per problem asked for"),
    "n": Column("int64", low=1, about="generation budget N"),
    "accuracy": share(),
    **interval(),
}
_LABELED = {"labeled": Column("float64", low=0, about="samples per problem really labeled")}
_COMPARED = {
    "arm": Column("str"),
    "control": Column("str", about="the arm compared with"),
}

BY_LABELS = Table("by_labels", {**_REACHED, **COUNTS, **_LABELED}, key=("label", "per_problem", "n"))
BY_SIZE = Table(
    "by_size",
    {
        **_REACHED,
        **COUNTS,
        **_LABELED,
        "over_blind": Column("float64", nullable=True, about="accuracy minus pass@1"),
        **interval("over_blind_", nullable=True),
    },
    key=(),  # pass@1 stands at the fewest and the most labels, which may be the same
)
BY_BUDGET = Table("by_budget", {**_REACHED, **COUNTS}, key=("label", "per_problem", "n"))
ABLATIONS = Table(
    "ablations",
    {
        **_REACHED,
        "against": Column("str", about="the arm that it varies"),
        "lead": Column("float64", about="accuracy minus that arm's at the same size"),
        **interval("lead_"),
        **COUNTS,
    },
    key=("label", "per_problem", "n", "against"),
)
RIGHT_STEPS = Table(
    "right_steps",
    {
        **_REACHED,
        "against": Column("str", about="the arm after it in claim A3"),
        "lead": Column("float64", about="accuracy minus that arm's at the same size, both graded by answer and steps"),
        **interval("lead_"),
        **COUNTS,
    },
    key=("label", "per_problem", "n", "against"),
)
OVERLAP = Table(
    "overlap",
    {
        **_COMPARED,
        "per_problem": Column("int64", low=1, about="labeled samples per problem"),
        "overlap": share("share of the arm's samples that the control took too"),
        **interval(),
        **COUNTS,
    },
    key=("arm", "control", "per_problem"),
)
SAVED = Table(
    "saved",
    {
        **_COMPARED,
        "measure": Column("str", about="slopes, intercepts, gain of accuracy, labels saved"),
        "estimate": Column("float64", nullable=True, about="infinite where it has no bound"),
        **interval(nullable=True),
        **COUNTS,
    },
    key=("arm", "control", "measure"),
)
TABLES = {
    "by_size": BY_SIZE,
    "by_budget": BY_BUDGET,
    "ablations": ABLATIONS,
    "right_steps": RIGHT_STEPS,
    "overlap": OVERLAP,
    "saved": SAVED,
}
"""What ``measure_supervision`` gives."""
