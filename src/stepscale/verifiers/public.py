"""Which public reward model, and how it is run: settings apart from the adapters, so that parameters need no torch."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class PublicVerifier(BaseModel):
    """A reward model of others: which one, and how it is run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    adapter: Literal["math_shepherd", "qwen_math_prm", "rlhflow", "skywork_o1", "trl"] = Field(
        description="its conventions"
    )
    source: str = Field(description="hub name or folder of the model")
    name: str | None = Field(None, description="its name in tables and ledgers; null: the last part of source")
    dtype: Literal["float32", "bfloat16"] = Field("float32", description="of weights and arithmetic")
    device: str | None = Field(None, description="torch device; null: a GPU if there is one, else the CPU")
    separator: str = Field("\n", description="for trl alone: the step_separator the model was trained with")
    trust_remote_code: bool = Field(
        False, description="run code from the model's repository; none of the adapters needs it"
    )

    @property
    def shown_name(self) -> str:
        """The verifier's name."""
        return self.name or self.source.rstrip("/").rsplit("/", 1)[-1]
