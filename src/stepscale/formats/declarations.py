"""How a table is declared: its columns, what identifies a row, and what each column means.

`Column` and `Table` are pandera's `Column` and `DataFrameSchema` with this project's defaults and data types (``dtypes``).
They work for any table.
"""

from collections.abc import Sequence
from copy import copy
from functools import cached_property
from typing import Any, cast

import pandas as pd
import pandera.pandas as pa

from stepscale.formats.dtypes import ELEMENTS, CellList, Kind, Text, Value, object_series


class Column(pa.Column):
    """One declared column.

    Args:
        kind: What its cells hold.
        nullable: Cells may be null. A frame may lack the column: nulls, or empty lists, are added.
        optional: A frame may lack the column, and nothing is added.
        low: The smallest value.
        high: The largest value.
        about: What it means, in one line, where its name does not say it.
    """

    def __init__(
        self,
        kind: Kind,
        nullable: bool = False,
        optional: bool = False,
        low: float | None = None,
        high: float | None = None,
        about: str = "",
    ) -> None:
        checks = [] if low is None else [pa.Check.ge(low)]
        checks += [] if high is None else [pa.Check.le(high)]
        dtype = CellList(kind) if kind in ELEMENTS else Text() if kind == "str" else Value(kind)
        super().__init__(dtype, checks, nullable=nullable, required=not optional, coerce=True, description=about)
        self.kind: Kind = kind
        bounds = [f"{sign} {bound:g}" for sign, bound in ((">=", low), ("<=", high)) if bound is not None]
        words = f"a list of {ELEMENTS[kind][1]}" if kind in ELEMENTS else kind
        self.declaration = f"{words}{' ' + ' and '.join(bounds) if bounds else ''}{' or null' if nullable else ''}"
        """The declaration in words, for messages."""

    @classmethod
    def get_backend(cls, check_obj: Any = None, check_type: type | None = None) -> Any:
        """pandera finds what validates a column by its exact class."""
        return pa.Column.get_backend(check_obj, check_type)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Column":
        """A shallow copy: pandera copies every column in every validation, and sets attributes of the copy alone."""
        return copy(self)

    def nulls(self, index: "pd.Index[Any]") -> "pd.Series[Any]":
        """A column of nulls, for a table that lacks it.

        Args:
            index: Of the table's rows.

        Returns:
            Nulls of the column's kind, or empty lists where it holds lists.
        """
        if self.kind in ELEMENTS:
            return object_series([[] for _ in range(len(index))], index)
        null: Any = pd.array([None], dtype=cast(Any, self.kind))  # pandas looks at each null it is given
        return pd.Series(null.repeat(len(index)), index=index)


def share(about: str = "", nullable: bool = False) -> Column:
    """A column of numbers in [0, 1]; means of ones may exceed 1 by a rounding.

    Args:
        about: What the column says, for the reference.
        nullable: Whether a cell may be empty.
    """
    return Column("float64", nullable=nullable, low=0, high=1 + 1e-9, about=about)


def interval(prefix: str = "", of: str = "", nullable: bool = False) -> dict[str, Column]:
    """The two columns of a 95 % interval: ``low`` and ``high`` after the prefix.

    Args:
        prefix: How both names begin.
        of: The column whose interval it is, for the reference.
        nullable: Whether a cell may be empty.

    Returns:
        Columns by name.
    """
    named = f" of {of}" if of else ""
    return {
        f"{prefix}{end}": Column("float64", nullable=nullable, about=f"{side} end of the 95 % interval{named}")
        for end, side in (("low", "lower"), ("high", "upper"))
    }


class Table(pa.DataFrameSchema):
    """A declared table. Columns beyond the declared ones pass unchecked.

    Args:
        name: For messages.
        columns: The declared columns by name, in order.
        key: The columns that identify a row; none where rows may repeat.
        may_be_empty: Whether a table without rows is right.
    """

    columns: dict[str, Column]

    def __init__(self, name: str, columns: dict[str, Column], key: Sequence[str], may_be_empty: bool = True) -> None:
        super().__init__(columns, name=name, unique=list(key), report_duplicates="exclude_first")
        self.key = tuple(key)
        self.may_be_empty = may_be_empty

    @cached_property
    def without_rows(self) -> pd.DataFrame:
        """A frame of no rows with the declared columns, optional ones left out: made once, for it takes milliseconds."""
        columns = {name: column for name, column in self.columns.items() if column.required}
        return pd.DataFrame({name: pd.Series([], dtype=column.dtype.type) for name, column in columns.items()})

    @classmethod
    def get_backend(cls, check_obj: Any = None, check_type: type | None = None) -> Any:
        """pandera finds what validates a table by its exact class."""
        return pa.DataFrameSchema.get_backend(check_obj, check_type)
