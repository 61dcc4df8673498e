"""Entropic particle filtering (Giannone et al. 2025, arXiv 2510.05825): a filter that does not settle too early.

A PRM that is sure of a wrong beginning takes all particles there in the first rounds. So the temperature is raised to N /
effective size x (1 - progress) while few particles hold the weight (effective sample size below ``threshold`` x N) and the
search is young. It falls back to the configured temperature as the search proceeds. Progress is the share of ``rounds`` that
are over, so ``rounds``
should be near to the steps that solutions have. The paper's second part, weights that look ahead, is left out.
"""

from typing import Literal

from pydantic import Field

from stepscale.estimators.arrays import Floats
from stepscale.search.particles import ParticleMethod
from stepscale.search.resampling import effective_size, odds_weights


class EntropicParticleFiltering(ParticleMethod):
    """Particle filtering with an annealed temperature."""

    method: Literal["entropic_particle_filtering"] = "entropic_particle_filtering"
    threshold: float = Field(
        0.5, ge=0, le=1, description="share of N: below it the effective sample size counts as small"
    )
    early: float = Field(0.5, ge=0, le=1, description="share of the rounds in which the temperature may be raised")

    def weights(self, scores: Floats, number: int) -> Floats:
        """Weights as for particle filtering, at the annealed temperature (Giannone et al. 2025).

        Args:
            scores: P(right) of each particle as aggregated [N], NaN where there is none.
            number: Of the round, from 0.

        Returns:
            Weights [N], which add up to 1.
        """
        weights = super().weights(scores, number)
        share, progress = effective_size(weights) / len(weights), (number + 1) / self.rounds
        if share >= self.threshold or progress >= self.early:
            return weights
        return odds_weights(scores, self.temperature * max(1.0, (1 - progress) / share))
