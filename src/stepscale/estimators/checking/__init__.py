"""Turns the arguments that a user gives to an estimator into checked arrays. No other code does.

In: lists, NumPy arrays, pandas frames or tensors. Out: arrays of one type and shape (``single_values``, ``arrays``,
``sample_arrays``), budgets and other settings as Python numbers (``numbers``). Every public estimator goes through here. Whatever
is refused raises InputError with one line; nothing is repaired by guessing.
"""

from stepscale.estimators.checking.arrays import (
    MAX_PLACES,
    check_columns,
    checked_flags,
    checked_numbers,
    checked_places,
    checked_rows,
    checked_values,
    checked_verdicts,
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
from stepscale.estimators.checking.single_values import cell_value, cell_values, without_tensors

__all__ = [
    "MAX_PLACES",
    "cell_value",
    "cell_values",
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
    "checked_rows",
    "checked_samples",
    "checked_scores",
    "checked_table",
    "checked_values",
    "checked_verdicts",
    "is_no_answer",
    "without_tensors",
]
