"""Tables that several studies of strategies have alike: curves, savings, accuracy at equal cost, what was chosen."""

from stepscale.formats.declarations import Column, Table, interval, share
from stepscale.studies.columns import ACCURACY, COUNTS, ERROR

_UNIT = Column("str", about="generations, tokens or FLOPs")

STRATEGY_CURVES = Table(
    "strategy_curves",
    {
        "unit": _UNIT,
        "label": Column("str", about="strategy or policy"),
        "n": Column("float64", low=0, about="spending per problem, in the unit"),
        **ACCURACY,
        "error": ERROR,
    },
    key=(),  # two budgets of a policy may spend the same
)
SAVED: dict[str, Column] = {
    "n": Column("int64", low=1, about="budget N of the baseline"),
    "at": Column("float64", low=0, about="what the baseline spends with N"),
    "accuracy": share("accuracy to match"),
    "baseline": Column("float64", low=0, about="what the baseline spends to reach it"),
    "factor": Column("float64", low=0, about="how many times less the policy spends"),
    **interval(of="factor"),
    "status": Column("str", about="whether the factor is a bound"),
    "matched": share("share of resamples in which the accuracy is reached"),
}
"""By what a policy undercuts a baseline, with budget N of the baseline."""
SAVINGS = Table(
    "savings",
    {
        "policy": Column("str"),
        "unit": _UNIT,
        **SAVED,
    },
    key=("policy", "unit", "n"),
)
ONLINE_REACHED: dict[str, Column] = {
    "accuracy": share(),
    **interval(),
    "error": ERROR,
    "stopped": share("share of problems for which the probes were enough"),
    "other": Column("str", about="the policy compared with, at the same spending"),
    "difference": Column("float64", about="accuracy minus the other's"),
    **interval("difference_"),
    "verdict": Column("str"),
}
"""What the online policy reaches with a budget, beside another policy."""
AT_COST = Table(
    "at_cost",
    {
        "unit": _UNIT,
        "cost": Column("float64", low=0, about="spending per problem, in the unit"),
        "label": Column("str", about="strategy or policy"),
        "accuracy": share("null where it was not measured at the cost", nullable=True),
        **interval(nullable=True),
        "minus": Column("str", about="the baseline"),
        "difference": Column("float64", nullable=True, about="accuracy minus the baseline's at equal cost"),
        **interval("difference_", nullable=True),
    },
    key=(),
)
CHOSEN = Table(
    "chosen",
    {
        "bins": Column("str", about="kind of difficulty bins"),
        "unit": _UNIT,
        "bin": Column("int64", low=1, about="1 is the easiest"),
        "fold": Column("int64", low=0, high=1, about="half of the bin that is measured"),
        "budget": Column("int64", low=1, about="budget N of the baseline"),
        "strategy": Column("str"),
        "n": Column("int64", low=1, about="budget of the chosen strategy"),
        "chosen_on": share("accuracy on the half that chose"),
        "measured": share("accuracy on the other half"),
        "cost": Column("float64", low=0, about="mean cost on the half that chose, in the unit"),
        "allowed": Column("float64", low=0, about="what could be spent there"),
        "n_problems": COUNTS["n_problems"],
    },
    key=("bins", "unit", "bin", "fold", "budget"),
)
