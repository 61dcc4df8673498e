"""From a file of scored samples to accuracies with intervals: the library's one call.

In: a file, or a folder of tables, in any readable format. Out: a frame with what every way to choose among N samples reaches.
Everything is taken from the file: answers, verdicts and scores. What it lacks is made from what it has: answers from the texts,
verdicts by grading against the gold answers. No model is needed.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.checking import Floats, checked_budgets
from stepscale.estimators.closed_form import best_of_n_per_problem, pass_at_k_per_problem
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.estimators.online_outcomes import ladder_of
from stepscale.estimators.samples import SampleGrid, sample_grid
from stepscale.estimators.voting import majority_per_problem, weighted_per_problem
from stepscale.formats import READABLE_FORMATS, Tables, read
from stepscale.grading import Rules, extract_answer, grade_many
from stepscale.verifiers.aggregation import HOWS, aggregate

COLUMNS = ("method", "verifier", "aggregation", "n", "accuracy", "low", "high", "n_problems")
_NOTABLE = 0.05  # share of samples without an answer or a verdict above which a warning is due

logger = logging.getLogger(__name__)
Measured = tuple[str, str | None, str | None, Floats]  # method, verifier, aggregation, accuracy [problems, budgets]


def evaluate(
    path: str | Path,
    format: str | None = None,
    ns: Sequence[int] | None = None,
    rules: Rules = "prm800k",
    bootstrap: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """What best-of-N, the weighted vote, the majority vote and pass@k reach on a file of samples.

    Verdicts of the file count; a sample without one is graded here. Votes count answers that are equal under ``rules``. A
    verifier of steps is shown under every aggregation (product, min, last, mean; neutral steps as positive), a reward for the
    whole solution as "reward". Only scores within [0, 1] are summed to weighted votes.

    Args:
        path: A file, a folder of Parquet tables, or ``hf://owner/name``.
        format: A name of ``stepscale.formats.READABLE_FORMATS``; None: the first whose reader understands the records.
        ns: Budgets in samples per problem; None: 1, 2, 4, ... and all samples.
        rules: Grading rules, "prm800k" or "lenient".
        bootstrap: Number of bootstrap resamples over problems.
        seed: Decides the resamples and the random orders of votes.

    Returns:
        A row per method ("best_of_n", "weighted", "majority", "pass_at_k"), verifier, aggregation and budget n: the expected
        accuracy, its 95 % interval over problems and the number of problems. ``attrs`` holds ``format``, and the shares of
        samples ``without_answer`` and ``without_verdict``.

    Raises:
        InputError: No format fits, the file holds no samples or no verdicts, a verifier left samples out, or a budget is
            impossible.
    """
    name, tables = _read(path, format)
    solutions = graded(tables.problems, tables.solutions, rules)
    if solutions["is_correct"].isna().all():
        raise InputError(f"{path}: no sample has a verdict and no problem a gold answer; give one of the two")
    sampled = tables.problems["problem_id"].isin(set(solutions["problem_id"]))
    if not sampled.all():
        logger.warning("%d of %d problems have no samples and are left out", (~sampled).sum(), len(sampled))
    problems = tables.problems[sampled]
    grid = sample_grid(problems, solutions, rules=rules)
    places = grid.mask.shape[1]
    budgets = checked_budgets(ns if ns is not None else sorted({*ladder_of(places), places}), places)
    rows: list[tuple[object, ...]] = []
    for method, verifier, aggregation, accuracy in _measured(grid, solutions, tables.scores, budgets, seed):
        interval = bootstrap_interval(accuracy, bootstrap, seed)
        numbers = zip(budgets, interval.mean, interval.low, interval.high, strict=True)
        rows += [(method, verifier, aggregation, n, *map(float, bounds), len(accuracy)) for n, *bounds in numbers]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame.attrs["format"] = name
    frame.attrs.update(_absent_shares(solutions, path))
    return frame


def graded(problems: pd.DataFrame, solutions: pd.DataFrame, rules: Rules = "prm800k") -> pd.DataFrame:
    """Solutions with ``answer`` and ``is_correct`` filled in where they can be.

    Where no solution has an answer or a verdict, answers are extracted from the texts. A solution cut off at its length limit
    has no answer. An answer without a verdict is graded against the problem's answer, if that is known.

    Args:
        problems: Table with problem_id and answer.
        solutions: Table with problem_id, steps, answer, is_correct and finish.
        rules: Grading rules.

    Returns:
        The same rows; ``is_correct`` is null where there is neither a verdict nor a gold answer.
    """
    answer, verdict = solutions["answer"].astype(object), solutions["is_correct"].astype("boolean")
    if answer.isna().all() and verdict.isna().all():
        answer = pd.Series([extract_answer("\n".join(steps)) for steps in solutions["steps"]], solutions.index, object)
    cut = (solutions["finish"] == "length").fillna(False).to_numpy(bool)
    answer = answer.mask(cut | answer.isna().to_numpy(bool), None)
    gold = solutions["problem_id"].map(problems.set_index("problem_id")["answer"])
    verdict = verdict.mask(cut, False)
    to_grade = (verdict.isna() & answer.notna() & gold.notna()).to_numpy(bool)
    verdicts = grade_many(list(answer[to_grade]), list(gold[to_grade]), rules)
    verdict[to_grade] = pd.array(verdicts, dtype="boolean")
    verdict[(verdict.isna() & answer.isna() & gold.notna()).to_numpy(bool)] = False  # no answer is never right
    return solutions.assign(answer=answer, is_correct=verdict)


def _read(path: str | Path, format: str | None) -> tuple[str, Tables]:
    """The name of the format and the tables, which hold samples."""
    if format is not None:
        tables = read(path, format)
        if tables.solutions.empty:
            raise InputError(f"{path}: it holds no samples; give a file of problems with sampled solutions")
        return format, tables
    if not str(path).startswith("hf://") and not Path(path).exists():
        raise InputError(f"{path}: there is no such file or folder")
    furthest, complaint = 1, ""
    for name in READABLE_FORMATS:
        try:
            tables = read(path, name)
        except InputError as error:
            # a reader that came past the first record has understood it, so its complaint is the one that helps
            place = re.search(r":(\d+): ", str(error))
            if place is not None and int(place[1]) > furthest:
                furthest, complaint = int(place[1]), str(error)
            continue
        if not tables.solutions.empty:
            return name, tables
    raise InputError(
        complaint or f"{path}: no format fits its records; name one with format= ({', '.join(READABLE_FORMATS)})"
    )


def _measured(
    grid: SampleGrid, solutions: pd.DataFrame, scores: pd.DataFrame, ns: Sequence[int], seed: int
) -> Iterator[Measured]:
    for verifier in scores["verifier"].unique():
        for aggregation, values in _solution_scores(scores[scores["verifier"] == verifier], solutions, str(verifier)):
            table = grid.place(values)
            yield "best_of_n", verifier, aggregation, best_of_n_per_problem(table, grid.correct, ns, grid.mask)
            if ((table >= 0) & (table <= 1)).all():
                vote = weighted_per_problem(grid.answers, table, grid.correct, ns, grid.mask, seed)
                yield "weighted", verifier, aggregation, vote.per_problem
    yield "majority", None, None, majority_per_problem(grid.answers, grid.correct, ns, grid.mask, seed).per_problem
    yield "pass_at_k", None, None, pass_at_k_per_problem(grid.correct, ns, grid.mask)


def _solution_scores(scores: pd.DataFrame, solutions: pd.DataFrame, verifier: str) -> Iterator[tuple[str, Floats]]:
    """(aggregation, a score per solution) of one verifier; 0 for a solution without an answer that it left out."""
    key = ["problem_id", "sample_id"]
    rows = scores.set_index(key).reindex(pd.MultiIndex.from_frame(solutions[key]))
    absent = rows["negative"].isna().to_numpy(bool)
    if (absent & solutions["answer"].notna().to_numpy(bool)).any():
        raise InputError(f"verifier {verifier!r} scored {int((~absent).sum())} of {len(rows)} samples; score them all")
    if "reward" in rows and rows["reward"][~absent].notna().all():
        yield "reward", rows["reward"].fillna(0.0).to_numpy(float)
    columns = (rows["negative"], rows["neutral"])
    negative, neutral = ([[] if gone else cell for gone, cell in zip(absent, steps, strict=True)] for steps in columns)
    if max(map(len, negative), default=0) > 1:
        yield from ((how, aggregate(negative, neutral, how)) for how in HOWS)
    elif "reward" not in rows or rows["reward"][~absent].isna().any():
        yield "last", aggregate(negative, neutral, "last")


def _absent_shares(solutions: pd.DataFrame, path: str | Path) -> dict[str, float]:
    """Shares of samples without an answer and without a verdict; notable ones are warned of."""
    shares = {
        "without_answer": float(solutions["answer"].isna().mean()),
        "without_verdict": float(solutions["is_correct"].isna().mean()),
    }
    for name, share in shares.items():
        if share > _NOTABLE:
            kind = name.replace("_", " an " if name == "without_answer" else " a ")
            logger.warning("%s: %.1f %% of the samples are %s; they count as wrong", path, 100 * share, kind)
    return shares


__all__ = ["COLUMNS", "evaluate", "graded"]
