"""Estimators beside brute force over all subsets: ``python -m evidence.exact --seed 0`` prints the largest differences."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import combinations

import click
import numpy as np

from stepscale.estimators import best_of_n, majority, pass_at_k, weighted

_PLACES = 8
_PROBLEMS = 40


@click.command()
@click.option("--seed", default=0, show_default=True)
def main(seed: int) -> None:
    """Each estimator on random problems of 8 samples, at every budget."""
    rng = np.random.default_rng(seed)
    answers = rng.integers(0, 4, (_PROBLEMS, _PLACES))
    scores = rng.permuted(np.tile(np.linspace(0.1, 0.9, _PLACES), (_PROBLEMS, 1)), axis=1)
    correct = (answers == 0).astype(int)
    budgets = list(range(1, _PLACES + 1))
    rules: dict[str, Callable[[int, list[int]], float]] = {
        "best_of_n": lambda p, places: correct[p, max(places, key=lambda i: scores[p, i])],
        "pass_at_k": lambda p, places: float(correct[p, places].any()),
        "majority": lambda p, places: _voted(answers[p, places], np.ones(len(places))),
        "weighted": lambda p, places: _voted(answers[p, places], scores[p, places]),
    }
    ours = {
        "best_of_n": best_of_n(scores, correct, budgets),
        "pass_at_k": pass_at_k(correct, budgets),
        "majority": majority(answers, correct, budgets),
        "weighted": weighted(answers, scores, correct, budgets),
    }
    differences = {
        name: float(np.abs(np.asarray(ours[name]) - [_mean(rule, n) for n in budgets]).max())
        for name, rule in rules.items()
    }
    print(json.dumps(differences | {"largest": max(differences.values())}))


def _mean(rule: Callable[[int, list[int]], float], n: int) -> float:
    """The mean of a rule over all subsets of so many samples, and over problems."""
    subsets = [list(places) for places in combinations(range(_PLACES), n)]
    return float(np.mean([[rule(problem, places) for places in subsets] for problem in range(_PROBLEMS)]))


def _voted(answers: np.ndarray, weights: np.ndarray) -> float:
    """Whether answer 0 wins the vote; ties are shared."""
    votes: dict[int, float] = defaultdict(float)
    for answer, weight in zip(answers.tolist(), weights.tolist(), strict=True):
        votes[answer] += weight
    best = max(votes.values())
    winners = Counter(answer for answer, vote in votes.items() if abs(vote - best) < 1e-12)
    return winners[0] / len(winners)


if __name__ == "__main__":
    main()
