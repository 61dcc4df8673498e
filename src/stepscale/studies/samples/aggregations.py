"""Each verifier's aggregations against each other, paired by problem: what claims A2 and B8 say, for every verifier that
scored steps.

A2 (Lightman et al. 2023, F) is measured by best-of-N, B8 (Snell et al. 2024, E) by the weighted vote, at the largest N.
"""

from collections.abc import Iterator, Mapping

import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.intervals import bootstrap_interval, verdict
from stepscale.estimators.quantities import Quantity
from stepscale.estimators.voting import Vote
from stepscale.studies.best_of_n.aggregates import SplitScores
from stepscale.studies.best_of_n.claims import PAPER_AGGREGATIONS, best_of_n_by_aggregation
from stepscale.studies.rollouts.claims import b8_quantities
from stepscale.studies.samples.scored_selections import BEST, WEIGHTED, ScoredSelection
from stepscale.verifiers.aggregation import AGGREGATIONS, ScoreAggregation

_PRODUCT = ScoreAggregation("product", "positive")
_LAST = ScoreAggregation("last", "positive")
Values = dict[ScoreAggregation, Floats]


def verifier_accuracies(
    scored: SplitScores, votes: Mapping[ScoredSelection, Vote], verifier: str, method: str, n: int, column: int
) -> Values:
    """Accuracy of one verifier under each aggregation at one budget.

    For best-of-N they include those that read neutral steps as negative, if the verifier has a class for such steps.

    Args:
        scored: Scored samples.
        votes: Votes by answer selection.
        verifier: Its name.
        method: "best_of_n" or "weighted".
        n: The budget.
        column: Its number among the budgets of ``votes``.

    Returns:
        Accuracies [problems] by aggregation.
    """
    selections = {aggregation: ScoredSelection(method, verifier, aggregation) for aggregation in AGGREGATIONS}
    values: Values = {
        ScoreAggregation(aggregation, "positive"): votes[selection].per_problem[:, column]
        for aggregation, selection in selections.items()
        if selection in votes
    }
    if method == BEST and scored.has_neutral(verifier):
        values |= best_of_n_by_aggregation(scored.grid, scored.steps[verifier], PAPER_AGGREGATIONS, n)
    return values


def lead_rows(verifier: str, by_method: Mapping[str, Values], n: int, resamples: int, seed: int) -> pd.DataFrame:
    """A row per aggregation that the standard one is compared with: product for best-of-N (A2), last for the weighted vote (B8).

    Args:
        verifier: Its name.
        by_method: Accuracies by aggregation, by method.
        n: The budget.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    rows = []
    for claim, method, standard in (("A2", BEST, _PRODUCT), ("B8", WEIGHTED, _LAST)):
        for rival, lead in _leads(by_method.get(method, {}), standard):
            bounds = bootstrap_interval(lead, resamples, seed)
            named = {"claim": claim, "verifier": verifier, "method": method, "n": n, "rule": _name(standard)}
            compared = {"over": _name(rival), **bounds.cells("difference", "difference_")}
            compared["verdict"] = verdict(float(bounds.low), float(bounds.high), len(lead))
            rows.append(named | compared | {"n_problems": len(lead)})
    return pd.DataFrame(rows)


def b8_of(values: Values, resamples: int, seed: int) -> dict[str, Quantity]:
    """The quantities of claim B8; empty if scores cannot be summed to votes.

    Args:
        values: Accuracies [problems] by aggregation, of the weighted vote.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    return b8_quantities(values, resamples, seed) if values else {}


def _leads(values: Values, standard: ScoreAggregation) -> Iterator[tuple[ScoreAggregation, Floats]]:
    yield from ((rival, values[standard] - of_rival) for rival, of_rival in values.items() if rival != standard)


def _name(score_aggregation: ScoreAggregation) -> str:
    aggregation, neutral_is = score_aggregation
    return aggregation if neutral_is == "positive" else f"{aggregation}, neutral as negative"
