"""Are two final answers equal? Safe, fast, exact.

``extract_answer`` finds the final answer in a solution's text. ``is_equivalent`` and ``grade_many`` compare answers by the
papers' strict rules (``"prm800k"``) or the Math-Verify library's (``"lenient"``, or ``Lenient(...)`` for its options).
docs/grading.md tells the rules, the measured agreement and what each limit costs. Importing this package loads no
mathematics library.
"""

from stepscale.grading.api import grade_many, is_equivalent
from stepscale.grading.extract import extract_answer
from stepscale.grading.rules import Lenient, Rules

__all__ = ["Lenient", "Rules", "extract_answer", "grade_many", "is_equivalent"]
