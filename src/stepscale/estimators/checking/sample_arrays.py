"""Samples of problems as checked arrays [problems, samples]: correctness, scores, answers, and which are answered."""

import operator
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.estimators.arrays import Bools, Codes, Floats
from stepscale.estimators.checking.arrays import CANNOT_CONVERT, as_array, checked_flags, checked_numbers


def checked_mask(mask: ArrayLike | None, shape: tuple[int, ...]) -> Bools:
    """Which samples are answered: booleans (or 0 and 1) of ``shape``; None means all of them.

    Args:
        mask: The flags, or None.
        shape: (problems, samples).

    Raises:
        InputError: Another shape, or other values.
    """
    if mask is None:
        return np.ones(shape, bool)
    return checked_flags(mask, shape, "mask", "True for an answered sample, False for an unanswered one")


def checked_samples(correct: ArrayLike, mask: ArrayLike | None) -> tuple[Floats, Bools]:
    """Correctness as 0.0 or 1.0 (0.0 where unanswered), and the mask, both [problems, samples].

    Args:
        correct: 0 or 1, or booleans. What stands at an unanswered place is not looked at, but must be no text.
        mask: True for an answered sample; None: all are answered.

    Raises:
        InputError: Other shapes, a mask that is not boolean, or correctness other than 0, 1 or a boolean.
    """
    table = _samples(correct, "correct")
    answered = checked_mask(mask, table.shape)
    if table.dtype == np.bool_:
        return (table & answered).astype(float), answered
    right = checked_numbers(table, "correct")
    if not np.isin(right[answered], (0, 1)).all():
        raise InputError("correct must be 0 or 1 (or a boolean) for every answered sample; turn rewards into verdicts")
    return np.where(answered, right, 0.0), answered


def checked_table(values: ArrayLike, name: str) -> Floats:
    """Numbers [problems, samples] as floats.

    Args:
        values: The numbers [problems, samples].
        name: What they are called in an error.

    Raises:
        InputError: They are not numbers, or of another shape.
    """
    return checked_numbers(_samples(values, name), name)


def checked_scores(scores: ArrayLike, answered: Bools, lowest: float = -np.inf) -> Floats:
    """Verifier scores as floats [problems, samples], of which only those of ``answered`` samples are looked at.

    Args:
        scores: Numbers of the shape of ``answered``; NaN may stand where no sample is answered.
        answered: True where a sample can be chosen.
        lowest: The least score allowed. If it is finite, scores must be finite too, for they are summed.

    Raises:
        InputError: Another shape, a score that is not a number, or one below ``lowest``.
    """
    table = checked_numbers(scores, "scores")
    answered_scores = table[answered] if table.shape == answered.shape else None
    if answered_scores is None or np.isnan(answered_scores).any():
        raise InputError(f"scores must be numbers of shape {answered.shape}, one for each answered sample")
    if np.isfinite(lowest) and not (np.isfinite(answered_scores) & (answered_scores >= lowest)).all():
        raise InputError(f"scores must be finite numbers >= {lowest:g}, for they are summed; pass probabilities")
    return table


def checked_labels(answers: ArrayLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """Answers as numbers or objects of ``shape``, never turned into text.

    Args:
        answers: Labels.
        shape: (problems, samples).

    Raises:
        InputError: Another shape.
    """
    table = as_array(answers, "answers", labels=True)
    if table.shape != shape:
        raise InputError(f"answers must be of shape {shape}, not {table.shape}")
    return table


def checked_answers(answers: ArrayLike, answered: Bools) -> Codes:
    """Answers as codes from 1 [problems, samples], dense within each problem so that tallies stay narrow; 0 for none.

    Args:
        answers: Labels [problems, samples] that can be hashed. None, NaN, pandas NA, the number -1 and blank text mean no
            answer, in every kind of array. Labels are equal as Python has it: ``1`` and ``1.0`` are, ``1`` and ``"1"`` are not.
        answered: The mask [problems, samples].

    Raises:
        InputError: Another shape, or an answer that cannot be hashed.
    """
    table = checked_labels(answers, answered.shape)
    try:
        codes, labels = pd.factorize(table.ravel(), use_na_sentinel=True)
        unanswered = [code for code, label in enumerate(labels) if is_no_answer(label)]
    except CANNOT_CONVERT:
        raise InputError("answers must be strings, numbers or other hashable labels") from None
    codes = np.where(answered & ~np.isin(codes, unanswered).reshape(table.shape), codes.reshape(table.shape), -1)
    # rank the codes of each row: the first of every run of equal ones begins a new number
    order = np.argsort(codes, axis=1, kind="stable")
    ranked = np.take_along_axis(codes, order, 1)
    first = np.diff(ranked, axis=1, prepend=-1) > 0
    dense = np.empty_like(codes)
    np.put_along_axis(dense, order, np.cumsum(first, axis=1), 1)
    return dense


def is_no_answer(label: object) -> bool:
    """Whether a label means that there is no answer: the number -1, or blank text.

    Args:
        label: Any label that is not None or NaN.
    """
    return not label.strip() if isinstance(label, str) else isinstance(label, Number) and bool(operator.eq(label, -1))


def _samples(values: Any, name: str) -> NDArray[Any]:
    table = as_array(values, name)
    if table.ndim != 2 or 0 in table.shape:
        raise InputError(f"{name} must be [problems, samples] in rows of one length, not of shape {table.shape}")
    return table
