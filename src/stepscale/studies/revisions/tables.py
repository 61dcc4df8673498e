"""The declared tables of revisions, and of searches over revisions, by name."""

from stepscale.formats.declarations import Column, Table, interval, share
from stepscale.studies.columns import ACCURACY, COUNTS
from stepscale.studies.strategies.tables import AT_COST, CHOSEN, SAVINGS, STRATEGY_CURVES

_BIN = Column("int64", low=0, about="0: all problems; 1 is the easiest")
_ATTEMPTS = {"n_attempts": Column("int64", low=0), "n_problems": COUNTS["n_problems"]}

POSITIONS = Table(
    "positions",
    {
        "position": Column("int64", low=0, about="place in a chain, from 0"),
        "accuracy": share("pass at 1"),
        **interval(),
        **_ATTEMPTS,
    },
    key=("position",),
)
CHANGES = Table(
    "changes",
    {
        "change": Column("str", about="lost: a right answer turns wrong; won: a wrong one turns right"),
        "position": Column("Int64", nullable=True, low=0, about="of the attempt revised; null: all together"),
        "rate": share("null where it could happen to none", nullable=True),
        **interval(nullable=True),
        "n": Column("int64", low=0, about="attempts it could happen to"),
        "paper": share("the rate in Snell et al. 2024", nullable=True),
    },
    key=("change", "position"),
)
RATIOS = Table(
    "ratios",
    {
        "select": Column("str", about="what chooses among the attempts"),
        "bin": _BIN,
        "strategy": Column("str"),
        "sequential": Column("int64", low=1, about="attempts in each chain"),
        "parallel": Column("int64", low=1, about="chains"),
        "budget": Column("int64", low=1, about="generation budget N"),
        **ACCURACY,
    },
    key=("select", "bin", "strategy", "sequential", "parallel", "budget"),
)
CONTEXTS = Table(
    "contexts",
    {
        "bin": _BIN,
        "position": Column("Int64", nullable=True, low=0, about="place in a chain, from 0; null: all together"),
        "shown": Column("float64", low=0, about="mean number of earlier attempts a late one was shown"),
        **interval(of="shown"),
        "all_shown": share("share of late attempts that were shown all they may be shown"),
        **interval("all_", of="all_shown"),
        **_ATTEMPTS,
    },
    key=("bin", "position"),
)
LEADS = Table(
    "leads",
    {
        "strategy": Column("str", about="a search over revisions"),
        "n": Column("int64", low=1, about="generation budget N of the search"),
        "unit": Column("str", about="generations or FLOPs"),
        "spent": Column("float64", low=0, about="spending per problem, in the unit"),
        "accuracy": share(),
        "minus": Column("str", about="the rival, at the same spending"),
        "difference": Column("float64", about="accuracy minus the rival's"),
        **interval(of="difference"),
        "verdict": Column("str"),
        "n_problems": COUNTS["n_problems"],
    },
    key=("strategy", "n", "unit", "minus"),
)
TABLES = {
    "positions": POSITIONS,
    "changes": CHANGES,
    "ratios": RATIOS,
    "curves": STRATEGY_CURVES,
    "savings": SAVINGS,
    "at_cost": AT_COST,
    "chosen": CHOSEN,
    "contexts": CONTEXTS,
}
"""What ``measure_revisions`` gives."""
SEARCH_TABLES = {"curves": STRATEGY_CURVES, "leads": LEADS}
"""What ``measure_revision_search`` gives."""
