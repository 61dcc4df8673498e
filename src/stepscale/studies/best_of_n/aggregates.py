"""Verifiers' step scores on the samples of one split, turned into a score for each sample; and A's Table 4 from them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.closed_form import best_of_n_per_problem
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.estimators.samples import SampleGrid, sample_grid
from stepscale.estimators.vote_rules import VoteRule
from stepscale.formats.graded import AbsentShares, absent_shares
from stepscale.formats.tables import SOLUTION_KEY
from stepscale.grading import Rules
from stepscale.studies.best_of_n.confidences import confidences, is_confidence
from stepscale.studies.best_of_n.tables import SCORING_RULES
from stepscale.verifiers.aggregation import AGGREGATIONS, NEUTRALS, ScoreAggregation, aggregate

PRODUCT = ScoreAggregation("product", "positive")  # that of Lightman et al. 2023, F


@dataclass(frozen=True)
class SplitScores:
    """The samples of one split with the scores of every verifier.

    Attributes:
        grid: Answers and correctness [problems, samples].
        levels: Of the problems, 0 where it is not known.
        subjects: Of the problems, such as a family of the lab; empty where it is not known.
        scores: By verifier, a score per sample [problems, samples].
        steps: By verifier that judges steps, its step scores, a row for each sample.
        absent: Shares of the samples without an answer or a verdict.
    """

    grid: SampleGrid
    levels: tuple[int, ...]
    subjects: tuple[str, ...]
    scores: dict[str, Floats]
    steps: dict[str, pd.DataFrame]
    absent: AbsentShares

    def prms(self) -> tuple[str, ...]:
        """The verifiers that count as PRMs in claims: the run's own, or else all that judge steps."""
        return ("prm",) if "prm" in self.scores else tuple(self.steps)

    def orms(self) -> tuple[str, ...]:
        """The verifiers that count as ORMs in claims: the run's own, or else all that gave each solution one number."""
        judges = (*self.prms(), *self.steps)
        names = tuple(name for name in self.scores if name not in judges and not is_confidence(name))
        return ("orm",) if "orm" in names else names

    def has_neutral(self, verifier: str) -> bool:
        """Whether a verifier gives any step a chance of being neutral. Soft and two-class ones do not.

        Args:
            verifier: Its name.
        """
        return verifier in self.steps and bool(self.steps[verifier]["neutral"].map(np.any).any())


def score_samples(
    problems: pd.DataFrame,
    split: str,
    solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    orm_scores: pd.DataFrame,
    places: int | None = None,
    score_aggregation: ScoreAggregation = PRODUCT,
    grading_rules: Rules = "prm800k",
    votes: Sequence[VoteRule] = (),
) -> SplitScores:
    """The samples of a split with a score from every verifier: PRMs by an aggregation, ORMs by their last token (A, 2.5).

    The generator's own confidence is among the scores (``confidences``).

    Args:
        problems: With their splits and reference answers.
        split: Which of them.
        solutions: Graded samples.
        prm_scores: Of verifiers that judge steps; may hold several, or none.
        orm_scores: Of verifiers that gave each solution one number, likewise.
        places: As ``sample_grid`` takes it.
        score_aggregation: How step scores become a solution's, and what neutral counts as (A, F: product, neutral as positive).
        grading_rules: By which answers are equal.
        votes: Rules for votes that look at confidence.

    Raises:
        InputError: A verifier left out an answered sample.
    """
    chosen = problems[problems["split"] == split]
    samples = solutions[solutions["problem_id"].isin(set(chosen["problem_id"]))]
    grid = sample_grid(chosen, samples, places, grading_rules)
    steps = {name: rows_of_samples(prm_scores, samples, name) for name in prm_scores["verifier"].unique()}
    scores = {
        name: grid.place(aggregate(list(rows["negative"]), list(rows["neutral"]), *score_aggregation))
        for name, rows in steps.items()
    }
    for name in orm_scores["verifier"].unique():
        scores[name] = grid.place(_outcome(rows_of_samples(orm_scores, samples, name)))
    scores |= confidences(grid, samples, votes)
    levels = tuple(int(level) for level in chosen["level"].fillna(0))
    subjects = tuple(chosen.get("subject", pd.Series("", index=chosen.index)).fillna("").astype(str))
    return SplitScores(grid, levels, subjects, scores, steps, absent_shares(samples))


def rows_of_samples(scores: pd.DataFrame, samples: pd.DataFrame, verifier: str) -> pd.DataFrame:
    """The verifier's scores, a row for each sample in their order; an empty list of steps for a sample without steps.

    Args:
        scores: Of one or more verifiers.
        samples: The solutions.
        verifier: Whose scores.

    Raises:
        InputError: The verifier left out an answered sample.
    """
    rows = scores[scores["verifier"] == verifier].set_index(SOLUTION_KEY)
    rows = rows.reindex(pd.MultiIndex.from_frame(samples[SOLUTION_KEY]))
    absent = rows["negative"].isna().to_numpy()
    unscored = absent & samples["answer"].notna().to_numpy()
    if unscored.any():
        problem_id, sample_id = rows.index[int(unscored.argmax())]
        raise InputError(
            f"verifier {verifier!r} scored {int((~absent).sum())} of {len(rows)} samples, and not sample {sample_id} of "
            f"{problem_id!r:.80}; score them all, or leave this verifier's scores out"
        )
    if "reward" in rows:
        rows["reward"] = rows["reward"].mask(absent, 0.0)
    for column in ("negative", "neutral"):
        rows[column] = [[] if is_absent else cell for is_absent, cell in zip(absent, rows[column], strict=True)]
    return rows


def _outcome(rows: pd.DataFrame) -> Floats:
    """One number per sample: the reward itself where it is known, since its probability may round to 0 or 1."""
    if "reward" in rows and rows["reward"].notna().all():
        return np.asarray(rows["reward"].to_numpy(float))
    return aggregate(list(rows["negative"]), list(rows["neutral"]), "last")


def scoring_rules(scored: SplitScores, n: int, resamples: int, seed: int) -> pd.DataFrame:
    """Best-of-n of every verifier that judges steps, under every aggregation and reading of neutral steps (A, Table 4).

    Args:
        scored: Samples of one split.
        n: Samples per problem to choose from.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.

    Returns:
        verifier, aggregation, neutral_as, n, accuracy, low, high, n_problems, is_best (of its verifier: the first of equals).
    """
    rows = []
    for verifier, steps in scored.steps.items():
        negative, neutral = list(steps["negative"]), list(steps["neutral"])
        for aggregation in AGGREGATIONS:
            for neutral_is in NEUTRALS if scored.has_neutral(verifier) else NEUTRALS[:1]:
                scores = scored.grid.place(aggregate(negative, neutral, aggregation, neutral_is))
                values = best_of_n_per_problem(scores, scored.grid.correct, [n], scored.grid.mask)[:, 0]
                mean = bootstrap_interval(values, resamples, seed).cells("accuracy")
                rows.append([verifier, aggregation, neutral_is, n, *mean.values(), len(values)])
    table = pd.DataFrame(rows, columns=list(SCORING_RULES.columns)[:-1])
    return table.assign(is_best=~table.sort_values("accuracy", ascending=False, kind="stable").duplicated("verifier"))


def chosen_by(scored: SplitScores, verifier: str) -> np.ndarray:
    """Column of the best-scored sample of each problem [problems]; -1 where none is answered.

    Args:
        scored: Scored samples.
        verifier: Name of the verifier.
    """
    values = np.where(scored.grid.mask, scored.scores[verifier], -np.inf)
    return np.where(scored.grid.mask.any(axis=1), values.argmax(axis=1), -1)
