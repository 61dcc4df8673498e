"""A verifier's step scores on the samples of one split, turned into a score a sample; and A's Table 4 from them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stepscale.scaling.closed_form import Floats, best_of_n_per_problem
from stepscale.scaling.intervals import bootstrap_interval
from stepscale.scaling.samples import SampleGrid, sample_grid
from stepscale.verifiers.aggregation import HOWS, NEUTRALS, aggregate


@dataclass(frozen=True)
class Scored:
    """Samples with scores. ``scores``: by verifier [problems, samples]. ``steps``: the PRM's step scores, a row a solution."""

    grid: SampleGrid
    levels: tuple[int, ...]
    scores: dict[str, Floats]
    steps: pd.DataFrame


def score_samples(
    problems: pd.DataFrame, split: str, solutions: pd.DataFrame, prm_scores: pd.DataFrame, orm_scores: pd.DataFrame
) -> Scored:
    """The samples of a split: PRM by product, neutral as positive (A, F); ORM by its last token (A, 2.5)."""
    chosen = problems[problems["split"] == split]
    inside = solutions["problem_id"].isin(set(chosen["problem_id"])).to_numpy()
    samples, steps, outcome = (table[inside] for table in (solutions, prm_scores, orm_scores))
    grid = sample_grid(chosen, samples)
    scores = {
        "prm": grid.place(aggregate(list(steps["negative"]), list(steps["neutral"]), "product")),
        "orm": grid.place(aggregate(list(outcome["negative"]), list(outcome["neutral"]), "last")),
    }
    if samples["mean_logprob"].notna().all():
        scores["mean_logprob"] = grid.place(samples["mean_logprob"].to_numpy(float))
    levels = tuple(int(level) for level in chosen["level"].fillna(0))
    return Scored(grid, levels, scores, steps)


def scoring_rules(scored: Scored, n: int, resamples: int, seed: int) -> list[dict[str, Any]]:
    """Best-of-n of the PRM under every aggregation and reading of neutral (A, Table 4)."""
    rows = []
    for how in HOWS:
        for neutral_is in NEUTRALS:
            scores = aggregate(list(scored.steps["negative"]), list(scored.steps["neutral"]), how, neutral_is)
            values = best_of_n_per_problem(scored.grid.place(scores), scored.grid.correct, [n], scored.grid.mask)
            interval = bootstrap_interval(values[:, 0], resamples, seed)
            rows.append(
                {
                    "aggregation": how, "neutral as": neutral_is, "n": n, "accuracy": float(interval.mean),
                    "low": float(interval.low), "high": float(interval.high), "n_problems": len(values), "seeds": 1,
                }
            )  # fmt: skip
    return rows


def chosen_by(scored: Scored, verifier: str) -> np.ndarray:
    """Column of the best-scored sample of each problem [problems]; -1 where none is answered."""
    values = np.where(scored.grid.mask, scored.scores[verifier], -np.inf)
    return np.where(scored.grid.mask.any(axis=1), values.argmax(axis=1), -1)
