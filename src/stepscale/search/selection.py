"""Which answer wins: best-of-N, best-of-N weighted or majority, over the candidates that may win.

A candidate may win if it ended by itself, states an answer and, except for majority, was scored. Votes count answers, not
spellings: answers are compared by the rules that the run grades with. Ties (sums that agree to 12 digits) are settled by a named
seed, not by the order of candidates. Lightman et al. 2023, 3; Snell et al. 2024, E.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from stepscale.grading import Rules
from stepscale.grading.answer_groups import group_equal_answers
from stepscale.search.results import Candidate

Choose = Literal["best", "weighted", "majority"]
Key = TypeVar("Key")
_FAINT = 1e-200  # weight of a candidate whose score is 0: it was drawn, though it adds nothing


@dataclass(frozen=True)
class Choice:
    """The winning ``answer``, the index of the ``candidate`` that stands for it, and how sure it is (0 to 1)."""

    answer: str | None = None
    candidate: int | None = None
    confidence: float | None = None


def choose(candidates: Sequence[Candidate], how: Choose, seed: int, rules: Rules | None = "prm800k") -> Choice:
    """The winner among the candidates of one problem.

    Args:
        candidates: Solutions, scored or not.
        how: The choice.
        seed: Settles ties.
        rules: The grading rules by which two spellings are one answer; None: equal answers are equal strings already.

    Returns:
        The choice, in the spelling of the candidate that stands for it; all None if no candidate may win.
    """
    able = [i for i, candidate in enumerate(candidates) if _may_win(candidate, how)]
    if not able:
        return Choice()
    rng = np.random.default_rng(seed)
    if how == "best":
        best = _one_of_the_best({i: _score(candidates[i]) for i in able}, rng)
        return Choice(candidates[best].answer, best, _score(candidates[best]))
    answers = dict(zip(able, one_spelling([candidates[i] for i in able], rules), strict=True))
    votes: dict[str, float] = {}
    for i, answer in answers.items():
        votes[answer] = votes.get(answer, 0.0) + (1.0 if how == "majority" else max(_score(candidates[i]), _FAINT))
    winner = _one_of_the_best(dict(sorted(votes.items())), rng)
    backers = [i for i, answer in answers.items() if answer == winner]
    stands = max(backers, key=lambda i: (_score(candidates[i]), -i))
    return Choice(candidates[stands].answer, stands, votes[winner] / sum(votes.values()))


def one_spelling(candidates: Sequence[Candidate], rules: Rules | None) -> list[str]:
    """The answers of candidates that all have one, equal answers as the same string; as they are without rules."""
    answers = [str(candidate.answer) for candidate in candidates]
    return answers if rules is None else [str(answer) for answer in group_equal_answers(answers, rules)]


def _may_win(candidate: Candidate, how: Choose) -> bool:
    if candidate.finish != "solution" or candidate.answer is None:
        return False
    return how == "majority" or candidate.score is not None


def _score(candidate: Candidate) -> float:
    return 0.0 if candidate.score is None else candidate.score


def _one_of_the_best(values: Mapping[Key, float], rng: np.random.Generator) -> Key:
    top = max(values.values())
    least = 0.0 if top < _FAINT * 1e9 else top * (1 - 1e-12)
    tied = [key for key, value in values.items() if value >= least]
    return tied[int(rng.integers(len(tied)))] if len(tied) > 1 else tied[0]
