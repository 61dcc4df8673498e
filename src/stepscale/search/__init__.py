"""Search methods: N generations spent on a problem (Snell et al. 2024, 5). docs/search.md describes them.

``solve`` is the shortest way; ``search`` runs many problems at once.
"""

from stepscale.search.beam import Beam, TreeMethod
from stepscale.search.best_of_n import BestOfN, Majority, Weighted
from stepscale.search.dvts import Dvts
from stepscale.search.entropic import EntropicParticleFiltering
from stepscale.search.lookahead import Lookahead
from stepscale.search.method import SearchMethod
from stepscale.search.methods import SearchOptions, read_options, search
from stepscale.search.particles import ParticleFiltering
from stepscale.search.results import Candidate, Problem, SearchResult
from stepscale.search.solving import Answer, solve
from stepscale.search.speculative_rejection import SpeculativeRejection
from stepscale.search.vote import RuledVote
from stepscale.time_limit import time_limit

__all__ = [
    "Answer",
    "Beam",
    "BestOfN",
    "Candidate",
    "Dvts",
    "EntropicParticleFiltering",
    "Lookahead",
    "Majority",
    "ParticleFiltering",
    "Problem",
    "RuledVote",
    "SearchMethod",
    "SearchOptions",
    "SearchResult",
    "SpeculativeRejection",
    "TreeMethod",
    "Weighted",
    "read_options",
    "search",
    "solve",
    "time_limit",
]
