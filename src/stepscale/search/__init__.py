"""Search methods: N generations spent on a problem (Snell et al. 2024, 5). docs/search.md tells them.

``solve`` is the shortest way; ``search`` runs many problems at once.
"""

from stepscale.search.beam import Beam, TreeMethod
from stepscale.search.best_of_n import BestOfN, Majority, Weighted
from stepscale.search.dvts import Dvts
from stepscale.search.lookahead import Lookahead
from stepscale.search.method import SearchMethod
from stepscale.search.methods import SearchOptions, read_options, search
from stepscale.search.results import Candidate, Problem, SearchResult
from stepscale.search.solving import Answer, solve
from stepscale.time_limit import time_limit

__all__ = [
    "Answer",
    "Beam",
    "BestOfN",
    "Candidate",
    "Dvts",
    "Lookahead",
    "Majority",
    "Problem",
    "SearchMethod",
    "SearchOptions",
    "SearchResult",
    "TreeMethod",
    "Weighted",
    "read_options",
    "search",
    "solve",
    "time_limit",
]
