"""Calls for many problems at once, and each problem's share of the cost.

In: requests and trajectories with the problem each belongs to. Out: what generator and verifier answered. A call's cost is
split by problem in whole tokens whose sum is what was counted. Decoded tokens are split by the distinct tokens drawn for a
problem, prefill by the distinct prefix tokens it needed, verifier tokens by the characters of text that are new for it. With an
engine that computes each distinct token once, and no prompt text shared between problems, the generator's split is exact; the
verifier's, whose tokens are not seen here, is a fair estimate. For one problem at a time all are exact.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from stepscale.cost import Ledger, Phase, total
from stepscale.errors import InputError
from stepscale.generation.contract import Continuation, Generator, Request, Sampling, Until
from stepscale.search.results import Problem
from stepscale.time_limit import time_left
from stepscale.verifiers.contract import StepScores, Trajectory, Verifier

_PHASES: tuple[Phase, ...] = ("prefill", "decode", "verify")
Owned = tuple[int, Request]  # the index of a problem and a request made for it


class Meter:
    """Generator and verifier, called for many problems at once. ``ledgers`` [problems] grow with each call.

    Args:
        problems: What is to be solved.
        generator: Writes the solutions.
        verifier: Scores their steps; None for searches that look at no score.
        ledger: What is counted for any problem is also added to it.
    """

    def __init__(
        self, problems: Sequence[Problem], generator: Generator, verifier: Verifier | None, ledger: Ledger | None = None
    ) -> None:
        self.problems, self.generator = problems, generator
        self.ledgers = [Ledger() for _ in problems]
        self._verifier, self._ledger = verifier, ledger
        self._prompted = [False] * len(problems)
        self._read: set[tuple[int, tuple[str, ...]]] = set()  # beginnings of solutions already read by the verifier

    def generate(self, requests: Sequence[Owned], sampling: Sampling, until: Until) -> list[Continuation]:
        """Continue every request, in one call; order kept.

        Args:
            requests: Index of a problem, and what is asked for it.
            sampling: How tokens are drawn.
            until: Whether a continuation ends with its step or its solution.

        Raises:
            InputError: The generator does not answer every request.
            OutOfTime: The time of a search is limited and up.
        """
        if not requests:
            return []
        time_left()
        spent = Ledger()
        continuations = self.generator.generate([request for _, request in requests], sampling, until, spent)
        _check_number(f"generator {self.generator.name}", continuations, len(requests))
        tokens_by_prefix: list[dict[tuple[int, ...], list[tuple[int, ...]]]] = [{} for _ in self.problems]  # by prefix
        for (owner, request), continuation in zip(requests, continuations, strict=True):
            # the last token is drawn, and passed through the model only when something goes on from it
            tokens_by_prefix[owner].setdefault(request.prefix, []).append(continuation.tokens[:-1])
        needed = [self._prefix_weight(owner, list(by_prefix)) for owner, by_prefix in enumerate(tokens_by_prefix)]
        n_drawn = [sum(map(_distinct_tokens, by_prefix.values())) for by_prefix in tokens_by_prefix]
        self._share_out(spent, {"prefill": needed, "decode": n_drawn, "verify": n_drawn})
        return continuations

    def score(self, solutions: Sequence[tuple[int, tuple[str, ...]]]) -> list[StepScores]:
        """Scores of all steps of every (problem, steps), in one call; order kept.

        Args:
            solutions: Of each its problem and steps.

        Returns:
            Scores of the steps of each.

        Raises:
            InputError: A score is missing, or is not a finite number.
            OutOfTime: The time of a search is limited and up.
        """
        if not solutions:
            return []
        time_left()
        assert self._verifier is not None
        spent = Ledger()
        scores_of_all = self._verifier.score(
            [Trajectory(self.problems[owner].text, steps) for owner, steps in solutions], spent
        )
        _check_number(f"verifier {self._verifier.name}", scores_of_all, len(solutions))
        for (owner, steps), scores in zip(solutions, scores_of_all, strict=True):
            if not _are_step_scores(scores, len(steps)):
                scores_text = " ".join(str(scores).split())[:80]
                raise InputError(
                    f"verifier {self._verifier.name}: {scores_text} for {len(steps)} steps of problem"
                    f" {self.problems[owner].problem_id}; every step needs a finite one, in arrays as StepScores has them"
                )
        new_characters = [0] * len(self.problems)
        for owner, steps in solutions:
            new_characters[owner] += self._new_text(owner, steps)
        self._share_out(spent, dict.fromkeys(_PHASES, new_characters))
        return scores_of_all

    def _prefix_weight(self, owner: int, prefixes: Sequence[tuple[int, ...]]) -> int:
        """Tokens of distinct prefixes to compute: at first all, later the last one of each, drawn but never passed."""
        if not prefixes:
            return 0
        prompted_before, self._prompted[owner] = self._prompted[owner], True
        return len(prefixes) if prompted_before else _distinct_tokens(prefixes)

    def _new_text(self, owner: int, steps: tuple[str, ...]) -> int:
        """Characters of the problem and of the steps that were not read before."""
        n_characters = 0
        for end in range(len(steps), -1, -1):
            if (owner, steps[:end]) in self._read:
                break
            self._read.add((owner, steps[:end]))
            n_characters += len(steps[end - 1]) if end else len(self.problems[owner].text)
        return n_characters

    def _share_out(self, spent: Ledger, weights: dict[Phase, list[int]]) -> None:
        """Divide what a call spent among the problems, by ``weights`` [problems] for each phase."""
        if self._ledger is not None:
            self._ledger.models = total([self._ledger, spent]).models
        for name, cost in spent.models.items():
            # 1. tokens by phase, then contexts and seconds in proportion to all tokens
            parts = {phase: apportion(getattr(cost, phase), weights[phase]) for phase in _PHASES}
            tokens = [sum(counts_of_one) for counts_of_one in zip(*parts.values(), strict=True)]
            contexts = apportion(cost.context_sum, tokens)
            shares = [counts_of_one / cost.tokens if cost.tokens else 1 / len(tokens) for counts_of_one in tokens]
            # 2. each problem's ledger grows by its part
            for ledger, context, share, *counts in zip(
                self.ledgers, contexts, shares, *(parts[phase] for phase in _PHASES), strict=True
            ):
                for phase, count in zip(_PHASES, counts, strict=True):
                    ledger.add(
                        name,
                        phase,
                        count,
                        parameters=cost.parameters,
                        attention_width=cost.attention_width,
                        context_sum=context if phase == "prefill" else 0,
                        seconds=cost.seconds * share if phase == "prefill" else 0.0,
                    )


def _check_number(who: str, answers: object, n: int) -> None:
    """Check that a model gave ``n`` answers in a sequence, one per request.

    Raises:
        InputError: It did not.
    """
    if not isinstance(answers, Sequence) or len(answers) != n:
        n_given = f"{len(answers)} answers" if isinstance(answers, Sequence) else f"a {type(answers).__name__}"
        raise InputError(
            f"{who}: {n_given} to {n} requests; it must give a list with one answer per request, in their order"
        )


def _are_step_scores(scores: object, n_steps: int) -> bool:
    """Whether both kinds of scores are arrays with a finite number for each step."""
    kinds = [getattr(scores, name, None) for name in ("negative", "neutral")]
    return all(
        isinstance(kind, np.ndarray)
        and kind.shape == (n_steps,)
        and kind.dtype.kind in "biuf"
        and bool(np.isfinite(kind).all())
        for kind in kinds
    )


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """``total`` in integer parts proportional to ``weights``, by largest remainders; in equal parts if all are 0.

    Args:
        total: What is shared out, as a number of tokens.
        weights: Of the parts, 0 or above.
    """
    if not sum(weights):
        weights = [1] * len(weights)
    parts = [total * weight // sum(weights) for weight in weights]
    remainder = total - sum(parts)
    for i in sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % sum(weights)), i))[:remainder]:
        parts[i] += 1
    return parts


def _distinct_tokens(sequences: Sequence[tuple[int, ...]]) -> int:
    """Nodes of the tree that these sequences form."""
    ordered = sorted(set(sequences))
    return sum(map(len, ordered)) - sum(_shared(a, b) for a, b in pairwise(ordered))


def _shared(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    """Length of the longest common beginning."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
