"""Calibrated confidence: an isotonic map from the vote's share of scores to the probability of being right.

In: confidences of a policy and whether its answers were right. Out: a rising map, as plain numbers that go into
``policy.json``.
"""

import itertools
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, Field, model_validator


class ConfidenceMap(BaseModel):
    """Points of a map that is linear between them, and flat beyond the first and the last."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    confidence: tuple[float, ...] = Field(min_length=1, description="of the vote, rising")
    right: tuple[float, ...] = Field(min_length=1, description="share of answers that are right there, never falling")

    @model_validator(mode="after")
    def _rises(self) -> Self:
        pairs = (*itertools.pairwise(self.confidence), *itertools.pairwise(self.right))
        if len(self.confidence) != len(self.right) or any(a > b for a, b in pairs):
            raise ValueError("confidence and right must be as many numbers, none below the one before it")
        if not 0 <= self.right[0] <= self.right[-1] <= 1:
            raise ValueError("right holds probabilities")
        return self

    @classmethod
    def fit(cls, confidence: ArrayLike, right: ArrayLike) -> "ConfidenceMap":
        """The isotonic regression of ``right`` (0 or 1) [n] on ``confidence`` [n].

        Args:
            confidence: Of each answer, 0 to 1 [n].
            right: Whether it was right [n].

        Returns:
            The map.
        """
        from sklearn.isotonic import IsotonicRegression

        fitted = IsotonicRegression(y_min=0.0, y_max=1.0).fit(np.asarray(confidence, float), np.asarray(right, float))
        return cls(confidence=tuple(fitted.X_thresholds_.tolist()), right=tuple(fitted.y_thresholds_.tolist()))

    def of(self, confidence: float) -> float:
        """The probability that an answer is right.

        Args:
            confidence: The vote's share of scores for the answer, in [0, 1].
        """
        return float(np.interp(confidence, self.confidence, self.right))
