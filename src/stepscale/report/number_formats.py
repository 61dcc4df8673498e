"""How numbers are printed: intervals, shares, differences, factors. No other file formats numbers.

In: numbers, or rows whose ``x_low`` and ``x_high`` (or ``low`` and ``high``) bound ``x``. Out: text, "" for what is not known.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

SHARE, POINTS, PLAIN, LEAD = ".1%", "+.1%", ".3f", "+.3f"
BOUNDS = ("_low", "_high")
_COUNTED = ("n_problems", "n_solutions", "n_steps", "n_parameters_large", "n_parameters_small")
_MIN_WITHOUT_DECIMALS = 1000  # from here on thousandths say nothing


def interval(value: float, low: float, high: float, shape: str = PLAIN) -> str:
    """As ``0.800 [0.667, 0.933]``; "" for NaN, and without brackets where the bounds are not known.

    Args:
        value: The estimate.
        low: Lower bound, or NaN.
        high: Upper bound.
        shape: Format of each number.
    """
    if value is None or value != value:
        return ""
    bounds = f" [{low:{shape}}, {high:{shape}}]" if low is not None and low == low else ""
    return f"{value:{shape}}{bounds}"


def cell(row: Mapping[Any, Any], name: str, shape: str = SHARE) -> str:
    """A value of a row with its bounds, which are ``name_low`` and ``name_high`` or else ``low`` and ``high``.

    Args:
        row: Values by column.
        name: The column.
        shape: How numbers are formatted.
    """
    low, high = (f"{name}{end}" if f"{name}_low" in row else end[1:] for end in BOUNDS)
    return interval(row[name], row.get(low, np.nan), row.get(high, np.nan), shape)


def number(value: float | None) -> str:
    """A number to three places, or a whole number by its digits.

    Args:
        value: None or NaN: it is not known.

    Returns:
        Text; "" if it is not known.
    """
    if value is None or value != value:
        return ""
    return f"{value:,.0f}" if abs(value) > 1 and float(value).is_integer() else f"{value:.3f}"


def metric(values: Mapping[str, Any], name: str) -> str:
    """A metric with its interval where there is one; counts by their digits.

    Args:
        values: Numbers by name, bounds among them.
        name: The metric.
    """
    low, high = (values.get(f"{name}{bound}") for bound in BOUNDS)
    bounds = f" [{number(low)}, {number(high)}]" if low is not None and low == low else ""
    value = values.get(name)
    counted = value is not None and value == value and name.endswith(_COUNTED)
    return f"{value:,.0f}" if counted else number(value) + bounds


def metric_rows(columns: Mapping[str, Mapping[str, float]], first: str = "metric") -> tuple[dict[str, str], ...]:
    """One row for every metric that any of the columns has.

    Args:
        columns: By the head of each column its numbers by name.
        first: The head of the column of names.
    """
    names = dict.fromkeys(name for values in columns.values() for name in values if not name.endswith(BOUNDS))
    return tuple(
        {first: name.replace("_", " ")} | {head: metric(values, name) for head, values in columns.items()}
        for name in names
    )


def cost(value: float) -> str:
    """A cost: generations by their digits, FLOPs by their size.

    Args:
        value: In generations, tokens or FLOPs. From 100,000 on three digits count.
    """
    return f"{value:.3g}" if value >= 1e5 else f"{value:.1f}".removesuffix(".0")


def unbounded(value: float | str | None, digits: int = 3) -> str:
    """A number that may be infinite, or is not known.

    Args:
        value: A number or its text, perhaps infinite; None: it is not finite.
        digits: Digits that count.
    """
    if value is None or np.isinf(float(value)):
        return "not finite" if value is None else "∞" if float(value) > 0 else "-∞"
    return f"{float(value):,.{digits if abs(float(value)) < _MIN_WITHOUT_DECIMALS else 0}f}"


def factor(row: Mapping[Any, Any]) -> str:
    """A saving, as ``1.60x [0.90, 3.25]``.

    Args:
        row: Columns status, factor, low and high.

    Returns:
        Text, with "at least" where the least that can be spent is enough, and "never matched" where nothing is.
    """
    bounds = f"[{row['low']:.2f}, {row['high']:.2f}]"
    if row["status"] == "never matched":
        return f"never matched {bounds}"
    return f"{'at least ' if row['status'] == 'at least' else ''}{row['factor']:.2f}x {bounds}"


def in_percent(rows: Sequence[Mapping[Any, Any]]) -> str:
    """Accuracies with their intervals at one N, in percent as the papers print them.

    Args:
        rows: Columns n, accuracy, low and high, each number in [0, 1]; all of one n.

    Returns:
        As ``78.2 [77.6, 78.8] / 72.4 [71.7, 73.1] at N=1860``; "" without rows.
    """
    percents = [
        "{:.1f} [{:.1f}, {:.1f}]".format(*(100 * row[key] for key in ("accuracy", "low", "high"))) for row in rows
    ]
    return f"{' / '.join(percents)} at N={rows[0]['n']}" if percents else ""


def spread_over(seeds: int) -> str:
    """What an interval of trained verifiers covers, in words.

    Args:
        seeds: Trainings of each verifier.
    """
    return "problems and seeds" if seeds > 1 else "problems; one seed does not show how much training varies"
