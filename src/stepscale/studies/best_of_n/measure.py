"""Best-of-N on the recorded samples (Lightman et al. 2023, 3-5): curves, levels, quintiles, scoring rules and claims."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.difficulty import Bins
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.estimators.voting import Vote
from stepscale.formats.tables import curves as checked_curves
from stepscale.labeling.symbolic import label_solutions
from stepscale.parameters import PoolBlock, ReportBlock, SearchBlock
from stepscale.report.claims import Claim, settle
from stepscale.report.part import WorkedExample
from stepscale.studies.best_of_n.aggregates import SplitScores, score_samples, scoring_rules
from stepscale.studies.best_of_n.claims import (
    PAPER_AGGREGATIONS,
    a2_quantities,
    a5_quantities,
    best_of_n_by_aggregation,
    joined,
)
from stepscale.studies.best_of_n.comparison import curves_table, estimates, methods
from stepscale.studies.best_of_n.confidences import is_confidence
from stepscale.studies.best_of_n.leads import (
    a1_quantities,
    deciding_budget,
    leads_at_all_samples,
    leads_by_subject,
    shows_growth,
)
from stepscale.studies.best_of_n.quintiles import a6_quantities, by_quintile, quintiles
from stepscale.studies.best_of_n.worked_examples import choose

COMPARED = {"PRM", "ORM", "Majority"}  # on held-out problems there are the run's own verifiers
MIN_PROBLEMS_FOR_QUINTILES = 5  # quintiles need as many
SplitSamples = Mapping[str, SplitScores]


def score_splits(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    orm_scores: pd.DataFrame,
    config: ReportBlock,
    search: SearchBlock,
) -> SplitSamples:
    """The scored samples by split: "test", and "heldout" where there are such problems.

    Args:
        problems: Problems of all splits.
        solutions: Graded solutions of the test and held-out problems.
        prm_scores: The PRM's step scores.
        orm_scores: The ORM's scores.
        config: How step scores become one score.
        search: The grading rules, and the samples that were given, if any.
    """
    places = search.given_samples.places if search.given_samples else None
    scores, rules = (prm_scores, orm_scores), search.grading_rules
    scored = {
        "test": score_samples(
            problems, "test", solutions, *scores, places, config.score_aggregation, rules, config.votes
        )
    }
    if problems["split"].eq("heldout").any():
        scored["heldout"] = score_samples(
            problems, "heldout", solutions, *scores, None, config.score_aggregation, rules, config.votes
        )
    return scored


def measure_best_of_n(scored: SplitSamples, config: ReportBlock, seed: int) -> dict[str, Any]:
    """Accuracy of every way to choose among N samples.

    Args:
        scored: Scored samples by split.
        config: Budgets and resamples.
        seed: Decides the resamples.

    Returns:
        ``curves``: of the test problems. ``tables`` by name: levels, quintiles, scoring_rules, heldout_curves, each where it
        can be measured. ``claims``: those that the samples settle.
    """
    test, resamples = scored["test"], config.bootstrap
    ns = [n for n in config.budgets if n <= test.grid.mask.shape[1]]
    votes, curves = _curves("test", test, ns, config, seed)
    values = _per_problem(votes)
    measured = {
        "levels": _by_level(test, values, resamples, seed),
        "scoring_rules": scoring_rules(test, max(ns), resamples, seed),
    }
    claims: list[Claim] = []
    if test.prms() + test.orms() and len(test.grid.ids) >= MIN_PROBLEMS_FOR_QUINTILES:
        bins, labels = quintiles(test.grid), [_label(name) for name in test.prms() + test.orms()]
        measured["quintiles"] = by_quintile(bins, votes, [*labels, "Majority"], ns, resamples, seed)
        claims = _claims(test, values, bins, ns, resamples, seed)
        if "heldout" in scored and values.keys() >= COMPARED:
            few = [n for n in ns if n <= scored["heldout"].grid.mask.shape[1]]
            unlike, measured["heldout_curves"] = _curves("heldout", scored["heldout"], few, config, seed)
            of_unlike = _per_problem(unlike)
            beside = leads_at_all_samples(of_unlike, few, resamples, seed)
            beside |= leads_by_subject(of_unlike, few, scored["heldout"].subjects, resamples, seed)
            claims.append(settle("A5", a5_quantities(of_unlike, few, resamples, seed), seeds=1, beside=beside))
    tables = {name: table for name, table in measured.items() if len(table)}
    return {"curves": curves, "tables": tables, "claims": claims}


def choose_worked_examples(
    scored: SplitSamples, problems: pd.DataFrame, solutions: pd.DataFrame, prm_scores: pd.DataFrame, pool: PoolBlock
) -> list[WorkedExample]:
    """Three solutions: a right one the PRM trusts, an error it caught, a wrong one that fooled it; empty without texts.

    Args:
        scored: Scored samples by split.
        problems: Texts by problem_id.
        solutions: With the texts of their steps.
        prm_scores: The PRM's step scores.
        pool: Whether the PRM learned ratings or values.
    """
    if "prm" not in scored["test"].steps or not solutions["steps"].map(len).any():
        return []
    labeler = pool.labeler
    rate = partial(label_solutions, free_text=labeler.free_text) if labeler.kind == "symbolic" else None
    return choose(scored["test"], problems, solutions, prm_scores[prm_scores["verifier"] == "prm"], rate)


def _curves(
    data: str, scored: SplitScores, ns: list[int], config: ReportBlock, seed: int
) -> tuple[dict[str, Vote], pd.DataFrame]:
    """Accuracy of every way to choose among N samples, and the curves."""
    votes = estimates(scored.grid, scored.scores, ns, config.votes)
    errors = {label: vote.error for label, vote in votes.items()}
    values = _per_problem(votes)
    table = curves_table(data, values, ns, config.bootstrap, seed, scored.scores, errors, config.votes)
    return votes, checked_curves(table.assign(**scored.absent._asdict()))


def _per_problem(votes: Mapping[str, Vote]) -> dict[str, Floats]:
    """Accuracy [problems, budgets] of every way to choose."""
    return {label: vote.per_problem for label, vote in votes.items()}


def _claims(
    scored: SplitScores, values: dict[str, Floats], bins: Bins, ns: list[int], resamples: int, seed: int
) -> list[Claim]:
    """A1 and A6 where a PRM and an ORM scored, A1 if there are enough budgets; A2 if a PRM has a class for neutral steps."""
    pairs = {
        f"{prm}, {orm}": {"PRM": values[_label(prm)], "ORM": values[_label(orm)], "Majority": values["Majority"]}
        for prm in scored.prms()
        for orm in scored.orms()
    }
    a1 = {name: a1_quantities(pair, ns, resamples, seed) for name, pair in pairs.items() if shows_growth(ns)}
    beside = {name: leads_at_all_samples(pair, ns, resamples, seed) for name, pair in pairs.items()}
    n = deciding_budget(ns)
    a2 = {
        name: a2_quantities(
            best_of_n_by_aggregation(scored.grid, scored.steps[name], PAPER_AGGREGATIONS, n), resamples, seed
        )
        for name in scored.prms()
        if scored.has_neutral(name)
    }
    a6 = {name: a6_quantities(bins, pair, ns, resamples, seed) for name, pair in pairs.items()}
    parts = {"A6": (a6, {}), "A1": (a1, beside), "A2": (a2, {})}
    return [
        settle(claim, joined(quantities), seeds=1, beside=joined(other_seeds))
        for claim, (quantities, other_seeds) in parts.items()
        if quantities
    ]


def _label(verifier: str) -> str:
    """Best-of-N by a verifier, as labels of curves have it."""
    return next(m.label for m in methods([verifier]) if m.method == "best_of_n" and m.verifier == verifier)


def _by_level(scored: SplitScores, values: dict[str, Floats], resamples: int, seed: int) -> pd.DataFrame:
    """Accuracy by level at the largest budget, and pass@1; no rows where levels are not known."""
    best = [m.label for m in methods(scored.scores) if m.method == "best_of_n" and not is_confidence(str(m.verifier))]
    names = [name for name in ("Majority", *reversed(best), "pass@N (ceiling)") if name in values]
    correct_share = {"pass@1": scored.grid.correct.mean(axis=1)} | {name: values[name][:, -1] for name in names}
    levels = np.asarray(scored.levels)
    rows = [
        {
            "level": level,
            "label": label,
            **bootstrap_interval(accuracy[levels == level], resamples, seed).cells("accuracy"),
            "n_problems": int((levels == level).sum()),
        }
        for level in sorted(set(scored.levels) - {0})
        for label, accuracy in correct_share.items()
    ]
    return pd.DataFrame(rows)
