"""What a result cost: tokens processed by each model, and the FLOPs they stand for.

The unit is one token passed once through one model. ``prefill`` counts prompt and prefix tokens, ``decode`` tokens
that were sampled, ``verify`` tokens a verifier read. A token whose key/value cache is reused is not processed again,
so it is not counted again. FLOPs follow Snell et al. 2024, section 7: 2 P D (P parameters, D tokens). The attention term (4
layers x width x context per token) is kept apart, so it can be added.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Phase = Literal["prefill", "decode", "verify"]


@dataclass
class ModelCost:
    """Counts for one model.

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
        """Count tokens that a model processed.

        Args:
            model: Its name.
            phase: What they were processed for.
            tokens: How many.
            parameters: Of the model, kept from the first call that states them.
            attention_width: Layers x width, likewise.
            context_sum: The sum over these tokens of the tokens each attended to.
            seconds: Wall time that they took.
        """
        cost = self.models.setdefault(model, ModelCost())
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

    def __add__(self, other: "Ledger") -> "Ledger":
        return total([self, other])


def total(ledgers: Iterable[Ledger]) -> Ledger:
    """The sum of several ledgers, model by model.

    Args:
        ledgers: Any number; they stay as they are.
    """
    result = Ledger()
    for ledger in ledgers:
        for name, cost in ledger.models.items():
            for phase in ("prefill", "decode", "verify"):
                result.add(name, phase, getattr(cost, phase), parameters=cost.parameters)
            summed = result.models[name]
            summed.attention_width = summed.attention_width or cost.attention_width
            summed.context_sum += cost.context_sum
            summed.seconds += cost.seconds
    return result
