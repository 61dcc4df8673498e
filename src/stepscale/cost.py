"""What a result cost: tokens processed by each model, and the FLOPs they stand for.

The unit is one token passed once through one model. ``prefill`` counts prompt and prefix tokens, ``decode`` tokens
that were sampled, ``verify`` tokens a verifier read. A token whose key/value cache is reused is not processed again,
so it is not counted again. FLOPs follow Snell et al. 2024, section 7: 2 P D (P parameters, D tokens). The attention term (4
layers x width x context per token) is kept apart, so it can be added.
"""

import operator
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from stepscale.errors import InputError, in_short

Phase = Literal["prefill", "decode", "verify"]
_PHASES: tuple[Phase, ...] = get_args(Phase)


@dataclass
class ModelCost:
    """Counts for one model, as Python integers: those of NumPy and of tensors overflow.

    Attributes:
        parameters: P.
        attention_width: Layers x width: 4 x this x context = attention FLOPs of one token.
        prefill: Tokens of prompts and prefixes.
        decode: Tokens that were sampled.
        verify: Tokens that a verifier read.
        context_sum: The sum over processed tokens of the tokens each attended to.
        seconds: Wall time.
    """

    parameters: int = 0
    attention_width: int = 0
    prefill: int = 0
    decode: int = 0
    verify: int = 0
    context_sum: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Take counts of every integer type.

        Raises:
            InputError: A count is no whole number, or the time is no number.
        """
        for name in ("parameters", "attention_width", *_PHASES, "context_sum"):
            setattr(self, name, _whole(getattr(self, name), name))
        self.seconds = _seconds(self.seconds)

    @property
    def tokens(self) -> int:
        """Tokens processed in all."""
        return self.prefill + self.decode + self.verify

    def flops(self, attention: bool = False) -> float:
        """FLOPs of what the model processed: 2 P D (Snell et al. 2024, 7), P its parameters and D its tokens.

        Args:
            attention: Add 4 x layers x width for every pair of tokens of which one attended to the other.
        """
        dense = 2.0 * self.parameters * self.tokens
        return dense + 4.0 * self.attention_width * self.context_sum if attention else dense


@dataclass
class Ledger:
    """The costs of one result, by model name. Ledgers add up with ``+``."""

    models: dict[str, ModelCost] = field(default_factory=dict)

    def add(
        self,
        model: str,
        phase: Phase,
        tokens: int,
        *,
        parameters: int = 0,
        attention_width: int = 0,
        context_sum: int = 0,
        seconds: float = 0.0,
    ) -> None:
        """Count tokens that a model processed. Counts may be of any integer type; a float that is whole, such as 7e9, counts.

        Args:
            model: Its name.
            phase: What they were processed for.
            tokens: How many.
            parameters: Of the model, kept from the first call that states them.
            attention_width: Layers x width, likewise.
            context_sum: The sum over these tokens of the tokens each attended to.
            seconds: Wall time that they took.

        Raises:
            InputError: There is no such phase, a count is no whole number, or the time is no number. Nothing is counted then.
        """
        if phase not in _PHASES:
            raise InputError(f"phase must be one of {', '.join(_PHASES)}, not {in_short(phase)}")
        tokens, context_sum = _whole(tokens, "tokens"), _whole(context_sum, "context_sum")
        parameters = _whole(parameters, "parameters")
        attention_width, seconds = _whole(attention_width, "attention_width"), _seconds(seconds)
        cost = self.models.get(model)
        if cost is None:
            cost = self.models[model] = ModelCost()
        cost.parameters = cost.parameters or parameters
        cost.attention_width = cost.attention_width or attention_width
        setattr(cost, phase, getattr(cost, phase) + tokens)
        cost.context_sum += context_sum
        cost.seconds += seconds

    @property
    def tokens(self) -> int:
        """Tokens processed by all models together."""
        return sum(cost.tokens for cost in self.models.values())

    def flops(self, attention: bool = False) -> float:
        """FLOPs of all models together; see ``ModelCost.flops``.

        Args:
            attention: Add the attention term.
        """
        return sum(cost.flops(attention) for cost in self.models.values())

    def verifier_flops(self) -> float:
        """FLOPs of what verifiers read, 2 P D."""
        return sum(2.0 * cost.parameters * cost.verify for cost in self.models.values())

    def verify_tokens(self) -> int:
        """Tokens that verifiers read."""
        return sum(cost.verify for cost in self.models.values())

    def __add__(self, other: object) -> "Ledger":
        return total([self, other]) if isinstance(other, Ledger) else NotImplemented

    def __radd__(self, other: object) -> "Ledger":
        # the built-in sum begins with 0
        return total([self]) if isinstance(other, int) and other == 0 else NotImplemented


def total(ledgers: Iterable[Ledger]) -> Ledger:
    """The sum of several ledgers, model by model.

    Args:
        ledgers: Any number; they stay as they are.
    """
    result = Ledger()
    for ledger in ledgers:
        for name, cost in ledger.models.items():
            for phase in _PHASES:
                result.add(name, phase, getattr(cost, phase))
            result.add(
                name,
                "prefill",
                0,
                parameters=cost.parameters,
                attention_width=cost.attention_width,
                context_sum=cost.context_sum,
                seconds=cost.seconds,
            )
    return result


def _whole(value: Any, name: str) -> int:
    """A whole number of any type as a Python integer, which cannot overflow."""
    try:
        return operator.index(value)
    except TypeError:
        pass
    if (number := _real(value)) is None or not number.is_integer():
        raise InputError(f"{name} must be a whole number, not {in_short(value)}")
    return int(value)


def _seconds(value: Any) -> float:
    """A time as a Python float: a sum in half or single precision loses what is small."""
    if (number := _real(value)) is None:
        raise InputError(f"seconds must be a number, not {in_short(value)}")
    return number


def _real(value: Any) -> float | None:
    """One number as a float; None for anything else."""
    if isinstance(value, str | bytes) or getattr(value, "ndim", None):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return None
