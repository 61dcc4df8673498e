"""Speed of the estimators on A's Figure 3: 500 problems x 1860 samples at 14 budgets, all four, goal 1 s each.

`run()` gives rows {"name", "ratio", "ours", "rival", "unit", "runs"}: CPU seconds, medians. The rival of best-of-N is the
published evaluator's procedure (shuffle the places, take n, keep the best; 400 trials), run beside it on one of its trials and
scaled; the others' "rival" is the goal. `python bench/estimators.py` prints them, and the error that votes leave.
"""

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from stepscale.estimators import best_of_n, majority_per_problem, pass_at_k, weighted_per_problem

RUNS = 5
PROBLEMS, PLACES, TRIALS = 500, 1860, 400
BUDGETS = (1, 2, 4, 10, 20, 40, 100, 200, 400, 700, 1000, 1300, 1600, 1860)
GOAL_SECONDS = 1.0

Samples = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def run(runs: int = RUNS) -> list[dict[str, Any]]:
    """The rows of this bench."""
    answers, scores, correct, mask = samples()
    ours: dict[str, Callable[[], object]] = {
        "best_of_n": lambda: best_of_n(scores, correct, BUDGETS, mask),
        "pass_at_k": lambda: pass_at_k(correct, BUDGETS, mask),
        "majority": lambda: majority_per_problem(answers, correct, BUDGETS, mask),
        "weighted": lambda: weighted_per_problem(answers, scores, correct, BUDGETS, mask),
    }
    seconds: dict[str, list[float]] = {name: [] for name in [*ours, "published"]}
    for _ in range(runs):
        for name, estimate in ours.items():
            seconds[name].append(_cpu(estimate))
        seconds["published"].append(TRIALS * _cpu(lambda: _published_trial(scores, correct, mask)))
    rivals = {"best_of_n": statistics.median(seconds["published"])}
    return [
        _row(f"{name}_500x1860", statistics.median(seconds[name]), rivals.get(name, GOAL_SECONDS), runs)
        for name in ours
    ]


def samples(seed: int = 0) -> Samples:
    """(answers, scores, correct, mask): Zipf-like wrong answers, a tenth of the places unanswered."""
    rng = np.random.default_rng(seed)
    correct = rng.random((PROBLEMS, PLACES)) < rng.beta(0.8, 0.8, (PROBLEMS, 1))
    answers = np.where(correct, 0, 1 + rng.zipf(1.5, correct.shape) % 100).astype(str).astype(object)
    mask = rng.random(correct.shape) < 0.9
    return answers, rng.random(correct.shape) * 0.7 + correct * 0.3, correct & mask, mask


def _published_trial(scores: np.ndarray, correct: np.ndarray, mask: np.ndarray) -> None:
    rng, values = np.random.default_rng(0), np.where(mask, scores, -np.inf)
    for n in BUDGETS:
        for problem in range(len(values)):
            places = rng.permutation(values.shape[1])[:n]
            correct[problem, places[values[problem, places].argmax()]]


def _cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _row(name: str, ours: float, rival: float, runs: int) -> dict[str, Any]:
    ratio = round(rival / ours, 2)
    return {
        "name": name,
        "ratio": ratio,
        "ours": round(ours, 3),
        "rival": round(rival, 3),
        "unit": "CPU s",
        "runs": runs,
    }


if __name__ == "__main__":
    for row in run():
        print(json.dumps(row))
    answers, scores, correct, mask = samples()
    error = weighted_per_problem(answers, scores, correct, BUDGETS, mask).error
    print(
        "Monte Carlo standard error of weighted voting by budget:",
        dict(zip(BUDGETS, error.round(5).tolist(), strict=True)),
    )
