"""Particle filtering (Puri et al. 2025, arXiv 2502.01618): particles are resampled by their scores, not cut to the best.

After each step N particles are resampled from the present N, with replacement, by the softmax of the log-odds of their PRM
scores over a temperature. Ended particles are resampled too, with the score they ended with, so in the end two slots may hold one
particle: it then votes twice, and was paid for once. A particle cut off at the token limit has weight 0. Once all have ended
nothing is resampled, and the final choice goes by the scores. Budget N, as beam search.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from stepscale.estimators.arrays import Floats
from stepscale.search.growing import GrowingMethod
from stepscale.search.partial import PartialSolution
from stepscale.search.resampling import Scheme, odds_weights, resample


class ParticleMethod(GrowingMethod):
    """Options of the methods that resample N particles per problem."""

    resampling: Scheme = Field("systematic", description="how particles are drawn by their weights")
    temperature: float = Field(
        1.0,
        gt=0,
        allow_inf_nan=False,
        description="of the weights; towards 0 the best takes all, high: all weigh alike",
    )

    def select(self, solutions: Sequence[PartialSolution], number: int, seed: int) -> list[PartialSolution]:
        """N particles drawn from these by their weights.

        Args:
            solutions: All N after a round, in the order of slots.
            number: Of the round, from 0.
            seed: Of the draws.

        Returns:
            N solutions, in the order of slots.
        """
        weights = self.weights(
            np.array([solution.rank if solution.scored else np.nan for solution in solutions]), number
        )
        return [solutions[index].copied_to(slot) for slot, index in enumerate(resample(weights, self.resampling, seed))]

    def weights(self, scores: Floats, number: int) -> Floats:
        """Weights of particles after a round, by the odds of their scores.

        Args:
            scores: P(right) of each particle as aggregated [N].
            number: Of the round, from 0.

        Returns:
            Weights [N], which add up to 1.
        """
        return odds_weights(scores, self.temperature)


class ParticleFiltering(ParticleMethod):
    """Particle filtering at one temperature."""

    method: Literal["particle_filtering"] = "particle_filtering"
