"""How much a model had to compute, for the ledger: tokens passed through it, and what each of them attended to."""

from dataclasses import dataclass


@dataclass
class Computed:
    """How much a model had to compute.

    Attributes:
        tokens: Passed through the model.
        context_sum: The sum over these tokens of the tokens each attended to, itself included.
    """

    tokens: int = 0
    context_sum: int = 0

    def add(self, start: int, stop: int) -> None:
        """Count tokens of a sequence.

        Args:
            start: Position of the first.
            stop: The position after the last.
        """
        self.tokens += stop - start
        self.context_sum += (stop * (stop + 1) - start * (start + 1)) // 2

    def add_all(self, added: "Computed") -> None:
        """Add another count to this one.

        Args:
            added: The other count; it stays as it is.
        """
        self.tokens += added.tokens
        self.context_sum += added.context_sum
