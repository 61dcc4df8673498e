"""The labeler in a verifier's place: what the best possible process reward model would do in the lab."""

from collections.abc import Sequence

import numpy as np

from stepscale.cost import Ledger
from stepscale.formats.ratings import NEGATIVE
from stepscale.lab.labeler import rate_steps
from stepscale.verifiers.contract import StepScores, Trajectory


class SymbolicVerifier:
    """A Verifier that is always right: P(negative) is 1 from the first step that is negative or unreadable, else 0."""

    name = "labeler"

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        """Scores of every step; order kept.

        Args:
            trajectories: Problems with their steps.
            ledger: Unused: it reads no tokens.

        Returns:
            One object per trajectory; 0 or 1 for every step.

        Raises:
            Malformed: A problem is not in the lab's language.
        """
        return [_scores(trajectory) for trajectory in trajectories]


def _scores(trajectory: Trajectory) -> StepScores:
    ratings = rate_steps(trajectory.problem, trajectory.steps)
    right = len(ratings) - (NEGATIVE in ratings)
    negative = (np.arange(len(trajectory.steps)) >= right).astype(np.float32)
    return StepScores(negative, np.zeros_like(negative))
