"""What may be asked of a search: the text of a problem, and a number of generations. Library and service check alike."""

from numbers import Integral

import numpy as np

from stepscale.errors import InputError
from stepscale.generation.contract import Sampling

MAX_GENERATIONS = 1 << 20
"""Generations per problem that any method may have: a budget above it is a slip of the pen, and lists of its size fill memory."""


def checked_problem(problem: object) -> str:
    """The text of a problem, as it was given.

    Args:
        problem: Whatever came from the caller, or over the wire.

    Returns:
        The text.

    Raises:
        InputError: One line: it is missing, empty, not text, or contains something that is not a character.
    """
    if is_missing(problem):
        raise InputError("problem is missing; give the text of a problem")
    if not isinstance(problem, str):
        raise InputError(f"problem must be a text, not {type(problem).__name__}")
    if not problem.strip():
        raise InputError("problem is empty; give the text of a problem")
    if "\0" in problem:
        raise InputError("problem holds a NUL character, which is not text; leave it out")
    try:
        problem.encode()
    except UnicodeEncodeError:
        raise InputError(
            "problem holds half a character (a lone surrogate), which is not text; send whole UTF-8 characters"
        ) from None
    return problem


def checked_generations(budget: object) -> int:
    """A number of generations as a Python integer.

    Args:
        budget: A whole number of any type. 16.0 is one, for a table holds 16 so beside a missing one.

    Returns:
        1 to ``MAX_GENERATIONS``.

    Raises:
        InputError: One line with the fault and the remedy.
    """
    if is_missing(budget):
        raise InputError("budget is missing; give a number of generations, 1 or more")
    is_integer = isinstance(budget, Integral) and not isinstance(budget, bool)
    if not (is_integer or (isinstance(budget, float) and budget.is_integer())) or (number := int(budget)) < 1:  # type: ignore[call-overload]  # one of the two
        raise InputError(f"budget must be a whole number of generations, 1 or more, not {_as_given(budget)}")
    if number > MAX_GENERATIONS:
        raise InputError(f"budget is {str(budget)[:40]}; at most {MAX_GENERATIONS:,} generations per problem are made")
    return int(number)


def checked_seed(seed: object) -> int:
    """The seed of a run as a Python integer.

    Args:
        seed: As the caller gave it.

    Raises:
        InputError: It is not a whole number of 0 or more.
    """
    if not isinstance(seed, Integral) or isinstance(seed, bool) or seed < 0:
        raise InputError(f"seed must be a whole number, 0 or more, not {_as_given(seed)}")
    return int(seed)


def checked_sampling(sampling: object) -> Sampling:
    """How tokens are drawn.

    Args:
        sampling: As a caller gives it.

    Raises:
        InputError: It is no ``Sampling``.
    """
    if not isinstance(sampling, Sampling):
        raise InputError(f"sampling must be a stepscale.generation.Sampling, not {type(sampling).__name__}")
    return sampling


def is_missing(value: object) -> bool:
    """Whether ``value`` is None or NaN."""
    return value is None or value != value


def _as_given(value: object) -> str:
    """A value as Python writes it, cut short: a text in quotes, a number without."""
    plain = value.item() if isinstance(value, np.generic) else value
    return repr(plain[:40]) if isinstance(plain, str) else repr(plain)[:40]
