"""Public process reward models as verifiers: one file per model family, each a few lines of its conventions."""

from importlib import import_module

from stepscale.verifiers.public import PublicVerifier
from stepscale.verifiers.scoring import StepScorer

__all__ = ["PublicVerifier", "open_public_verifier"]


def open_public_verifier(config: PublicVerifier) -> StepScorer:
    """A public reward model as a Verifier: ``open_<adapter>`` of the file of that name.

    Args:
        config: Which model, by which adapter.

    Raises:
        InputError: The model does not fit its adapter.
    """
    module = import_module(f"stepscale.verifiers.adapters.{config.adapter}")
    verifier: StepScorer = getattr(module, f"open_{config.adapter}")(config)
    return verifier
