"""By which rules answers are compared: the names users write, and the options of the lenient ones.

``"prm800k"`` are papers A's and B's strict rules; ``"lenient"`` accepts what the Math-Verify library accepts with its own
defaults; a ``Lenient(...)`` value sets that library's options one by one.
"""

from dataclasses import dataclass
from typing import Literal

from stepscale.errors import InputError


@dataclass(frozen=True, slots=True)
class Lenient:
    """Math-Verify's options, with that library's defaults.

    Attributes:
        float_rounding: Decimal places to which floats are rounded before they are compared.
        strict: False: variables are matched by position, so that f(x) equals f(y).
        allow_set_relation_comp: A relation as prediction may match a set as gold.
        latex: Look for LaTeX in the text.
        expr: Look for plain numbers and expressions in the text.
    """

    float_rounding: int = 6
    strict: bool = True
    allow_set_relation_comp: bool = False
    latex: bool = True
    expr: bool = True


Rules = Literal["prm800k", "lenient"] | Lenient
CheckedRules = Literal["prm800k"] | Lenient


def checked(rules: Rules) -> CheckedRules:
    """The rules with ``"lenient"`` spelled out.

    Args:
        rules: As users write them.

    Returns:
        ``"prm800k"`` or the options.

    Raises:
        InputError: The name is that of no rules.
    """
    if rules == "lenient":
        return Lenient()
    if rules == "prm800k" or isinstance(rules, Lenient):
        return rules
    raise InputError(
        f'rules={rules!r} is not a grading rule: use "prm800k", "lenient" or stepscale.grading.Lenient(...)'
    )
