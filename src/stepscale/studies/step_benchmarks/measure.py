"""A verifier on published step benchmarks: ProcessBench's F1, PRMBench's PRMScore, Hard2Verify's balanced F1.

In: a verifier and the tables of each benchmark. Out: ``STEP_BENCHMARKS``. A step is called wrong if its P(negative) is above a
threshold. All is measured at 1/2. With ProcessBench at hand all is measured again at the threshold of the greatest F1 on one
part of it. That is held fixed for all other parts and benchmarks (Zheng et al. 2024 choose it on GSM8K). The part that it was
chosen on has no score there. Intervals are over problems, with the threshold held fixed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
import pandas as pd

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.clustered import Bounds, f1_interval, percentiles, problem_resamples
from stepscale.estimators.step_confusion import balanced_accuracy, balanced_f1, confusion, f1, negative_f1, prm_score
from stepscale.formats import Tables
from stepscale.formats.processbench import first_errors
from stepscale.formats.tables import SOLUTION_KEY
from stepscale.studies.step_benchmarks.tables import step_benchmarks
from stepscale.verifiers.contract import Trajectory, Verifier
from stepscale.verifiers.processbench import choose_threshold, predict_first_errors, processbench_score

FIXED, HALF, ALL = "fixed", 0.5, "all"
DIMENSIONS = {
    "simplicity": ("redundency", "circular"),
    "soundness": ("counterfactual", "step_contradiction", "domain_inconsistency", "confidence"),
    "sensitivity": ("missing_condition", "deception", "multi_solutions"),
}
"""PRMBench's classes by dimension, spelled as in its files."""
_NO_ERRORS = "multi_solutions"  # the class whose solutions are all right, scored by F1 alone
Score = Callable[[Floats], Floats]


@dataclass(frozen=True)
class ScoredSolution:
    """A solution with a verifier's scores.

    Attributes:
        problem_id: Of its problem.
        part: Of the benchmark.
        first_error: Its first wrong step, from 0; -1 for none.
        right: Whether each labeled step is right, by place in the solution.
        negative: P(negative) of each step [steps].
    """

    problem_id: str
    part: str
    first_error: int
    right: Mapping[int, bool]
    negative: Floats


def check_part(tables: Tables, choose_on: str) -> None:
    """Check, before hours of scoring, that ProcessBench has the part that a threshold is chosen on.

    Args:
        tables: ProcessBench, as ``formats`` reads it.
        choose_on: The part.

    Raises:
        InputError: It has no such part; the line names those it has.
    """
    _check_part(set(_parts(tables)), choose_on)


def _check_part(parts: set[str], choose_on: str) -> None:
    if choose_on not in parts:
        raise InputError(
            f"choose_on: ProcessBench has no part {choose_on!r} to choose a threshold on; its parts are "
            f"{', '.join(sorted(parts))}"
        )


def _parts(tables: Tables) -> "pd.Series[str]":
    """The part of the benchmark that each solution belongs to [solutions]."""
    solutions = tables.solutions
    if "classification" in solutions:
        return solutions["classification"].fillna(ALL)
    return solutions["problem_id"].map(tables.problems.set_index("problem_id")["subject"]).fillna(ALL)


def score_benchmark(tables: Tables, verifier: Verifier) -> list[ScoredSolution]:
    """The solutions of a benchmark with the verifier's scores, in their order.

    Args:
        tables: As ``formats`` reads the benchmark.
        verifier: The verifier.

    Raises:
        InputError: There is no solution.
    """
    solutions = tables.solutions
    if solutions.empty:
        raise InputError("a step benchmark without solutions; check its path and format")
    problems = tables.problems.set_index("problem_id")
    texts = problems["problem"].loc[solutions["problem_id"]]
    trajectories = [Trajectory(text, tuple(steps)) for text, steps in zip(texts, solutions["steps"], strict=True)]
    scores = verifier.score(trajectories, Ledger())
    rated = tables.step_labels[tables.step_labels["is_chosen"] & tables.step_labels["rating"].notna()]
    labels = {
        key: dict(zip(rows["step"], rows["rating"] >= 0, strict=True)) for key, rows in rated.groupby(SOLUTION_KEY)
    }
    keys = zip(solutions["problem_id"], solutions["sample_id"], strict=True)
    return [
        ScoredSolution(key[0], part, int(first), labels.get(key, {}), np.asarray(score.negative, float))
        for key, part, first, score in zip(keys, _parts(tables), first_errors(tables), scores, strict=True)
    ]


def measure_benchmarks(
    scored: Mapping[str, Sequence[ScoredSolution]], verifier: str, choose_on: str, resamples: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """``STEP_BENCHMARKS`` of one verifier.

    Args:
        scored: By benchmark, as ``score_benchmark`` gives it.
        verifier: Its name.
        choose_on: The part of ProcessBench that a threshold is chosen on.
        resamples: Number of bootstrap resamples over problems.
        seed: Decides the resamples.

    Raises:
        InputError: ProcessBench has no such part.
    """
    rows = []
    for chosen_on, threshold in _thresholds(scored.get("processbench", ()), choose_on).items():
        for benchmark, solutions in scored.items():
            measured = _Measured(solutions, threshold, resamples, seed)
            held_out = {choose_on} if (benchmark, chosen_on) == ("processbench", choose_on) else set[str]()
            for row in _MEASURES[benchmark](measured, held_out):
                rows.append({"benchmark": benchmark, "chosen_on": chosen_on, "threshold": threshold, **row})
    return step_benchmarks(pd.DataFrame(rows).assign(verifier=verifier))


def _thresholds(processbench: Sequence[ScoredSolution], choose_on: str) -> dict[str, float]:
    """By how it was found."""
    if not processbench:
        return {FIXED: HALF}
    _check_part({solution.part for solution in processbench}, choose_on)
    part = [solution for solution in processbench if solution.part == choose_on]
    chosen = choose_threshold(
        [solution.first_error for solution in part], [solution.negative.tolist() for solution in part]
    )
    return {FIXED: HALF, choose_on: chosen}


class _Measured:
    """Solutions at one threshold: rows of metrics, each with its interval over problems."""

    def __init__(self, solutions: Sequence[ScoredSolution], threshold: float, resamples: int, seed: int) -> None:
        self.solutions, self.threshold = solutions, threshold
        self._resamples, self._seed = resamples, seed

    def parts(self) -> list[str]:
        """In the order in which they are met."""
        return list(dict.fromkeys(solution.part for solution in self.solutions))

    def of(self, parts: Sequence[str]) -> "_Measured":
        """The solutions of some ``parts`` alone, at the same threshold."""
        among = [solution.part in parts for solution in self.solutions]
        return _Measured(list(compress(self.solutions, among)), self.threshold, self._resamples, self._seed)

    def first_error_rows(self, part: str) -> Iterator[dict[str, object]]:
        """Rows of ``part``: accuracies on wrong and on right solutions, and ProcessBench's F1."""
        truth = np.array([solution.first_error for solution in self.solutions])
        predicted = predict_first_errors([solution.negative.tolist() for solution in self.solutions], self.threshold)
        score, hit, wrong = processbench_score(truth, predicted), truth == predicted, truth >= 0
        owners = problem_resamples([solution.problem_id for solution in self.solutions], self._resamples, self._seed)
        unknown = float("nan"), float("nan")
        yield self._row(part, "error accuracy", score.error, unknown)
        yield self._row(part, "correct accuracy", score.correct, unknown)
        yield self._row(part, "F1", score.f1, f1_interval(owners, hit, wrong))

    def step_rows(self, part: str, scores: Mapping[str, Score]) -> Iterator[dict[str, object]]:
        """Rows of ``part``: the ``scores``, by metric, of all labeled steps together."""
        items = [
            (solution.problem_id, right, solution.negative[step] <= self.threshold)
            for solution in self.solutions
            for step, right in solution.right.items()
        ]
        yield from self._confusion_rows(part, items, scores)

    def solution_rows(self, part: str, scores: Mapping[str, Score]) -> Iterator[dict[str, object]]:
        """Rows of ``part``: the ``scores``, by metric, of whole solutions, right if all steps are, accepted if all steps are."""
        items = [
            (solution.problem_id, solution.first_error < 0, bool((solution.negative <= self.threshold).all()))
            for solution in self.solutions
        ]
        yield from self._confusion_rows(part, items, scores)

    def mean_row(self, part: str, metric: str, values: Sequence[float]) -> dict[str, object]:
        """A row of ``part``: the mean of several parts' ``values`` of one metric, without an interval."""
        return self._row(part, metric, float(np.mean(values)), (float("nan"), float("nan")))

    def _confusion_rows(
        self, part: str, items: Sequence[tuple[str, bool, bool]], scores: Mapping[str, Score]
    ) -> Iterator[dict[str, object]]:
        ids, right, accepted = (list(column) for column in zip(*items, strict=True))
        kinds = confusion(right, accepted)
        resampled = problem_resamples(ids, self._resamples, self._seed).sums(kinds)
        for metric, score in scores.items():
            yield self._row(part, metric, float(score(kinds.sum(axis=0))), percentiles(score(resampled)))

    def _row(self, part: str, metric: str, value: float, bounds: Bounds) -> dict[str, object]:
        n_problems = len({solution.problem_id for solution in self.solutions})
        counts = {"n_solutions": len(self.solutions), "n_problems": n_problems}
        return {"part": part, "metric": metric, "value": value, "low": bounds[0], "high": bounds[1], **counts}


def _processbench(measured: _Measured, held_out: set[str]) -> Iterator[dict[str, object]]:
    """F1 by part, and the mean of the parts by which models are ranked."""
    parts = [part for part in measured.parts() if part not in held_out]
    means = []
    for part in parts:
        rows = list(measured.of([part]).first_error_rows(part))
        means.append(float(str(rows[-1]["value"])))
        yield from rows
    if parts:
        yield measured.of(parts).mean_row(ALL, "mean F1", means)


def _prmbench(measured: _Measured, held_out: set[str]) -> Iterator[dict[str, object]]:
    """PRMScore of all records together, of each class, and the mean of each dimension's classes."""
    yield from measured.step_rows(ALL, {"PRMScore": prm_score, "F1": f1, "negative F1": negative_f1})
    by_class: dict[str, float] = {}
    for name in measured.parts():
        if name != ALL:
            score: Score = f1 if name == _NO_ERRORS else prm_score
            [row] = measured.of([name]).step_rows(name, {"PRMScore": score})
            by_class[name] = float(str(row["value"]))
            yield row
    for dimension, classes in DIMENSIONS.items():
        if set(classes) <= by_class.keys():
            yield measured.of(classes).mean_row(dimension, "mean PRMScore", [by_class[name] for name in classes])


def _hard2verify(measured: _Measured, held_out: set[str]) -> Iterator[dict[str, object]]:
    """Balanced F1 of steps, of whole solutions and of first errors."""
    scores: dict[str, Score] = {"balanced F1": balanced_f1, "balanced accuracy": balanced_accuracy}
    yield from measured.step_rows("steps", scores)
    yield from measured.solution_rows("solutions", scores)
    yield from measured.first_error_rows("first errors")


_MEASURES = {"processbench": _processbench, "prmbench": _prmbench, "hard2verify": _hard2verify}
