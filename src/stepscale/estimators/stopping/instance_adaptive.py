"""Instance-adaptive N from a calibrated PRM (Park et al. 2025, arXiv 2506.09338): as many samples as a problem seems to need.

A few probes are scored. A map that was fitted to other problems turns their mean score into a cautious estimate p of the chance
that a sample is right. It is a low quantile of that chance among problems of such a score. With N samples one of them is right
with the chance 1 - (1 - p)^N, so N = log(1 - chance) / log(1 - p). The paper estimates p from the question alone, with a PRM
fine-tuned by quantile regression. Here the PRM stays as it is, its map is fitted, and the probes are paid for.
"""

from typing import ClassVar, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from stepscale.estimators.arrays import Bools, Floats
from stepscale.estimators.stopping.prefixes import Prefixes, PrefixSelection, Signals
from stepscale.estimators.stopping.rule import StoppingRule

_MAX_SAMPLES = 1 << 40  # stands for no end
_MAX_BINS, _MIN_PROBLEMS_PER_BIN = 10, 10  # of the fitted map: groups of mean scores, and problems in each


class SuccessMap(BaseModel):
    """Mean score of the probes to a chance of success: linear between points, flat beyond the first and the last.

    By default a mean score is taken as the chance itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    mean_score: tuple[float, ...] = Field((0.0, 1.0), min_length=1, description="of the probes, rising")
    success: tuple[float, ...] = Field(
        (0.0, 1.0), min_length=1, description="chance that a sample is right, never falling"
    )

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if len(self.mean_score) != len(self.success):
            raise ValueError("mean_score and success must be as many numbers")
        if any((np.diff(values) < 0).any() for values in (self.mean_score, self.success)):
            raise ValueError("mean_score and success must not fall")
        if not 0 <= self.success[0] <= self.success[-1] <= 1:
            raise ValueError("success holds probabilities")
        return self

    def of(self, mean_score: Floats) -> Floats:
        """The chance that a sample is right.

        Args:
            mean_score: Of the probes, of any shape.

        Returns:
            Chances of that shape, in [0, 1].
        """
        return np.interp(mean_score, self.mean_score, self.success)


class InstanceAdaptive(StoppingRule):
    """Draw as many samples as the probes' calibrated score asks for."""

    label: ClassVar[str] = "instance-adaptive N"
    prefix_selection: ClassVar[PrefixSelection] = "weighted"
    needs_scores: ClassVar[bool] = True
    chance: float = Field(0.95, gt=0, lt=1, description="that at least one sample is right")
    probes: int = Field(2, ge=1, description="samples that the chance of success is estimated from")
    quantile: float = Field(0.1, gt=0, lt=1, description="of the chance of success among problems of such a score")
    calibration: SuccessMap = Field(SuccessMap(), description="fitted to other problems; by default scores are chances")

    @property
    def setting(self) -> str:
        """The chance."""
        return f"chance {self.chance:g}"

    def stops(self, signals: Signals) -> Bools:
        """From the number of samples on with which one of them is right with the probability ``chance``.

        Args:
            signals: After n = 1, 2, ... samples [..., places]; read is the mean score of the first ``probes``.

        Returns:
            Flags [..., places]; all False while there are fewer samples than probes.
        """
        if signals.n[-1] < self.probes:
            return np.zeros(signals.first.shape, bool)
        needed = samples_needed(self.calibration.of(signals.mean_score[..., self.probes - 1]), self.chance)
        return np.asarray(signals.n >= np.maximum(needed, self.probes)[..., None])

    @property
    def first_look(self) -> int:
        """After the probes."""
        return self.probes

    def next_look(self, signals: Signals) -> int:
        """At the number that the probes ask for; it may be endless.

        Args:
            signals: What is known of the samples of one problem [places].

        Returns:
            A number of samples, more than there are; 2^40 stands for no end.
        """
        n = int(signals.n[-1])
        needed = float(samples_needed(self.calibration.of(signals.mean_score[self.probes - 1]), self.chance))
        return max(n + 1, int(min(needed, _MAX_SAMPLES)))

    def fitted(self, recorded: Prefixes) -> Self:
        """The rule with a map from mean scores to chances, by ``fit_success_map``.

        Args:
            recorded: Samples of other problems; every order of every problem is a case.

        Returns:
            A rule with this ``calibration``.
        """
        place = min(self.probes, recorded.signals.mean_score.shape[-1]) - 1
        scores = recorded.signals.mean_score[:, :, place]
        n_bins = int(np.clip(len(recorded.success) // _MIN_PROBLEMS_PER_BIN, 1, _MAX_BINS))
        calibration = fit_success_map(scores, np.broadcast_to(recorded.success, scores.shape), self.quantile, n_bins)
        return self.model_copy(update={"calibration": calibration})


def samples_needed(success: Floats, chance: float) -> Floats:
    """The least N with 1 - (1 - success)^N >= chance, at least 1; infinite where success is 0.

    Args:
        success: Chance that one sample is right [...].
        chance: That at least one of N should be right, in (0, 1).
    """
    failure = np.clip(1 - np.asarray(success, float), 0.0, 1.0)
    with np.errstate(divide="ignore"):
        needed = np.log1p(-chance) / np.log(failure)
    needed = np.where(failure >= 1, np.inf, needed)
    return np.maximum(np.ceil(needed - 1e-9), 1.0)


def fit_success_map(mean_scores: Floats, success: Floats, quantile: float, n_bins: int) -> SuccessMap:
    """The quantile of success in each of ``n_bins`` equal groups of mean scores, never falling; arrays of one shape.

    Args:
        mean_scores: The verifier's mean score of a problem's probes [...].
        success: Share of the problem's samples that are right, of the same shape.
        quantile: Which quantile of success a group stands for: lower ones draw more samples.
        n_bins: Number of groups.
    """
    order = np.argsort(mean_scores, axis=None, kind="stable")
    groups = np.array_split(order, min(n_bins, len(order)))
    centers = [float(mean_scores.ravel()[group].mean()) for group in groups]
    low = [float(np.quantile(success.ravel()[group], quantile)) for group in groups]
    return SuccessMap(mean_score=tuple(centers), success=tuple(np.maximum.accumulate(low).tolist()))
