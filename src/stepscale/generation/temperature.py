"""The allowed temperatures: 0, which is greedy, or a range in which numbers stay finite and text stays readable.

Just above 0 the quotients overflow; far above 1 every token is as likely as any other, which is surely a typing error.
"""

from typing import Annotated

from pydantic import AfterValidator

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.001, 10.0
TEMPERATURE_RULE = f"must be 0 (greedy) or {MIN_TEMPERATURE:g} to {MAX_TEMPERATURE:g}"


def can_be_drawn_at(temperature: float) -> bool:
    """Whether it is 0 or within the bounds.

    Args:
        temperature: A number.
    """
    return temperature == 0 or MIN_TEMPERATURE <= temperature <= MAX_TEMPERATURE


def _checked(temperature: float) -> float:
    if not can_be_drawn_at(temperature):
        raise ValueError(TEMPERATURE_RULE)
    return temperature


Temperature = Annotated[float, AfterValidator(_checked)]
"""A temperature as settings give it."""
