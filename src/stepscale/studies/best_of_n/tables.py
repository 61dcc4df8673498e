"""The declared tables of best-of-N, by name."""

from stepscale.formats.declarations import Column, Table
from stepscale.formats.tables import CURVES
from stepscale.studies.columns import ACCURACY, ERROR

LEVELS = Table(
    "levels",
    {
        "level": Column("int64", low=1, about="the problem's level in its source"),
        "label": Column("str", about="way to choose"),
        **ACCURACY,
    },
    key=("level", "label"),
)
QUINTILES = Table(
    "quintiles",
    {
        "quintile": Column("int64", low=1, high=5, about="1 is the easiest, by pass rate"),
        "label": Column("str", about="way to choose"),
        "n": Column("int64", low=1),
        **ACCURACY,
        "error": ERROR,
    },
    key=("quintile", "label", "n"),
)
SCORING_RULES = Table(
    "scoring_rules",
    {
        "verifier": Column("str"),
        "aggregation": Column("str", about="of step scores into a solution's score"),
        "neutral_as": Column("str", about="what a neutral step counts as"),
        "n": Column("int64", low=1),
        **ACCURACY,
        "is_best": Column("bool", about="the first of the best rules of its verifier"),
    },
    key=("verifier", "aggregation", "neutral_as"),
)
TABLES = {"levels": LEVELS, "quintiles": QUINTILES, "scoring_rules": SCORING_RULES, "heldout_curves": CURVES}
