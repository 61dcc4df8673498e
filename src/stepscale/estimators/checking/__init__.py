"""Turns the arguments that a user gives to an estimator into checked arrays. No other code does.

In: lists, NumPy arrays, pandas frames or tensors. Out: arrays of one type and shape (``arrays``, ``sample_arrays``), budgets and
other settings as Python numbers (``numbers``). Every public estimator goes through here. Whatever is refused raises
InputError with one line; nothing is repaired by guessing.
"""

from stepscale.estimators.checking.arrays import (
    MOST_PLACES,
    Bools,
    Codes,
    Floats,
    check_columns,
    checked_flags,
    checked_numbers,
    checked_places,
    checked_values,
    checked_verdicts,
    in_short,
)
from stepscale.estimators.checking.numbers import (
    checked_bins,
    checked_budgets,
    checked_count,
    checked_level,
    checked_number,
    checked_resamples,
)
from stepscale.estimators.checking.sample_arrays import (
    checked_answers,
    checked_labels,
    checked_mask,
    checked_samples,
    checked_scores,
    checked_table,
    is_no_answer,
)

__all__ = [
    "MOST_PLACES",
    "Bools",
    "Codes",
    "Floats",
    "check_columns",
    "checked_answers",
    "checked_bins",
    "checked_budgets",
    "checked_count",
    "checked_flags",
    "checked_labels",
    "checked_level",
    "checked_mask",
    "checked_number",
    "checked_numbers",
    "checked_places",
    "checked_resamples",
    "checked_samples",
    "checked_scores",
    "checked_table",
    "checked_values",
    "checked_verdicts",
    "in_short",
    "is_no_answer",
]
