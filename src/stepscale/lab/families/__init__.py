"""Problem families in the manner of MATH's subjects. Each makes problems at levels 1-5 and writes solutions by hand.

A new family is one file with the two functions, one line here, and a reader in ``stepscale.lab.world``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from stepscale.lab.families import algebra, arithmetic, sequences
from stepscale.lab.mistakes import Hand


@dataclass(frozen=True)
class Family:
    """``problem(level, rng)`` gives a problem's text; ``solution(problem, hand)`` its steps as that hand writes them."""

    problem: Callable[[int, Random], str]
    solution: Callable[[str, Hand], list[str]]


FAMILIES = {
    "order": Family(arithmetic.order_problem, arithmetic.order_solution),
    "compare": Family(arithmetic.compare_problem, arithmetic.compare_solution),
    "remainder": Family(arithmetic.remainder_problem, arithmetic.remainder_solution),
    "equation": Family(algebra.equation_problem, algebra.equation_solution),
    "sequence": Family(sequences.sequence_problem, sequences.sequence_solution),
    "evaluate": Family(arithmetic.evaluate_problem, arithmetic.evaluate_solution),
}
HELD_OUT_FAMILY = "evaluate"
LEVELS = (1, 2, 3, 4, 5)
