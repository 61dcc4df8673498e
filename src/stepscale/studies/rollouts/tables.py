"""The declared table of soft PRMs beside PRM and ORM."""

from stepscale.formats.declarations import Column, Table, interval, share
from stepscale.studies.columns import COUNTS, ERROR

VERIFIER_CURVES = Table(
    "verifier_curves",
    {
        "label": Column("str", about="verifier and aggregation"),
        "n": Column("int64", low=1),
        "accuracy": share(),
        **interval(),
        **COUNTS,
        "error": ERROR,
    },
    key=("label", "n"),
)
TABLES = {"curves": VERIFIER_CURVES}
