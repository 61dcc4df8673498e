"""Verifiers' step scores on the samples of one split, turned into a score a sample; and A's Table 4 from them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.closed_form import Floats, best_of_n_per_problem
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.estimators.samples import SampleGrid, sample_grid
from stepscale.grading import Rules
from stepscale.verifiers.aggregation import HOWS, NEUTRALS, Rule, aggregate

PRODUCT: Rule = ("product", "positive")  # the rule of Lightman et al. 2023, F


@dataclass(frozen=True)
class Scored:
    """Samples with scores.

    ``scores``: by verifier [problems, samples]. ``steps``: step scores of the PRM ("prm", else the first verifier that judges
    steps), a row a sample, None if none does. ``levels``: of the problems, 0 where it is not known.
    """

    grid: SampleGrid
    levels: tuple[int, ...]
    scores: dict[str, Floats]
    steps: pd.DataFrame | None

    @property
    def has_neutral(self) -> bool:
        """Whether the PRM gives any step a chance of being neutral: soft and two-class ones do not."""
        return self.steps is not None and bool(self.steps["neutral"].map(np.any).any())


def score_samples(
    problems: pd.DataFrame,
    split: str,
    solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    orm_scores: pd.DataFrame,
    places: int | None = None,
    rule: Rule = PRODUCT,
    grading_rules: Rules = "prm800k",
) -> Scored:
    """The samples of a split: PRMs by ``rule`` (A, F: product, neutral as positive); ORMs by their last token (A, 2.5).

    Each table of scores may hold several verifiers, or none. ``places``: as `sample_grid` takes it. Raises InputError if
    a verifier left out an answered sample.
    """
    chosen = problems[problems["split"] == split]
    samples = solutions[solutions["problem_id"].isin(set(chosen["problem_id"]))]
    grid = sample_grid(chosen, samples, places, grading_rules)
    steps = {name: _of_samples(prm_scores, samples, name) for name in prm_scores["verifier"].unique()}
    scores = {
        name: grid.place(aggregate(list(rows["negative"]), list(rows["neutral"]), *rule))
        for name, rows in steps.items()
    }
    for name in orm_scores["verifier"].unique():
        scores[name] = grid.place(_outcome(_of_samples(orm_scores, samples, name)))
    if len(samples) and samples["mean_logprob"].notna().all():
        scores["mean_logprob"] = grid.place(samples["mean_logprob"].to_numpy(float))
    levels = tuple(int(level) for level in chosen["level"].fillna(0))
    return Scored(grid, levels, scores, steps.get("prm", next(iter(steps.values()), None)))


def _of_samples(scores: pd.DataFrame, samples: pd.DataFrame, verifier: str) -> pd.DataFrame:
    """The verifier's scores, a row a sample in their order; no steps where an unanswered sample has none."""
    key = ["problem_id", "sample_id"]
    rows = scores[scores["verifier"] == verifier].set_index(key).reindex(pd.MultiIndex.from_frame(samples[key]))
    absent = rows["negative"].isna().to_numpy()
    if (absent & samples["answer"].notna().to_numpy()).any():
        raise InputError(f"verifier {verifier!r} scored {int((~absent).sum())} of {len(rows)} samples; score them all")
    if "reward" in rows:
        rows["reward"] = rows["reward"].mask(absent, 0.0)
    for column in ("negative", "neutral"):
        rows[column] = [[] if gone else cell for gone, cell in zip(absent, rows[column], strict=True)]
    return rows


def _outcome(rows: pd.DataFrame) -> Floats:
    """One number a sample: the reward itself where it is known, for its probability may round to 0 or 1."""
    if "reward" in rows and rows["reward"].notna().all():
        return np.asarray(rows["reward"].to_numpy(float))
    return aggregate(list(rows["negative"]), list(rows["neutral"]), "last")


def scoring_rules(scored: Scored, n: int, resamples: int, seed: int) -> list[dict[str, Any]]:
    """Best-of-n of the PRM under every aggregation and reading of neutral, if it has one (A, Table 4); nothing without a PRM."""
    rows: list[dict[str, Any]] = []
    if scored.steps is None:
        return rows
    for how in HOWS:
        for neutral_is in NEUTRALS if scored.has_neutral else NEUTRALS[:1]:
            scores = aggregate(list(scored.steps["negative"]), list(scored.steps["neutral"]), how, neutral_is)
            values = best_of_n_per_problem(scored.grid.place(scores), scored.grid.correct, [n], scored.grid.mask)
            interval = bootstrap_interval(values[:, 0], resamples, seed)
            rows.append(
                {
                    "aggregation": how,
                    "neutral as": neutral_is,
                    "n": n,
                    "accuracy": float(interval.mean),
                    "low": float(interval.low),
                    "high": float(interval.high),
                    "n_problems": len(values),
                    "seeds": 1,
                }
            )
    return rows


def chosen_by(scored: Scored, verifier: str) -> np.ndarray:
    """Column of the best-scored sample of each problem [problems]; -1 where none is answered."""
    values = np.where(scored.grid.mask, scored.scores[verifier], -np.inf)
    return np.where(scored.grid.mask.any(axis=1), values.argmax(axis=1), -1)
