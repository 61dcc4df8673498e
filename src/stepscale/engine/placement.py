"""Where a model runs when it writes or judges, and in which precision. Imports nothing heavy; training has its own
settings (`optimization`)."""

from typing import Literal

from pydantic import Field

from stepscale.user_settings import UserSettings


class Placement(UserSettings):
    """Device and precision of a model that is run, not trained."""

    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?)$",
        description="cpu, cuda, cuda:1; auto: a GPU if there is one",
    )
    dtype: Literal["float32", "bfloat16"] = Field("float32", description="of weights, keys and values")


class GeneratorPlacement(Placement):
    """And how much memory sampling may take."""

    memory_budget_gb: float = Field(2.0, gt=0, description="gibibytes for keys and values, weights not included")
