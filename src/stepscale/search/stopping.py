"""Whole samples of a problem, one after another, until a stopping rule is satisfied or there are N (docs/stopping.md).

A method is a rule of ``estimators.stopping``. It draws what the rule draws when it is replayed over recorded samples: sample i
has the seed that best-of-N gives it. All problems that continue share their calls. Rules that need no scores need no verifier.
"""

from abc import ABC
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from stepscale.estimators.stopping.adaptive_consistency import AdaptiveConsistency
from stepscale.estimators.stopping.confidence_posterior import ConfidencePosterior
from stepscale.estimators.stopping.doubling import Doubling
from stepscale.estimators.stopping.instance_adaptive import InstanceAdaptive
from stepscale.estimators.stopping.prefixes import Signals, answer_posterior, log_odds_of, signals_of
from stepscale.estimators.stopping.risk_control import RiskControlled
from stepscale.estimators.stopping.rule import StoppingRule
from stepscale.grading import Rules
from stepscale.search.answer_selection import AnswerSelection, Choice, group_candidate_answers
from stepscale.search.best_of_n import draw_candidates
from stepscale.search.metering import Meter
from stepscale.search.method import SearchMethod, SeededSampling
from stepscale.search.results import Candidate
from stepscale.search.scoring import score_candidates

_EQUAL = 1e-12  # probabilities that agree so far are tied


class _StoppedSampling(SearchMethod, StoppingRule, ABC):
    """What the methods below have in common."""

    measured_from_samples: ClassVar[bool] = True

    def find(self, meter: Meter, draws: SeededSampling) -> tuple[list[list[Candidate]], list[int]]:
        """See ``SearchMethod``. Samples of each problem until its rule stops."""
        candidates_of: list[list[Candidate]] = [[] for _ in meter.problems]
        rounds = [0] * len(candidates_of)
        targets = dict.fromkeys(range(len(candidates_of)), min(self.first_look, self.n))
        while targets:
            # 1. all samples that are due, in one call
            places = [(owner, slot) for owner, n in targets.items() for slot in range(len(candidates_of[owner]), n)]
            for (owner, _), candidate in zip(places, self._draw(meter, draws, places), strict=True):
                candidates_of[owner].append(candidate)
            # 2. who goes on, and up to how many samples
            going: dict[int, int] = {}
            for owner in targets:
                rounds[owner] += 1
                signals = self._signals(candidates_of[owner], draws.rules)
                if len(candidates_of[owner]) < self.n and not self.stops(signals)[-1]:
                    going[owner] = min(self.next_look(signals), self.n)
            targets = going
        return candidates_of, rounds

    def _draw(self, meter: Meter, draws: SeededSampling, places: Sequence[tuple[int, int]]) -> list[Candidate]:
        """The samples of (problem, slot), scored if the rule looks at scores."""
        candidates = draw_candidates(meter, draws, places)
        if self.needs_scores:
            able = [i for i, candidate in enumerate(candidates) if candidate.answer is not None and candidate.steps]
            scored = score_candidates(
                meter, [places[i][0] for i in able], [candidates[i] for i in able], self.aggregation, self.neutral_is
            )
            for i, candidate in zip(able, scored, strict=True):
                candidates[i] = candidate
        return candidates

    def _signals(self, candidates: Sequence[Candidate], rules: Rules) -> Signals:
        """Scores and answers of the samples of one problem [places]."""
        able = [i for i, candidate in enumerate(candidates) if self._has_vote(candidate)]
        codes, scores = np.zeros((1, len(candidates)), np.int64), np.zeros((1, len(candidates)))
        _, number = np.unique(group_candidate_answers([candidates[i] for i in able], rules), return_inverse=True)
        codes[0, able], scores[0, able] = number + 1, [candidates[i].score or 0.0 for i in able]
        return Signals(**{name: values[0] for name, values in vars(signals_of(codes, scores)).items()})

    def _has_vote(self, candidate: Candidate) -> bool:
        return candidate.answer is not None and (candidate.score is not None or not self.needs_scores)


class _ByVote(_StoppedSampling, ABC):
    """Methods whose rule says which vote settles the answer."""

    @property
    def answer_selection(self) -> AnswerSelection:
        """The rule's own vote."""
        return "majority" if self.prefix_selection == "majority" else "weighted"


class AdaptiveConsistencySampling(_ByVote, AdaptiveConsistency):
    """Sample until the leading answer is likely to stay ahead."""

    label: ClassVar[str] = AdaptiveConsistency.label
    method: Literal["adaptive_consistency"] = "adaptive_consistency"
    needs_verifier: ClassVar[bool] = False


class DoublingSampling(_ByVote, Doubling):
    """Double the samples until enough of them agree."""

    label: ClassVar[str] = Doubling.label
    method: Literal["doubling"] = "doubling"
    needs_verifier: ClassVar[bool] = False


class InstanceAdaptiveSampling(_ByVote, InstanceAdaptive):
    """As many samples as the probes' calibrated score asks for."""

    label: ClassVar[str] = InstanceAdaptive.label
    method: Literal["instance_adaptive"] = "instance_adaptive"


class RiskControlledSampling(_ByVote, RiskControlled):
    """Sample until the vote is as sure as the learned threshold."""

    label: ClassVar[str] = RiskControlled.label
    method: Literal["risk_controlled"] = "risk_controlled"


class ConfidencePosteriorSampling(_StoppedSampling, ConfidencePosterior):
    """Sample until one answer is likely enough, and give that answer."""

    label: ClassVar[str] = ConfidencePosterior.label
    method: Literal["confidence_posterior"] = "confidence_posterior"
    answer_selection: ClassVar[AnswerSelection] = "weighted"

    def choice(self, candidates: Sequence[Candidate], seed: int, rules: Rules) -> Choice:
        """The likeliest answer, by its best-scored sample; its probability is the confidence.

        Args:
            candidates: Of one problem, in the order of slots.
            seed: Of ties.
            rules: Grading rules, which decide what is one answer.

        Returns:
            The answer and the candidate that gives it; nothing where no candidate has a vote.
        """
        able = [i for i, candidate in enumerate(candidates) if self._has_vote(candidate)]
        if not able:
            return Choice()
        names, number = np.unique(group_candidate_answers([candidates[i] for i in able], rules), return_inverse=True)
        scores = np.array([candidates[i].score or 0.0 for i in able])
        counts = np.bincount(number, minlength=len(names)).astype(float)
        probability, relative = answer_posterior(
            counts, np.bincount(number, log_odds_of(scores), len(names)).astype(float)
        )
        tied = np.flatnonzero(relative >= 1 - _EQUAL)
        winner = int(tied[np.random.default_rng(seed).integers(len(tied))])
        stands = able[int(np.where(number == winner, scores, -1.0).argmax())]
        return Choice(candidates[stands].answer, stands, float(probability))


Stopped = (
    AdaptiveConsistencySampling
    | ConfidencePosteriorSampling
    | DoublingSampling
    | InstanceAdaptiveSampling
    | RiskControlledSampling
)
"""The methods that stop by a rule."""
