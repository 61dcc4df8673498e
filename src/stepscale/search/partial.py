"""An unfinished solution, as the methods that grow solutions step by step see it."""

from dataclasses import dataclass, replace

from stepscale.search.results import Finish
from stepscale.search.scoring import SolutionScore


@dataclass(frozen=True)
class PartialSolution:
    """An open or ended solution.

    Attributes:
        owner: Index of its problem.
        slot: 0..N-1 among the solutions of its problem.
        prompt: Token ids of the prompt.
        tokens: Those that follow.
        steps: Texts of its steps.
        step_ends: Index into ``tokens`` of each step's last token.
        length: Tokens of the model's own, as the limit counts them.
        logprob: Sum of the tokens' log-likelihoods (nats); None where the generator does not tell them.
        certainties: As in ``Candidate``.
        finish: How it ended; None while it is open.
        scored: Scores of its own steps.
        rank: The score that orders solutions, after lookahead, to 6 digits.
    """

    owner: int
    slot: int
    prompt: tuple[int, ...]
    tokens: tuple[int, ...] = ()
    steps: tuple[str, ...] = ()
    step_ends: tuple[int, ...] = ()
    length: int = 0
    logprob: float | None = 0.0
    certainties: tuple[float, ...] = ()
    finish: Finish | None = None
    scored: SolutionScore | None = None
    rank: float = 0.0

    @property
    def prefix(self) -> tuple[int, ...]:
        """Token ids of the prompt and of what was drawn."""
        return self.prompt + self.tokens

    def copied_to(self, slot: int) -> "PartialSolution":
        """The same in another slot; if it is open, its score is that of the steps to come.

        Args:
            slot: Among the solutions of its problem, from 0.

        Returns:
            The copy. An ended solution keeps its scores; an open one has none.
        """
        return replace(self, slot=slot) if self.finish else replace(self, slot=slot, scored=None, rank=0.0)
