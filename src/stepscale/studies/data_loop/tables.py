"""The declared tables of the data loop, by name."""

from stepscale.formats.declarations import Column, Table, interval
from stepscale.studies.columns import COUNTS
from stepscale.studies.supervision.tables import BY_LABELS

DIFFERENCES = Table(
    "differences",
    {
        "difference": Column("str", about="what is compared: strategies, or rounds of one"),
        "n": Column("int64", low=1, about="generation budget N"),
        "estimate": Column("float64", about="of best-of-N accuracy"),
        **interval(),
        **COUNTS,
    },
    key=("difference",),
)
HEALTH_BY_ROUND = Table(
    "health_by_round",
    {
        "strategy": Column("str"),
        "round": Column("int64", low=0),
        "measure": Column("str"),
        "value": Column("float64", nullable=True, about="mean over seeds; null where there is none"),
        **interval(nullable=True),
        "n": Column("int64", low=0, about="samples of all seeds"),
        **COUNTS,
    },
    key=("strategy", "round", "measure"),
)
TABLES = {"by_labels": BY_LABELS, "health": HEALTH_BY_ROUND, "differences": DIFFERENCES}
