"""From a file of scored samples to accuracies with intervals: the library's one call.

In: a file, or a folder of tables, in any readable format. Out: a frame with the accuracy of every way to choose among N samples,
and of every policy over them. Answers, verdicts and scores are taken from the file. Missing ones are derived:
answers from the texts, verdicts by grading against the gold answers. No model is needed.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.checking import checked_budgets
from stepscale.estimators.efficiency import efficiency
from stepscale.estimators.online_outcomes import sample_counts_up_to
from stepscale.estimators.samples import SampleGrid, sample_grid
from stepscale.estimators.vote_rules import DEFAULT_RULES, VoteRule
from stepscale.formats import Tables
from stepscale.formats.graded import graded, report_missing, warn_of_places_without_a_sample
from stepscale.formats.recognition import read_samples_of
from stepscale.formats.source_files import Source
from stepscale.grading import Rules
from stepscale.grading.rules import checked as check_rules
from stepscale.studies.best_of_n.aggregates import rows_of_samples
from stepscale.studies.best_of_n.confidences import confidences, left_out
from stepscale.studies.samples.online import online_rows
from stepscale.studies.samples.optimal import (
    MIN_PROBLEMS_FOR_BINS,
    ORACLE,
    PREDICTED,
    SAMPLES,
    TOKENS,
    UNIFORM,
    Optimal,
    chosen_label,
)
from stepscale.studies.samples.policies import mean_tokens, policies, tokens_left_out
from stepscale.studies.samples.ruled import ruled_votes
from stepscale.studies.samples.scored_selections import (
    IN_ORDER,
    ScoredSelection,
    Scores,
    judges_steps,
    scores_by_aggregation,
    selection_rows,
    votes_of_selections,
)

_MEASURED = ("method", "verifier", "aggregation", "n", "accuracy", "low", "high", "n_problems")
COLUMNS = (*_MEASURED, "without_answer", "without_verdict")
CHOSEN = "chosen"
"""The aggregation that the other half of the problems chooses."""
_POLICIES = {ORACLE: "compute_optimal_oracle", PREDICTED: "compute_optimal_predicted", UNIFORM: "uniform"}

logger = logging.getLogger(__name__)


def evaluate(
    path: Source,
    format: str | None = None,
    ns: Sequence[int] | None = None,
    rules: Rules = "prm800k",
    bootstrap: int = 2000,
    seed: int = 0,
    vote_rules: Sequence[VoteRule] = DEFAULT_RULES,
) -> pd.DataFrame:
    """The accuracy of best-of-N, votes and policies by difficulty on a file of samples.

    Verdicts of the file count; a sample without one is graded here. Votes count answers that are equal under ``rules``. A
    verifier of steps is shown under every aggregation (product, min, last, mean; neutral steps as positive), a reward for the
    whole solution as "reward". Only scores within [0, 1] are summed to weighted votes.

    With ten problems or more each verifier also has its policies (Snell et al. 2024, 3.2), all chosen on one half of the
    problems and measured on the other. They choose the aggregation ("chosen"), or the way to choose in each difficulty bin.

    Args:
        path: A file, a folder, a list of them (StrictPRMBench's pools and step scores), or ``hf://owner/name``.
        format: A name of ``stepscale.formats.READABLE_FORMATS``; None: the first whose reader understands the records.
        ns: Budgets in samples per problem, in any order; None: 1, 2, 4, ... and all samples.
        rules: Grading rules, "prm800k" or "lenient".
        bootstrap: Number of bootstrap resamples over problems.
        seed: Decides the resamples, the random orders of votes, and halves.
        vote_rules: Rules for votes, measured where the samples carry what they judge by (``estimators.vote_rules``).

    Returns:
        A row per method, verifier, aggregation and budget n: the expected accuracy, its 95 % interval over problems, the number
        of problems, and the shares of samples ``without_answer`` and ``without_verdict``. Methods are "best_of_n", "weighted",
        "majority", "pass_at_k"; rules for votes by their names; "uniform", "compute_optimal_oracle",
        "compute_optimal_predicted" and "online" (n allowed, probes included). ``attrs`` holds ``format``, both shares,
        ``majority_in_order`` (by n, the vote of the first n samples whose ties go to the first in the file, as published
        figures have it) and ``times_fewer``. The latter has by verifier and policy how many times fewer samples than the
        weighted vote (majority where there is none) with all of them, as [estimate, low, high]. Where the file counts the
        tokens of all samples, ``tokens`` holds what n samples of a problem take, by n, and ``times_fewer_tokens`` is as
        ``times_fewer``. ``left_out`` says which votes the file does not tell, and why.

    Raises:
        InputError: No format fits, the file holds no samples or no verdicts, a verifier left samples out or gave some
            of them a number and others step scores, or a budget or a vote rule is impossible.
    """
    check_rules(rules)
    vote_rules = _checked_rules(vote_rules)
    name, tables = read_samples_of(path, format, rules)
    solutions, grid = _graded_grid(path, tables, rules)
    budgets = _checked_ns(ns, grid.mask.shape[1])
    try:
        scores = _scores(grid, tables.scores, solutions)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    votes = votes_of_selections(grid, scores, budgets, seed)
    in_order = votes.pop(ScoredSelection(IN_ORDER)).per_problem.mean(axis=0)
    ruled = ruled_votes(grid, scores, confidences(grid, solutions, vote_rules), budgets, vote_rules, seed)
    tokens, optimal = mean_tokens(solutions, grid.ids), dict[str, Optimal]()
    parts = [selection_rows(votes | ruled, budgets, bootstrap, seed)]
    if len(grid.ids) >= MIN_PROBLEMS_FOR_BINS:
        optimal = policies(grid, scores, votes, budgets, tokens, bootstrap, seed)
        parts += [
            rows.assign(verifier=verifier) for verifier, rows in _policy_rows(grid, scores, optimal, bootstrap, seed)
        ]
    absent = report_missing(path, solutions)._asdict()
    frame = pd.concat(parts, ignore_index=True).assign(n_problems=len(grid.ids))[list(_MEASURED)].assign(**absent)
    by_n = dict(zip(budgets, map(float, in_order), strict=True))
    unmeasured = (*left_out(set(frame["verifier"].dropna())), *tokens_left_out(solutions))
    if tokens is not None:
        frame.attrs["tokens"] = {n: n * float(tokens.mean()) for n in budgets}
        frame.attrs["times_fewer_tokens"] = _times_fewer(optimal, TOKENS)
    frame.attrs["times_fewer"] = _times_fewer(optimal, SAMPLES)
    frame.attrs.update(format=name, majority_in_order=by_n, left_out=unmeasured, **absent)
    return frame


def _graded_grid(path: Source, tables: Tables, rules: Rules) -> tuple[pd.DataFrame, SampleGrid]:
    """The solutions with their verdicts, and the grid of the problems that have samples."""
    solutions = graded(tables.problems, tables.solutions, rules)
    if solutions["is_correct"].isna().all():
        raise InputError(f"{path}: no sample has a verdict and no problem a gold answer; give one of the two")
    warn_of_places_without_a_sample(path, solutions)
    sampled = tables.problems["problem_id"].isin(set(solutions["problem_id"]))
    if not sampled.all():
        logger.warning("%d of %d problems have no samples and are left out", (~sampled).sum(), len(sampled))
    return solutions, sample_grid(tables.problems[sampled], solutions, rules=rules)


def _checked_ns(ns: Sequence[int] | None, places: int) -> list[int]:
    """The budgets in rising order; of None 1, 2, 4, ... and all samples."""
    budgets = sorted(set(checked_budgets(ns if ns is not None else [*sample_counts_up_to(places), places], places)))
    if not budgets:
        raise InputError("ns is empty; give one budget or more, or None for 1, 2, 4, ... and all samples")
    return budgets


def _checked_rules(vote_rules: Sequence[VoteRule]) -> tuple[VoteRule, ...]:
    try:
        rules = tuple(vote_rules)
    except TypeError:
        rules = (vote_rules,)  # type: ignore[assignment]
    for rule in rules:
        if not isinstance(rule, VoteRule):
            raise InputError(f"vote_rules holds {rule!r:.60}; give a list of rules of stepscale.estimators.vote_rules")
    return rules


def _scores(grid: SampleGrid, scores: pd.DataFrame, solutions: pd.DataFrame) -> dict[str, Scores]:
    """By verifier its scores by aggregation."""
    of_steps = judges_steps(scores)
    return {
        verifier: scores_by_aggregation(grid, rows_of_samples(scores, solutions, verifier), verifier in of_steps)
        for verifier in scores["verifier"].unique()
    }


def _policy_rows(
    grid: SampleGrid, scores: Mapping[str, Scores], optimal: Mapping[str, Optimal], resamples: int, seed: int
) -> Iterator[tuple[str, pd.DataFrame]]:
    """(verifier, rows) of its chosen aggregations, its policies, and the online policy."""
    for verifier, policy in optimal.items():
        method_of_label: dict[str, tuple[str, str | None]] = {
            chosen_label(method): (method, CHOSEN) for method in policy.chosen if len(scores[verifier]) > 1
        }
        method_of_label |= {label: (method, None) for label, method in _POLICIES.items()}
        for label, (method, aggregation) in method_of_label.items():
            curve = policy.curves[SAMPLES, label]
            bounds = {"accuracy": curve.accuracy, "low": curve.interval.low, "high": curve.interval.high}
            budgets = list(policy.results.budgets)
            yield verifier, pd.DataFrame({"method": method, "aggregation": aggregation, "n": budgets, **bounds})
        online = online_rows(grid, scores[verifier], policy, resamples, seed)
        if len(online):
            first = online.drop_duplicates("budget")[["budget", "accuracy", "low", "high"]]
            yield verifier, first.rename(columns={"budget": "n"}).assign(method="online")


def _times_fewer(optimal: Mapping[str, Optimal], unit: str) -> dict[str, dict[str, list[float]]]:
    """By verifier and policy how many times fewer samples or tokens than the baseline with all of them: estimate, low, high."""

    def factor(policy: Optimal, label: str) -> list[float]:
        times = efficiency(policy.curves[unit, policy.baseline], policy.curves[unit, label]).factor
        return [float(times.mean), float(times.low), float(times.high)]

    return {
        verifier: {method: factor(policy, label) for label, method in _POLICIES.items()}
        for verifier, policy in optimal.items()
    }


__all__ = ["COLUMNS", "evaluate"]
