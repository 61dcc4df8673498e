"""The Verifier contract: score the steps of these prefixes, and tell the tokens spent.

A verifier sees text: a problem and the steps written so far. Its own tokenizer decides the tokens; the position of
each step's last token is recorded as the step is encoded (``engine.encoding``), never searched for afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from stepscale.cost import Ledger

if TYPE_CHECKING:
    from stepscale.engine.encoding import Encoded

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Trajectory:
    """A problem and a solution, which may be unfinished.

    Attributes:
        problem: Its text, or the whole prompt where the generator goes on from earlier attempts.
        steps: Each without its separator.
    """

    problem: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class StepScores:
    """Probabilities at the last token of each step.

    A blank step states nothing. A verifier trained here does not read it, and gives it the score of the step before it (the
    first ones that of the first step that states something).

    For an ORM or a soft-label PRM ``negative`` is 1 - P(the final answer will be right).

    Attributes:
        negative: P(rating -1), float32 [n_steps].
        neutral: P(rating 0), float32 [n_steps]; zeros for two-class verifiers. P(+1) is the rest.
        unread: Steps at the end that did not fit the verifier: ``negative`` is 1 there, and nothing is known of them.
    """

    negative: FloatArray
    neutral: FloatArray
    unread: int = 0


class Verifier(Protocol):
    """A model that scores steps."""

    name: str
    """As tables and ledgers call it."""

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        """Scores of every step of every trajectory, order kept; counts ``verify`` tokens into ``ledger``.

        Args:
            trajectories: Problems with their steps.
            ledger: Where ``verify`` tokens are counted.

        Returns:
            Scores of every step, one object per trajectory.
        """
        ...


class StepReader(Verifier, Protocol):
    """A verifier whose tokens are known: what it reads of a solution, and how large it is."""

    parameters: int

    def encode(self, trajectories: Sequence[Trajectory]) -> "list[Encoded]":
        """Token ids and step ends of every trajectory, as it reads them.

        Args:
            trajectories: Problems with their steps.

        Returns:
            One object per trajectory.
        """
        ...
