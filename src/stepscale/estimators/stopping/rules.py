"""The stopping rules that the online policy is compared with, each at several settings."""

from stepscale.estimators.stopping.adaptive_consistency import AdaptiveConsistency
from stepscale.estimators.stopping.confidence_posterior import ConfidencePosterior
from stepscale.estimators.stopping.doubling import Doubling
from stepscale.estimators.stopping.instance_adaptive import InstanceAdaptive
from stepscale.estimators.stopping.risk_control import RiskControlled
from stepscale.estimators.stopping.rule import StoppingRule

COMPARED_RULES: tuple[tuple[StoppingRule, ...], ...] = (
    tuple(AdaptiveConsistency(threshold=level) for level in (0.8, 0.9, 0.95, 0.99)),
    tuple(ConfidencePosterior(threshold=level) for level in (0.8, 0.9, 0.95, 0.99)),
    tuple(Doubling(agree=share) for share in (0.5, 0.6, 0.75, 0.9)),
    tuple(InstanceAdaptive(chance=level) for level in (0.8, 0.9, 0.95, 0.99)),
    tuple(RiskControlled(alpha=level) for level in (0.2, 0.1, 0.05, 0.02)),
)
"""One family a row; the papers' own settings are among them."""
