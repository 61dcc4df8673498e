"""Columns that tables of several studies share."""

from stepscale.formats.declarations import Column, interval, share

COUNTS = {
    "n_problems": Column("int64", low=0),
    "seeds": Column("int64", low=0, about="repeats, each with other subsets and new weights"),
}
ERROR = Column("float64", nullable=True, low=0, about="Monte Carlo standard error; null where it is not known")
ACCURACY = {"accuracy": share(), **interval(), "n_problems": COUNTS["n_problems"]}
WITH_ORACLE = {
    "correlation": Column(
        "float64", nullable=True, low=-1 - 1e-9, high=1 + 1e-9, about="Spearman's, with the oracle's easiness"
    ),
    **interval(of="correlation", nullable=True),
    "same_bin": share("share of problems in the oracle's bin"),
    "n_problems": COUNTS["n_problems"],
}
"""How well a way to estimate difficulty agrees with the oracle."""
