"""Where a model runs when it writes or judges, and in which precision. Imports nothing heavy; training has its own
settings (`optimization`)."""

from pydantic import Field

from stepscale.engine.precision import Dtype
from stepscale.user_settings import UserSettings


class Placement(UserSettings):
    """Device and precision of a model that is run, not trained."""

    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?)$",
        description="cpu, cuda, cuda:1; auto: a GPU if there is one",
    )
    dtype: Dtype = Field(
        "float32", description="of weights, keys and values; auto: bfloat16 where the hardware is fast at it"
    )


class GeneratorPlacement(Placement):
    """And how much memory sampling may take."""

    memory_budget_gb: float = Field(2.0, gt=0, description="gibibytes for keys and values, weights not included")
