"""StepScale: an open laboratory for verifiers and test-time compute.

``load_generator``, ``load_verifier`` and ``solve`` search for a solution; ``evaluate`` measures recorded samples;
``train_reward_model`` trains a PRM or an ORM. Each is loaded when it is first used, so that
``import stepscale`` needs none of the optional parts.
"""

from typing import TYPE_CHECKING

from stepscale.lazy import lazy_names

if TYPE_CHECKING:
    from stepscale.evaluation import evaluate as evaluate
    from stepscale.generation.open_generator import load_generator as load_generator
    from stepscale.search.solving import Answer as Answer
    from stepscale.search.solving import solve as solve
    from stepscale.verifiers.open_verifier import load_verifier as load_verifier
    from stepscale.verifiers.reward_model import train_reward_model as train_reward_model

__version__ = "0.1.0"
__all__ = ["Answer", "__version__", "evaluate", "load_generator", "load_verifier", "solve", "train_reward_model"]

_HOMES = {
    "Answer": "search.solving",
    "evaluate": "evaluation",
    "load_generator": "generation.open_generator",
    "load_verifier": "verifiers.open_verifier",
    "solve": "search.solving",
    "train_reward_model": "verifiers.reward_model",
}


__getattr__ = lazy_names(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
