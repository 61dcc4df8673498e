"""The declared tables of stopping rules: what each reaches and spends beside the online policy, and whether a risk was held."""

from stepscale.formats.declarations import Column, Table, interval, share
from stepscale.studies.columns import COUNTS, ERROR

_VERIFIER = Column("str", about="whose scores policy and rules go by")
_RULE, _SETTING = Column("str"), Column("str", about="settings of the rule")

STOPPING = Table(
    "stopping",
    {
        "verifier": _VERIFIER,
        "unit": Column("str", about="generations, tokens or FLOPs per problem"),
        "rule": _RULE,
        "setting": _SETTING,
        "cost": Column("float64", low=0, about="mean spending of the rule, in the unit"),
        "accuracy": share("of the rule"),
        **interval(),
        "error": ERROR,
        "factor": Column("float64", low=0, about="how many times less the online policy spends to be as accurate"),
        **interval("factor_", of="factor"),
        "status": Column("str", about="whether the factor is a bound"),
        "difference": Column("float64", nullable=True, about="online policy minus rule at the rule's spending"),
        **interval("difference_", nullable=True),
        "verdict": Column("str", nullable=True, about="on the online policy; null: not measured at such spending"),
        "n_problems": COUNTS["n_problems"],
    },
    key=("verifier", "unit", "rule", "setting"),
)
STOPPING_RISK = Table(
    "stopping_risk",
    {
        "verifier": _VERIFIER,
        "setting": _SETTING,
        "alpha": share("highest risk that was asked for"),
        "half": Column("str", about="half of the problems that is measured; the other chose the threshold"),
        "threshold": Column(
            "float64", low=0, about="of the winner's sum of scores per sample; above 1: never stop early"
        ),
        "risk": share("of problems answered early, and wrongly"),
        **interval(of="risk"),
        "n_problems": COUNTS["n_problems"],
    },
    key=("verifier", "setting", "half"),
)
TABLES = {"stopping": STOPPING, "stopping_risk": STOPPING_RISK}
"""What ``compare_rules`` gives, by name."""
