"""Given scored samples measured whole: every answer selection, policies by difficulty, claims of both papers.

Problems, samples and their scores in; tables by name and claims out. No model is needed.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.quantities import Quantity
from stepscale.estimators.voting import Vote
from stepscale.parameters import ReportBlock, SearchBlock
from stepscale.report.claims import Claim, settle
from stepscale.studies.best_of_n.aggregates import SplitScores, rows_of_samples, score_samples
from stepscale.studies.best_of_n.claims import joined
from stepscale.studies.best_of_n.confidences import is_confidence
from stepscale.studies.best_of_n.leads import shows_growth
from stepscale.studies.difficulty.kinds import agreement_with_oracle
from stepscale.studies.rollouts.claims import b9_quantities
from stepscale.studies.samples.aggregations import Values, b8_of, lead_rows, verifier_accuracies
from stepscale.studies.samples.calibration import calibration_rows
from stepscale.studies.samples.online import online_rows
from stepscale.studies.samples.optimal import (
    MIN_PROBLEMS_FOR_BINS,
    ORACLE,
    PREDICTED,
    SAMPLES,
    Optimal,
    chosen_rows,
    difficulty,
    savings_rows,
)
from stepscale.studies.samples.policies import mean_tokens, policies
from stepscale.studies.samples.ruled import ruled_votes
from stepscale.studies.samples.scored_selections import (
    BEST,
    WEIGHTED,
    ScoredSelection,
    Scores,
    scores_by_aggregation,
    selection_rows,
    votes_of_selections,
)
from stepscale.studies.samples.searches_of_others import search_rows
from stepscale.studies.samples.stopping import stopping_rows
from stepscale.studies.strategies.policies import doublings_saved

logger = logging.getLogger(__name__)
Quantities = dict[str, Quantity]


@dataclass(frozen=True)
class ScoredSamples:
    """Given samples and the scores of all verifiers.

    Attributes:
        scored: Verdicts, answers and step scores on a grid [problems, samples].
        scores: Of each verifier [problems, samples], by aggregation.
        step_scores: The scores table of verifiers that judge steps.
        tokens: Mean tokens per sample of each problem [problems]; None where they are not counted.
    """

    scored: SplitScores
    scores: dict[str, Scores]
    step_scores: pd.DataFrame
    tokens: Floats | None


def score_given(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    orm_scores: pd.DataFrame,
    config: ReportBlock,
    search: SearchBlock,
) -> ScoredSamples:
    """The graded samples with their scores, on a grid.

    Args:
        problems: Of the samples.
        solutions: The samples, graded.
        prm_scores: Of verifiers that judge steps.
        orm_scores: Of verifiers that gave each solution one number.
        config: The rule by which step scores become a solution's.
        search: Grading rules, and the places of given samples.
    """
    places, rules = search.given_samples.places if search.given_samples else None, search.grading_rules
    scored = score_samples(
        problems, "test", solutions, prm_scores, orm_scores, places, config.score_aggregation, rules, config.votes
    )
    scores = all_scores(scored, solutions, orm_scores)
    return ScoredSamples(scored, scores, prm_scores, mean_tokens(solutions, scored.grid.ids))


def measure_samples(
    samples: ScoredSamples, step_labels: pd.DataFrame, searches: pd.DataFrame, config: ReportBlock, seed: int
) -> dict[str, Any]:
    """All tables and claims that the samples and their scores allow.

    Args:
        samples: With their scores.
        step_labels: Labels of the samples' steps, if there are any.
        searches: Results of given searches on the same problems, if there are any.
        config: Budgets and bootstrap resamples.
        seed: Of the run.

    Returns:
        ``tables`` by name, each where it can be measured, and ``claims``: B3, B8 and B9, where the samples settle them.
    """
    scored, scores = samples.scored, samples.scores
    ns = [n for n in config.budgets if n <= scored.grid.mask.shape[1]]
    votes = votes_of_selections(scored.grid, scores, ns)
    confidences = {name: values for name, values in scored.scores.items() if is_confidence(name)}
    ruled = ruled_votes(scored.grid, scores, confidences, ns, config.votes)
    by_verifier = {}
    if len(scored.grid.ids) >= MIN_PROBLEMS_FOR_BINS:
        by_verifier = policies(scored.grid, scores, votes, ns, samples.tokens, config.bootstrap, seed)
    else:
        too_few = "%d problems are too few for policies by difficulty, which need %d"
        logger.warning(too_few, len(scored.grid.ids), MIN_PROBLEMS_FOR_BINS)
    rules = _rules(scored, votes, ns)
    tables = {
        "ways": selection_rows(votes | ruled, ns, config.bootstrap, seed),
        "rule_leads": _joined(
            lead_rows(name, accuracies, max(ns), config.bootstrap, seed) for name, accuracies in rules.items()
        ),
        **policy_tables(by_verifier, samples, config, seed),
        "step_calibration": calibration_rows(step_labels, samples.step_scores, config.bootstrap, seed),
        "searches": search_rows(searches, scored.grid.ids, votes, by_verifier, ns, config.bootstrap, seed),
    }
    claims = _claims(scored, votes, by_verifier, rules, ns, config.bootstrap, seed)
    return {"tables": {name: table for name, table in tables.items() if len(table)}, "claims": claims}


def all_scores(scored: SplitScores, solutions: pd.DataFrame, orm_scores: pd.DataFrame) -> dict[str, Scores]:
    """The scores of each verifier by aggregation.

    Args:
        scored: Scored samples.
        solutions: The samples among all solutions.
        orm_scores: Of the ORM.
    """
    samples = solutions[solutions["problem_id"].isin(set(scored.grid.ids))]
    scores = {name: scores_by_aggregation(scored.grid, rows, of_steps=True) for name, rows in scored.steps.items()}
    for name in orm_scores["verifier"].unique():
        rows = rows_of_samples(orm_scores, samples, name)
        scores[name] = scores_by_aggregation(scored.grid, rows, of_steps=False)
    return scores


def policy_tables(
    by_verifier: Mapping[str, Optimal], samples: ScoredSamples, config: ReportBlock, seed: int
) -> dict[str, pd.DataFrame]:
    """Tables of curves, savings, choices, agreement, online policy and stopping rules, with a column ``verifier``.

    Args:
        by_verifier: Policies by verifier.
        samples: The samples with their scores.
        config: Budgets and resamples.
        seed: Decides the resamples.
    """
    resamples, grid = config.bootstrap, samples.scored.grid
    tables: dict[str, list[pd.DataFrame]] = {}
    for name, policy in by_verifier.items():
        scores = samples.scores[name]
        parts = {
            "policy_curves": _curve_rows(policy),
            "policy_savings": savings_rows(policy),
            "policy_choices": chosen_rows(policy),
            "difficulty_agreement": agreement_with_oracle(difficulty(grid, scores), grid.ids, resamples, seed),
            "online": online_rows(grid, scores, policy, resamples, seed),
            **stopping_rows(grid, scores, name, policy.results, samples.tokens, resamples, seed),
        }
        for table, rows in parts.items():
            tables.setdefault(table, []).append(rows.assign(verifier=name))
    return {table: _joined(parts) for table, parts in tables.items()}


def _curve_rows(optimal: Optimal) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {"n": curve.x, "accuracy": curve.accuracy, "low": curve.interval.low, "high": curve.interval.high}
        ).assign(unit=unit, label=label, n_problems=len(optimal.results.ids))
        for (unit, label), curve in optimal.curves.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _rules(
    scored: SplitScores, votes: Mapping[ScoredSelection, Vote], ns: Sequence[int]
) -> dict[str, dict[str, Values]]:
    """By verifier that judges steps, by method: accuracy [problems] under each rule at the largest N."""
    largest = int(np.argmax(ns))
    return {
        name: {
            method: verifier_accuracies(scored, votes, name, method, max(ns), largest) for method in (BEST, WEIGHTED)
        }
        for name in scored.steps
    }


def _claims(
    scored: SplitScores,
    votes: Mapping[ScoredSelection, Vote],
    by_verifier: Mapping[str, Optimal],
    rules: Mapping[str, Mapping[str, Values]],
    ns: Sequence[int],
    resamples: int,
    seed: int,
) -> list[Claim]:
    """B3 of all verifiers; B8 and B9 of those without a class for neutral steps, such as soft-label PRMs."""
    soft = [name for name in scored.prms() if name in scored.steps and not scored.has_neutral(name)]
    outcome = [name for name in scored.orms() if ScoredSelection(WEIGHTED, name, "last") in votes]
    parts: dict[str, dict[str, Quantities]] = {
        "B3": {name: _b3(policy) for name, policy in by_verifier.items() if policy.baseline != "majority"},
        "B8": {name: b8_of(rules[name][WEIGHTED], resamples, seed) for name in soft},
        "B9": {
            f"{prm} - {orm}": b9_quantities(_weighted(votes, prm), _weighted(votes, orm), ns, resamples, seed)
            for prm in soft
            for orm in outcome
            if shows_growth(ns)
        },
    }
    named = {claim: joined(quantities) for claim, quantities in parts.items()}
    return [settle(claim, quantities, seeds=1) for claim, quantities in named.items() if quantities]


def _b3(optimal: Optimal) -> Quantities:
    """How many doublings of samples either policy by difficulty saves against the weighted vote."""
    baseline, n_problems = optimal.curves[SAMPLES, optimal.baseline], len(optimal.results.ids)
    return {
        f"log2 of the times fewer samples than the weighted vote, {policy}": doublings_saved(
            baseline, optimal.curves[SAMPLES, policy], optimal.results.budgets, n_problems
        )
        for policy in (ORACLE, PREDICTED)
    }


def _weighted(votes: Mapping[ScoredSelection, Vote], verifier: str) -> Floats:
    return votes[ScoredSelection(WEIGHTED, verifier, "last")].per_problem


def _joined(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()
