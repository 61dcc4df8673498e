"""Rules that turn the samples of a problem into a tally of its answers, where a sample's vote depends on the others.

In: codes of answers and a value of each sample. Out: a tally of each answer; the greatest wins. The same rules choose among
the candidates of a search (``search.answer_selection``) and measure recorded samples (``estimators.voting``).
"""

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from stepscale.estimators.arrays import Codes, Floats
from stepscale.estimators.confidence import Measure
from stepscale.estimators.vote_counts import MIN_VOTE_WEIGHT, count_votes, vote_weights
from stepscale.user_settings import UserSettings


class VoteRule(UserSettings, ABC):
    """A rule. ``by``: what a sample is judged by; only samples for which it is known have a vote."""

    title: ClassVar[str]

    kind: str
    by: Measure
    group: int = Field(2048, ge=1, description="tokens of a group, for lowest_group")

    @property
    def judge(self) -> str:
        """The measure with its group, if it has one: "lowest_group of 2048"."""
        return f"{self.by} of {self.group}" if self.by == "lowest_group" else self.by

    @property
    def name(self) -> str:
        """The rule as it is shown, with options that differ from their defaults: "Borda vote, power = 0.3"."""
        options = [
            f"{name} = {getattr(self, name)}"
            for name, field in type(self).model_fields.items()
            if name not in {"kind", "by", "group"} and getattr(self, name) != field.default
        ]
        return ", ".join([self.title, *options])

    def takes(self, values: Floats) -> bool:
        """Whether these values can be voted by: those that are added up must be >= 0.

        Args:
            values: What samples are judged by.
        """
        return bool((values >= 0).all())

    @abstractmethod
    def tally(self, codes: Codes, values: Floats, width: int) -> Floats:
        """The tally of every answer [rows, width]. Of two samples with different answers the better one wins by any rule.

        Args:
            codes: The answer of each sample [rows, samples], 1 to width - 1; 0: it has no vote.
            values: What each is judged by [rows, samples].
            width: Codes of answers, 0 included.

        Returns:
            Tallies >= 0; 0 for an answer that cannot win. Column 0 means nothing.
        """

    def __str__(self) -> str:
        """The rule with all its options: "borda by=self_certainty power=1.0"."""
        options = self.model_dump(exclude={"kind", "by", "group"})
        return " ".join([self.kind, f"by={self.judge}", *(f"{name}={value}" for name, value in options.items())])


class BordaVote(VoteRule):
    """Samples are ranked: of k, the best has k^p votes, the next (k - 1)^p, the last one (Kang et al. 2025, 3.3).

    Equal values share the mean of their places. Towards p = 0 it is majority; the greater p, the nearer to best-of-N.
    """

    title: ClassVar[str] = "Borda vote"
    kind: Literal["borda"] = "borda"
    by: Measure = "self_certainty"
    power: float = Field(1.0, gt=0, le=64, description="p; the paper's best grew with N, from 0.3 to 1.2")

    def takes(self, values: Floats) -> bool:
        """See ``VoteRule``. True for any values: they are ranked."""
        return True

    def tally(self, codes: Codes, values: Floats, width: int) -> Floats:
        """As for all rules.

        Args:
            codes: The answer of each sample [rows, samples]; 0: it has no vote.
            values: What each is judged by [rows, samples].
            width: Codes of answers, 0 included.

        Returns:
            Tallies [rows, width].
        """
        places = pd.DataFrame(np.where(codes > 0, values, np.nan)).rank(axis=1)
        return count_votes(codes, np.asarray(places.fillna(0.0), float) ** self.power * (codes > 0), width)


class FilteredVote(VoteRule):
    """The most confident share of the samples votes, each with its confidence (DeepConf offline; Fu et al. 2025, 3.2)."""

    title: ClassVar[str] = "confidence-filtered vote"
    kind: Literal["filtered"] = "filtered"
    by: Literal["lowest_group", "self_certainty", "score"] = "lowest_group"
    share: float = Field(0.1, gt=0, le=1, description="of the samples, rounded up; 0.1 and 0.9 in the paper")

    def tally(self, codes: Codes, values: Floats, width: int) -> Floats:
        """As for all rules; samples as confident as the last one that votes vote too.

        Args:
            codes: The answer of each sample [rows, samples]; 0: it has no vote.
            values: What each is judged by [rows, samples].
            width: Codes of answers, 0 included.

        Returns:
            Tallies [rows, width].
        """
        able = codes > 0
        ordered = -np.sort(-np.where(able, values, -np.inf), axis=1)
        last = np.maximum(np.ceil(self.share * able.sum(axis=1) - 1e-9).astype(int) - 1, 0)
        is_confident = able & (values >= np.take_along_axis(ordered, last[:, None], 1))
        return count_votes(codes, vote_weights(codes * is_confident, values), width)


class PessimisticVote(VoteRule):
    """The answer with the best mean score less a penalty for few samples (Shi and Jin 2025; Montgomery et al. 2025, 2.3).

    The penalty of an answer that k of n samples gave is ``penalty`` ln(n) / (k + 1). 0 is the best mean score; the greater,
    the nearer to majority. Tallies are raised by the greatest penalty there can be, which changes no winner.
    """

    title: ClassVar[str] = "pessimistic vote"
    kind: Literal["pessimistic"] = "pessimistic"
    by: Literal["score"] = "score"
    penalty: float = Field(0.5, ge=0, le=1000, description="what few samples cost an answer")

    def takes(self, values: Floats) -> bool:
        """See ``VoteRule``. Only probabilities: the penalty is on their scale."""
        return bool(((values >= 0) & (values <= 1)).all())

    def tally(self, codes: Codes, values: Floats, width: int) -> Floats:
        """As for all rules.

        Args:
            codes: The answer of each sample [rows, samples]; 0: it has no vote.
            values: What each is judged by [rows, samples].
            width: Codes of answers, 0 included.

        Returns:
            Tallies [rows, width].
        """
        able = codes > 0
        counts = count_votes(codes, able.astype(float), width)
        means = count_votes(codes, np.where(able, values, 0.0), width) / np.maximum(counts, 1)
        logs = np.log(np.maximum(able.sum(axis=1, keepdims=True), 1))
        raised = means + self.penalty * logs * (0.5 - 1 / (counts + 1))
        return np.where(counts > 0, np.maximum(raised, MIN_VOTE_WEIGHT), 0.0)


DEFAULT_RULES = (
    BordaVote(by="mean_logprob"),
    BordaVote(by="self_certainty"),
    FilteredVote(),
    PessimisticVote(),
)
"""Rules that are measured beside majority and the weighted vote unless told otherwise."""
AnyVoteRule = Annotated[BordaVote | FilteredVote | PessimisticVote, Field(discriminator="kind")]
