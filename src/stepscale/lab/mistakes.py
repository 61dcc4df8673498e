"""The hand that does the lab's arithmetic, and the mistakes it makes.

The corpus a base model learns from is written by such hands, as text by people is: mostly right, with slips (any
operation, small chance) and with misconceptions (a fixed wrong rule, applied more often than not in some contexts:
6*9=56, a borrow forgotten, a sign lost in a bracket). A generator trained on it knows the rules and errs like its
corpus. Slips scatter; misconceptions agree with one another, so a vote among samples does not repair them.
"""

from dataclasses import dataclass, field
from math import gcd
from random import Random

# One-digit products that are misremembered, and as what.
MISREMEMBERED = {
    (6, 7): 44,
    (6, 8): 46,
    (6, 9): 56,
    (7, 7): 47,
    (7, 8): 54,
    (7, 9): 61,
    (8, 8): 62,
    (8, 9): 74,
    (4, 8): 36,
    (4, 7): 24,
}


@dataclass(frozen=True)
class Habits:
    """Chances (0..1) of each mistake where it can be made. ``slip`` is per operation (four times that for results from 30,
    five times from 100), ``copy`` per line."""

    slip: float = 0.015
    copy: float = 0.012
    product: float = 0.60
    borrow: float = 0.40
    carry: float = 0.30
    double_negative: float = 0.30
    bracket: float = 0.20
    bracket_sign: float = 0.45
    move: float = 0.12
    remainder: float = 0.22
    denominators: float = 0.22


CAREFUL = Habits(*([0.0] * 11))


@dataclass
class Hand:
    """Does elementary operations with the mistakes of ``habits``, drawn from ``rng``."""

    rng: Random
    habits: Habits = field(default_factory=Habits)

    def errs(self, chance: float) -> bool:
        """Whether a mistake of this chance is made now."""
        return self.rng.random() < chance

    def _slipped(self, value: int) -> int:
        larger = 5 if abs(value) >= 100 else 4 if abs(value) >= 30 else 1
        if not self.errs(self.habits.slip * larger):
            return value
        return value + self.rng.choice((-2, -1, 1, 1, 2, 10, -10))

    def add(self, a: int, b: int) -> int:
        """a + b; opposite signs are a subtraction."""
        if (a < 0) != (b < 0) and a and b:
            high, low = max(abs(a), abs(b)), min(abs(a), abs(b))
            size = self._difference(high, low)
            sign = 1 if (a if abs(a) >= abs(b) else b) > 0 else -1
            return self._slipped(sign * size)
        size = abs(a) + abs(b)
        if abs(a) % 10 + abs(b) % 10 >= 12 and self.errs(self.habits.carry):
            size -= 10
        return self._slipped(-size if a < 0 or b < 0 else size)

    def sub(self, a: int, b: int) -> int:
        """a - b; taking away a negative number is where signs get lost."""
        if b < 0 and self.errs(self.habits.double_negative):
            b = -b
        return self.add(a, -b)

    def _difference(self, high: int, low: int) -> int:
        borrow = high % 10 < low % 10 and high >= 10
        return high - low + (10 if borrow and self.errs(self.habits.borrow) else 0)

    def mul(self, a: int, b: int) -> int:
        """a * b; a product beyond the tables uses the tables digit by digit."""
        small, large = sorted((abs(a), abs(b)))
        size = small * large
        key = (min(small % 10, large % 10), max(small % 10, large % 10))
        if small < 10 and key in MISREMEMBERED and self.errs(self.habits.product):
            size += MISREMEMBERED[key] - key[0] * key[1]
        return self._slipped(-size if (a < 0) != (b < 0) else size)

    def mod(self, a: int, m: int) -> int:
        """a mod m in 0..m-1; a long division may be off by one."""
        value = a % m
        if (a < 0 or a >= 4 * m) and self.errs(self.habits.remainder * (1.6 if m >= 8 else 1)):
            value = (value + self.rng.choice((-1, 1))) % m
        return value

    def reduce(self, numerator: int, denominator: int) -> tuple[int, int]:
        """A fraction in lowest terms, denominator positive."""
        shared = gcd(numerator, denominator) * (-1 if denominator < 0 else 1)
        if abs(shared) > 1 and self.errs(self.habits.slip):
            return numerator // shared, denominator
        return numerator // shared, denominator // shared
