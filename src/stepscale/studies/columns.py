"""Columns that tables of several studies have alike."""

from stepscale.formats.checking import Column

COUNTS = {
    "n_problems": Column("int64", low=0),
    "seeds": Column("int64", low=0, about="repeats, each with other subsets and new weights"),
}
ERROR = Column("float64", nullable=True, low=0, about="Monte Carlo standard error; null where it is not known")
