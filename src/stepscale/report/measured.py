"""Metrics with their intervals as rows of small tables: what was measured of verifiers, or of labelers beside each other.

In: numbers by name, where ``x_low`` and ``x_high`` bound ``x``. Out: rows and cells as they are printed.
"""

from collections.abc import Mapping
from typing import Any

BOUNDS = ("_low", "_high")
_COUNTED = ("n_problems", "n_solutions", "n_steps", "n_parameters_large", "n_parameters_small")


def measured_rows(columns: Mapping[str, Mapping[str, float]], first: str = "metric") -> list[dict[str, Any]]:
    """One row a metric that any of the ``columns`` has; ``first`` heads the column of names."""
    names = dict.fromkeys(name for values in columns.values() for name in values if not name.endswith(BOUNDS))
    return [
        {first: name.replace("_", " ")} | {head: measured(values, name) for head, values in columns.items()}
        for name in names
    ]


def verifier_rows(metrics: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """Of verifiers by name."""
    return measured_rows({name.upper().replace("_", " "): values for name, values in metrics.items()})


def measured(values: Mapping[str, Any], name: str) -> str:
    """A metric, with its interval where there is one."""
    low, high = (values.get(f"{name}{bound}") for bound in BOUNDS)
    interval = f" [{number(low)}, {number(high)}]" if low is not None and low == low else ""
    value = values.get(name)
    counted = value is not None and name.endswith(_COUNTED)
    return f"{value:,.0f}" if counted else number(value) + interval


def monte_carlo(row: Mapping[str, Any]) -> str:
    """The ``error`` of a row as it stands beside its number, in percent; nothing where all is exact or not told."""
    error = row.get("error") or 0.0
    return f" ± {error:.2%}" if error > 0 else ""


def over(seeds: int) -> str:
    """What an interval of trained verifiers is over, as a sentence says it."""
    return "problems and seeds" if seeds > 1 else "problems; one seed does not tell how another training would fare"


def number(value: float | None) -> str:
    """Three places, or a whole number by its digits; nothing for what there is none of."""
    if value is None or value != value:
        return ""
    return f"{value:,.0f}" if abs(value) > 1 and float(value).is_integer() else f"{value:.3f}"
