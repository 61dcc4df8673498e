"""More samples, or judgments of fewer, at equal FLOPs (arXiv 2504.01005).

In: graded samples of test problems, and k judgments of the first of them by a critic. Solving takes N samples and the most
frequent answer. Verifying takes S samples with V judgments each, and the answer of the sample that most judgments pass, or
the vote weighted by that share. FLOPs are 2 P D of both models: a prompt and a question are read once; all tokens written count.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.closed_form import best_of_n_per_problem
from stepscale.estimators.intervals import bootstrap_interval, paired_interval
from stepscale.estimators.samples import SampleGrid, sample_grid
from stepscale.estimators.voting import majority_per_problem, weighted_per_problem
from stepscale.formats.tables import SOLUTION_KEY
from stepscale.parameters.solve_or_verify import SolveOrVerifyBlock
from stepscale.studies.solve_or_verify.claims import quantities
from stepscale.studies.solve_or_verify.tables import GRID, MATCHED

SOLVE, BEST, WEIGHTED = "solve: majority", "verify: most passed", "verify: weighted vote"
_UNREAD = 0.5  # share of a judgment that is not readable


@dataclass(frozen=True)
class Sizes:
    """What FLOPs are reckoned from.

    Attributes:
        generator: Parameters.
        critic: Parameters.
        prompts: The generator's prompt tokens, by problem.
    """

    generator: int
    critic: int
    prompts: dict[str, int]


@dataclass(frozen=True)
class Setting:
    """One way to spend: S samples with V judgments each.

    Attributes:
        label: How the answer is chosen.
        samples: S.
        judgments: V, 0 for none.
        accuracy: Of each problem [problems].
        flops: Of each problem [problems].
    """

    label: str
    samples: int
    judgments: int
    accuracy: Floats
    flops: Floats


def measure(
    solutions: pd.DataFrame,
    judgments: pd.DataFrame,
    sizes: Sizes,
    options: SolveOrVerifyBlock,
    resamples: int,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """The tables of the study.

    Args:
        solutions: Graded samples with tokens, of the judged problems and perhaps others.
        judgments: ``JUDGEMENTS`` of the first samples of each problem.
        sizes: Of both models.
        options: The budgets.
        resamples: Bootstrap resamples of the problems.
        seed: Of the resamples.

    Returns:
        ``grid`` of all settings, ``matched`` at equal FLOPs, and ``quantities``.

    Raises:
        InputError: The samples have no token counts, so that their cost is unknown.
    """
    solved = solve_settings(solutions, judgments, sizes, options.solve, seed)
    verified = verify_settings(solutions, judgments, sizes, options, seed)
    matched = _matched(solved, verified, resamples, seed)
    rows = []
    for setting in (*solved, *verified):
        cells = bootstrap_interval(setting.accuracy, resamples, seed).cells("accuracy")
        key = {"label": setting.label, "samples": setting.samples, "judgments": setting.judgments}
        rows.append({**key, "flops": float(setting.flops.mean()), **cells, "n_problems": len(setting.accuracy)})
    return {
        "grid": pd.DataFrame(rows)[list(GRID.columns)],
        "matched": matched,
        "quantities": quantities(matched, _share_unread(judgments)),
    }


def solve_settings(
    solutions: pd.DataFrame, judgments: pd.DataFrame, sizes: Sizes, budgets: Sequence[int], seed: int
) -> list[Setting]:
    """Majority of N samples, for every N.

    Args:
        solutions: Graded samples.
        judgments: Of the critic; problems without any are left out.
        sizes: Parameters of both models.
        budgets: Every N.
        seed: Decides the random orders of votes.
    """
    ids, samples = _of_judged(solutions, judgments)
    grid = _grid(ids, samples)
    ns = [n for n in budgets if n <= grid.correct.shape[1]]
    accuracy = majority_per_problem(grid.answers, grid.correct, ns, grid.mask, seed).per_problem
    return [Setting(SOLVE, n, 0, accuracy[:, i], _generation(ids, samples, sizes, n)) for i, n in enumerate(ns)]


def verify_settings(
    solutions: pd.DataFrame, judgments: pd.DataFrame, sizes: Sizes, options: SolveOrVerifyBlock, seed: int
) -> list[Setting]:
    """S samples and V judgments, for every S and V, chosen in both ways.

    Args:
        solutions: Graded samples.
        judgments: Of the critic; problems without any are left out.
        sizes: Parameters of both models.
        options: Every S and V.
        seed: Decides the random orders of votes.
    """
    ids, samples = _of_judged(solutions, judgments)
    judged = samples.merge(judgments, on=SOLUTION_KEY, how="inner")
    grid = _grid(ids, judged)
    settings = []
    for v in options.judgments:
        passed = grid.place(judged["verdicts"].map(lambda verdicts, v=v: _share_passed(verdicts[:v])).to_numpy(float))
        critique_tokens = judged["written"].map(lambda tokens, v=v: sum(tokens[:v]))
        of_sample = (judged["question_tokens"] + critique_tokens).groupby(judged["problem_id"]).mean().reindex(ids)
        for s in options.samples:
            cost = _generation(ids, samples, sizes, s) + 2.0 * sizes.critic * s * of_sample.to_numpy(float)
            best = best_of_n_per_problem(passed, grid.correct, [s], grid.mask)[:, 0]
            vote = weighted_per_problem(grid.answers, passed, grid.correct, [s], grid.mask, seed).per_problem[:, 0]
            settings += [Setting(BEST, s, v, best, cost), Setting(WEIGHTED, s, v, vote, cost)]
    return settings


def _share_unread(judgments: pd.DataFrame) -> float:
    return float(np.mean([verdict < 0 for verdicts in judgments["verdicts"] for verdict in verdicts]))


def _share_passed(verdicts: Sequence[int]) -> float:
    return float(np.mean([_UNREAD if verdict < 0 else verdict for verdict in verdicts]))


def _of_judged(solutions: pd.DataFrame, judgments: pd.DataFrame) -> tuple[list[str], pd.DataFrame]:
    """The judged problems, and all of their samples. Raises InputError."""
    ids = list(dict.fromkeys(judgments["problem_id"]))
    samples = solutions[solutions["problem_id"].isin(set(ids))]
    if not samples["tokens"].map(len).any():
        raise InputError("solve_or_verify: the samples have no tokens, so what they cost is unknown; give them tokens")
    return ids, samples


def _grid(ids: list[str], samples: pd.DataFrame) -> SampleGrid:
    return sample_grid(pd.DataFrame({"problem_id": list(ids)}), samples, rules="prm800k")


def _generation(ids: list[str], samples: pd.DataFrame, sizes: Sizes, n: int) -> Floats:
    """FLOPs of n samples of each problem [problems], in expectation over which."""
    solution_tokens = samples["tokens"].map(len).groupby(samples["problem_id"]).mean().reindex(ids).to_numpy(float)
    prompts = np.array([sizes.prompts[problem_id] for problem_id in ids], float)
    return np.asarray(2.0 * sizes.generator * (prompts + n * solution_tokens))


def _matched(solved: Sequence[Setting], verified: Sequence[Setting], resamples: int, seed: int) -> pd.DataFrame:
    """Verifying at no more FLOPs than each vote; its setting for one half of the problems is chosen on the other half."""
    even = np.arange(len(solved[0].accuracy)) % 2 == 0
    rows = []
    for vote in solved:
        allowed = float(vote.flops.mean())
        affordable = [setting for setting in verified if setting.flops.mean() <= allowed]
        if not affordable:
            continue
        accuracy = np.empty(len(even))
        for half in (even, ~even):
            accuracy[half] = _best_on(affordable, ~half).accuracy[half]
        chosen = _best_on(affordable, even | ~even)
        cells = paired_interval(accuracy, vote.accuracy, resamples, seed).cells("difference")
        rows.append(
            {
                "solve_samples": vote.samples,
                "flops": allowed,
                "solve": float(vote.accuracy.mean()),
                "verify": float(accuracy.mean()),
                "samples": chosen.samples,
                "judgments": chosen.judgments,
                **cells,
                "n_problems": len(even),
            }
        )
    return pd.DataFrame(rows, columns=list(MATCHED.columns))


def _best_on(settings: Sequence[Setting], problems: np.ndarray) -> Setting:
    """The setting with the best accuracy on some problems; of equal ones the cheaper."""
    return max(
        settings,
        key=lambda setting: (round(float(setting.accuracy[problems].mean()), 12), -float(setting.flops.mean())),
    )
