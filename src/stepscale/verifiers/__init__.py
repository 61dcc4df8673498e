"""Verifiers: models that score the steps of a solution, trained here or public. docs/configuration.md tells them."""

from typing import TYPE_CHECKING

from stepscale.lazy import lazy_names
from stepscale.verifiers.aggregation import aggregate
from stepscale.verifiers.contract import StepScores, Trajectory, Verifier
from stepscale.verifiers.generative_options import GenerativePRM
from stepscale.verifiers.public import PublicVerifier

if TYPE_CHECKING:
    from stepscale.verifiers.examples import Example as Example
    from stepscale.verifiers.generative import GenerativeVerifier as GenerativeVerifier
    from stepscale.verifiers.generative import open_generative as open_generative
    from stepscale.verifiers.open_verifier import load_verifier as load_verifier
    from stepscale.verifiers.options import LoRA as LoRA
    from stepscale.verifiers.options import VerifierTraining as VerifierTraining
    from stepscale.verifiers.reward_model import train_reward_model as train_reward_model
    from stepscale.verifiers.scoring import ModelVerifier as ModelVerifier
    from stepscale.verifiers.training import train_verifier as train_verifier

__all__ = [
    "Example",
    "GenerativePRM",
    "GenerativeVerifier",
    "LoRA",
    "ModelVerifier",
    "PublicVerifier",
    "StepScores",
    "Trajectory",
    "Verifier",
    "VerifierTraining",
    "aggregate",
    "load_verifier",
    "open_generative",
    "train_reward_model",
    "train_verifier",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Example": "examples",
        "GenerativeVerifier": "generative",
        "LoRA": "options",
        "ModelVerifier": "scoring",
        "VerifierTraining": "options",
        "load_verifier": "open_verifier",
        "open_generative": "generative",
        "train_reward_model": "reward_model",
        "train_verifier": "training",
    },
)
