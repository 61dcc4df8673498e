"""Which answer wins: best-of-N, best-of-N weighted, majority or a rule for votes, over the candidates that may win.

A candidate may win if it ended by itself, states an answer and, where the choice looks at it, its score (or whatever the rule
ranks by) is known. Votes count answers, not
spellings: answers are compared by the rules that the run grades with. Ties (sums that agree to 12 digits) are settled by a named
seed, not by the order of candidates. Lightman et al. 2023, 3; Snell et al. 2024, E.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from stepscale.errors import InputError
from stepscale.estimators.confidence import OF_TOKENS, lowest_group_confidence, self_certainty
from stepscale.estimators.vote_counts import MIN_VOTE_WEIGHT, vote_weights
from stepscale.estimators.vote_rules import AnyVoteRule, VoteRule
from stepscale.grading import Rules
from stepscale.grading.answer_groups import group_equal_answers
from stepscale.search.results import Candidate

AnswerSelection = Literal["best", "weighted", "majority"] | AnyVoteRule
"""The rule by which one answer is selected among candidates: best-of-N, best-of-N weighted, majority or a rule for votes."""
Key = TypeVar("Key")


@dataclass(frozen=True)
class Choice:
    """What an answer selection chose.

    Attributes:
        answer: The winning answer; None if no candidate may win.
        candidate: Index of the candidate that stands for it.
        confidence: How sure the choice is, in [0, 1].
    """

    answer: str | None = None
    candidate: int | None = None
    confidence: float | None = None


def choose(
    candidates: Sequence[Candidate], selection: AnswerSelection, seed: int, rules: Rules | None = "prm800k"
) -> Choice:
    """The winner among the candidates of one problem.

    Args:
        candidates: Solutions, scored or not.
        selection: How the answer is selected.
        seed: Settles ties.
        rules: The grading rules by which two spellings are one answer; None: equal answers are equal strings already.

    Returns:
        The choice, in the spelling of the candidate that stands for it; all None if no candidate may win.
    """
    judged = {
        i: value for i, candidate in enumerate(candidates) if (value := _judged(candidate, selection)) is not None
    }
    if not judged:
        return Choice()
    rng = np.random.default_rng(seed)
    if selection == "best":
        best = _one_of_the_best(judged, rng)
        return Choice(candidates[best].answer, best, judged[best])
    answers = dict(zip(judged, group_candidate_answers([candidates[i] for i in judged], rules), strict=True))
    votes = _votes(list(answers.values()), list(judged.values()), selection)
    winner = _one_of_the_best(dict(sorted(votes.items())), rng)
    backers = [i for i, answer in answers.items() if answer == winner]
    stands = max(backers, key=lambda i: (_score(candidates[i]) if selection == "majority" else judged[i], -i))
    return Choice(candidates[stands].answer, stands, votes[winner] / sum(votes.values()))


def needs_self_certainty(selection: AnswerSelection) -> bool:
    """Whether it looks at the self-certainty of tokens, which a generator keeps only if asked to.

    Args:
        selection: How the answer is selected.
    """
    return isinstance(selection, VoteRule) and selection.by in OF_TOKENS


def check_choosable(candidates: Sequence[Sequence[Candidate]], selection: AnswerSelection, generator: str) -> None:
    """Check that the generator reported the numbers by which the choice ranks candidates.

    Args:
        candidates: Of each problem.
        selection: How the answer is selected.
        generator: Its name.

    Raises:
        InputError: It did not.
    """
    nonempty = [candidate for of_problem in candidates for candidate in of_problem if candidate.tokens]
    if needs_self_certainty(selection) and not all(candidate.certainties for candidate in nonempty):
        raise InputError(
            f"generator {generator} does not keep the self-certainty of its tokens; choose a vote by mean_logprob or score"
        )
    if (
        isinstance(selection, VoteRule)
        and selection.by == "mean_logprob"
        and any(candidate.mean_logprob is None for candidate in nonempty)
    ):
        raise InputError(f"generator {generator} tells no log-likelihoods; choose a vote by score")


def _votes(answers: Sequence[str], judged: Sequence[float], selection: AnswerSelection) -> dict[str, float]:
    """The votes for each answer, by what its candidates are judged by."""
    if isinstance(selection, VoteRule):
        names = sorted(set(answers))
        codes = np.array([[names.index(answer) + 1 for answer in answers]])
        return dict(
            zip(names, selection.tally(codes, np.array([judged], float), len(names) + 1)[0, 1:].tolist(), strict=True)
        )
    weights = vote_weights(np.ones((1, len(judged)), int), np.array([judged], float))[0].tolist()
    votes: dict[str, float] = {}
    for answer, weight in zip(answers, weights, strict=True):
        votes[answer] = votes.get(answer, 0.0) + weight
    return votes


def group_candidate_answers(candidates: Sequence[Candidate], rules: Rules | None) -> list[str]:
    """The answers of candidates that all have one, equal answers as the same string.

    Args:
        candidates: Solutions with an answer.
        rules: The grading rules by which answers are equal; None: answers stay as they are.

    Raises:
        InputError: The rules are unknown.
    """
    answers = [str(candidate.answer) for candidate in candidates]
    return answers if rules is None else [str(answer) for answer in group_equal_answers(answers, rules)]


def _judged(candidate: Candidate, selection: AnswerSelection) -> float | None:
    """What the choice judges a candidate by; None if it may not win."""
    if candidate.finish != "solution" or candidate.answer is None:
        return None
    if selection == "majority":
        return 1.0
    if not isinstance(selection, VoteRule) or selection.by == "score":
        return candidate.score
    if selection.by == "mean_logprob":
        return candidate.mean_logprob
    if not candidate.certainties:
        return None
    return (
        lowest_group_confidence(candidate.certainties, selection.group)
        if selection.by == "lowest_group"
        else self_certainty(candidate.certainties)
    )


def _score(candidate: Candidate) -> float:
    return 0.0 if candidate.score is None else candidate.score


def _one_of_the_best(values: Mapping[Key, float], rng: np.random.Generator) -> Key:
    top = max(values.values())
    least = 0.0 if top < MIN_VOTE_WEIGHT * 1e9 else top * (1 - 1e-12)
    tied = [key for key, value in values.items() if value >= least]
    return tied[int(rng.integers(len(tied)))] if len(tied) > 1 else tied[0]
