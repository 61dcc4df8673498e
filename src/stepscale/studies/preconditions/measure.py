"""The numbers that decide whether an effect can be seen at all, from samples, their labels, and a few searches.

In: problems of the lab, a generator, verifiers. Out: frames of numbers. No claim uses them: they serve to choose the world
on design seeds, which is then frozen (docs/lab.md).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stepscale.cost import Ledger
from stepscale.estimators.closed_form import pass_at_k_per_problem
from stepscale.estimators.voting import majority_per_problem, weighted_per_problem
from stepscale.formats.ratings import NEGATIVE
from stepscale.generation.contract import Generator, Request, Sampling
from stepscale.generation.graded import grade
from stepscale.generation.sampling import SamplingJob, sample_solutions
from stepscale.lab.labeler import rate_steps
from stepscale.search.beam import Beam
from stepscale.search.methods import search
from stepscale.search.results import Problem
from stepscale.seeds import seed_for
from stepscale.verifiers.contract import Trajectory, Verifier

SIBLINGS = 4  # next steps that are compared


@dataclass(frozen=True)
class LabeledSamples:
    """Graded samples of problems.

    Attributes:
        problems: In their order.
        solutions: As many of each problem, problem by problem.
        ratings: Of each solution's steps, up to the first negative one.
    """

    problems: pd.DataFrame
    solutions: pd.DataFrame
    ratings: list[list[int]]

    @property
    def per_problem(self) -> int:
        """Samples per problem."""
        return len(self.solutions) // len(self.problems)

    def grid(self, values: Iterable[object]) -> Any:
        """``values``, one per sample in the order of ``solutions``, as [problems, samples]."""
        return np.array(list(values), dtype=object).reshape(len(self.problems), -1)


def sample_and_label(
    problems: pd.DataFrame, generator: Generator, per_problem: int, sampling: Sampling, seed: int
) -> LabeledSamples:
    """Graded and labeled samples of each problem.

    Args:
        problems: Problems with known answers.
        generator: The generator.
        per_problem: Samples per problem.
        sampling: How tokens are drawn.
        seed: Of the run.
    """
    job = SamplingJob("preconditions", per_problem, sampling, seed)
    solutions = grade(sample_solutions(job, generator, problems, Ledger()), problems)
    texts = dict(zip(problems["problem_id"], problems["problem"], strict=True))
    ratings = [
        rate_steps(texts[i], steps) for i, steps in zip(solutions["problem_id"], solutions["steps"], strict=True)
    ]
    return LabeledSamples(problems, solutions, ratings)


def of_samples(samples: LabeledSamples) -> pd.DataFrame:
    """Properties of ``samples``: a row per level and one for all.

    Columns: error per rated step, steps per solution, mean accuracies, and the share of right answers by wrong reasoning.
    """
    right = samples.grid(samples.solutions["is_correct"].astype(bool)).astype(float)
    answers = samples.grid(samples.solutions["answer"])
    n = samples.per_problem
    by_problem = pd.DataFrame(
        {
            "level": samples.problems["level"].to_numpy(),
            "pass_at_1": right.mean(1),
            f"majority_at_{n}": majority_per_problem(answers, right, [n]).per_problem[:, 0],
            f"pass_at_{n}": pass_at_k_per_problem(right, [n])[:, 0],
        }
    )
    wrong = [NEGATIVE in ratings for ratings in samples.ratings]
    by_sample = pd.DataFrame(
        {
            "level": by_problem["level"].repeat(n).to_numpy(),
            "wrong_steps": wrong,
            "rated_steps": [len(ratings) for ratings in samples.ratings],
            "steps": samples.solutions["steps"].map(len).to_numpy(),
            "right": right.ravel(),
            "right_by_wrong": right.ravel() * wrong,
        }
    )
    rows = []
    for level in [*sorted(by_problem["level"].unique()), "all"]:
        of_level = slice(None) if level == "all" else by_sample["level"] == level
        sums = by_sample.loc[of_level].drop(columns="level").sum()
        means = (
            by_problem.loc[slice(None) if level == "all" else by_problem["level"] == level].drop(columns="level").mean()
        )
        rows.append(
            {
                "level": level,
                "step_error": sums["wrong_steps"] / sums["rated_steps"],
                "steps_per_solution": by_sample.loc[of_level, "steps"].mean(),
                **means,
                "right_by_wrong": sums["right_by_wrong"] / max(sums["right"], 1),
            }
        )
    return pd.DataFrame(rows)


def first_error_positions(samples: LabeledSamples) -> pd.Series:
    """Share of all first errors in ``samples`` that stand in each fifth of their solution, in order [5]."""
    fifths = [
        5 * (len(ratings) - 1) // max(len(steps), 1)
        for ratings, steps in zip(samples.ratings, samples.solutions["steps"], strict=True)
        if NEGATIVE in ratings
    ]
    return pd.Series(fifths).value_counts(normalize=True).reindex(range(5), fill_value=0.0)


def distinct_next_steps(
    samples: LabeledSamples, generator: Generator, sampling: Sampling, states: int, seed: int
) -> float:
    """Mean number of distinct texts among four next steps drawn at right beginnings of solutions.

    Args:
        samples: Labeled samples, whose beginnings are taken.
        generator: The generator.
        sampling: How tokens are drawn.
        states: Number of beginnings.
        seed: Of the run.
    """
    texts = dict(zip(samples.problems["problem_id"], samples.problems["problem"], strict=True))
    prefixes = [
        (*generator.encode_prompt(texts[problem_id]), *tokens[: ends[place - 1] + 1 if place else 0])
        for problem_id, tokens, ends, ratings in zip(
            *(samples.solutions[name] for name in ("problem_id", "tokens", "step_ends")), samples.ratings, strict=True
        )
        for place in range(len(ratings) - (NEGATIVE in ratings))
    ]
    chosen = np.random.default_rng(seed).choice(len(prefixes), min(states, len(prefixes)), replace=False)
    requests = [
        Request(prefixes[state], seed_for(seed, "next-step", str(state), sibling))
        for state in chosen
        for sibling in range(SIBLINGS)
    ]
    next_steps = [generator.decode(c.tokens).strip() for c in generator.generate(requests, sampling, "step", Ledger())]
    return float(np.mean([len(set(next_steps[i : i + SIBLINGS])) for i in range(0, len(next_steps), SIBLINGS)]))


def scores_of(samples: LabeledSamples, verifier: Verifier) -> list[np.ndarray]:
    """P(negative) of each step of each sample.

    Args:
        samples: Labeled samples.
        verifier: The verifier.

    Returns:
        Of each sample [steps].
    """
    texts = dict(zip(samples.problems["problem_id"], samples.problems["problem"], strict=True))
    rows = zip(samples.solutions["problem_id"], samples.solutions["steps"], strict=True)
    return [s.negative for s in verifier.score([Trajectory(texts[i], tuple(steps)) for i, steps in rows], Ledger())]


def of_verifier(samples: LabeledSamples, negative: Sequence[np.ndarray]) -> Mapping[str, float]:
    """How well a verifier detects wrong steps, up to and including each first one; its threshold is 0.5.

    Args:
        samples: Labeled samples.
        negative: P(negative) of each step of each sample.

    Returns:
        Measures by name.
    """
    from sklearn.metrics import roc_auc_score

    judged = np.concatenate([scores[: len(r)] for scores, r in zip(negative, samples.ratings, strict=True)])
    wrong = np.concatenate([np.array(r) == NEGATIVE for r in samples.ratings])
    # The first step that it calls wrong against the first that is, as ProcessBench counts: F1 of the two accuracies.
    predicted = [next((i for i, p in enumerate(scores) if p >= 0.5), -1) for scores in negative]
    first = [len(r) - 1 if NEGATIVE in r else -1 for r in samples.ratings]
    hit, erroneous = np.array(predicted) == np.array(first), np.array(first) >= 0
    on_wrong, on_right = hit[erroneous].mean(), hit[~erroneous].mean()
    return {
        "step_auroc": float(roc_auc_score(wrong, judged)),
        "wrong_steps_missed": float((judged[wrong] < 0.5).mean()),
        "false_alarms": float((judged[~wrong] >= 0.5).mean()),
        "first_error_f1": float(2 * on_wrong * on_right / max(on_wrong + on_right, 1e-9)),
    }


def beam_over_weighted(
    samples: LabeledSamples,
    generator: Generator,
    verifier: Verifier,
    budgets: Sequence[int],
    sampling: Sampling,
    seed: int,
) -> pd.DataFrame:
    """Accuracy of weighted best-of-N and of beam search (M = sqrt(N)) with one verifier.

    Args:
        samples: Labeled samples.
        generator: The generator.
        verifier: The verifier.
        budgets: N of both.
        sampling: How tokens are drawn.
        seed: Of the run.

    Returns:
        A row per budget.
    """
    answers = samples.grid(samples.solutions["answer"])
    right = samples.grid(samples.solutions["is_correct"].astype(bool)).astype(float)
    solution_scores = samples.grid([float(np.prod(1 - scores)) for scores in scores_of(samples, verifier)]).astype(
        float
    )
    weighted = weighted_per_problem(answers, solution_scores, right, budgets).per_problem
    gold = dict(zip(samples.problems["problem_id"], samples.problems["answer"], strict=True))
    problems = [
        Problem(i, text) for i, text in zip(samples.problems["problem_id"], samples.problems["problem"], strict=True)
    ]
    rows = []
    for column, n in enumerate(budgets):
        results = search(problems, generator, verifier, Beam(n=n), sampling, run_seed=seed)
        by_beam = np.array([result.answer == gold[result.problem_id] for result in results], float)
        lead = by_beam - weighted[:, column]
        rows.append(
            {
                "verifier": verifier.name,
                "N": n,
                "weighted": weighted[:, column].mean(),
                "beam": by_beam.mean(),
                "beam - weighted": lead.mean(),
                "half width": 1.96 * lead.std(ddof=1) / np.sqrt(len(lead)),
            }
        )
    return pd.DataFrame(rows)
