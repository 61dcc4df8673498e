"""Votes by a rule among N given samples, as further answer selections."""

from collections.abc import Mapping, Sequence

import numpy as np

from stepscale.estimators.arrays import Floats
from stepscale.estimators.closed_form import best_of_n_per_problem
from stepscale.estimators.samples import SampleGrid
from stepscale.estimators.vote_rules import VoteRule
from stepscale.estimators.voting import Vote, ruled_per_problem
from stepscale.studies.samples.scored_selections import BEST, ScoredSelection, Scores

OF_TOKENS = "tokens"
"""The aggregation of a generator's own confidence: it is one of tokens, not of steps."""


def ruled_votes(
    grid: SampleGrid,
    scores: Mapping[str, Scores],
    confidences: Mapping[str, Floats],
    ns: Sequence[int],
    rules: Sequence[VoteRule],
    seed: int = 0,
) -> dict[ScoredSelection, Vote]:
    """Expected accuracy at ``ns`` samples of each rule by each judge that it takes, and of best-of-N by confidence.

    Args:
        grid: The samples.
        scores: By verifier, by aggregation.
        confidences: The generator's own, by name (``studies.best_of_n.confidences``).
        ns: Budgets in samples per problem.
        rules: The rules.
        seed: Decides the random orders of votes.
    """
    exact = np.zeros(len(ns))
    votes = {
        ScoredSelection(BEST, name, OF_TOKENS): Vote(best_of_n_per_problem(values, grid.correct, ns, grid.mask), exact)
        for name, values in confidences.items()
    }
    judged = {
        (name, aggregation): values
        for name, of_verifier in scores.items()
        for aggregation, values in of_verifier.items()
    }
    for rule in rules:
        by_tokens = {(rule.judge, OF_TOKENS): confidences[rule.judge]} if rule.judge in confidences else {}
        for (name, aggregation), values in (judged if rule.by == "score" else by_tokens).items():
            if rule.takes(values[grid.mask]):
                vote = ruled_per_problem(grid.answers, values, grid.correct, ns, rule.tally, grid.mask, seed)
                votes[ScoredSelection(rule.name, name, aggregation)] = vote
    return votes
