"""Public process reward models as verifiers: one file per model family, each a few lines of its conventions."""

from collections.abc import Callable

from stepscale.verifiers.adapters.math_shepherd import open_math_shepherd
from stepscale.verifiers.adapters.qwen_math_prm import open_qwen_math_prm
from stepscale.verifiers.adapters.rlhflow import open_rlhflow
from stepscale.verifiers.adapters.skywork_o1 import open_skywork_o1
from stepscale.verifiers.adapters.trl import open_trl
from stepscale.verifiers.public import PublicVerifier
from stepscale.verifiers.scoring import StepScorer

__all__ = ["PublicVerifier", "open_public_verifier"]

_ADAPTERS: dict[str, Callable[[PublicVerifier], StepScorer]] = {
    "math_shepherd": open_math_shepherd,
    "qwen_math_prm": open_qwen_math_prm,
    "rlhflow": open_rlhflow,
    "skywork_o1": open_skywork_o1,
    "trl": open_trl,
}


def open_public_verifier(config: PublicVerifier) -> StepScorer:
    """A public reward model as a Verifier. Raises InputError if the model does not fit its adapter."""
    return _ADAPTERS[config.adapter](config)
