"""Settings of a process reward model behind vLLM's ``/pooling``; a file of its own, so that parameters need no httpx."""

from pydantic import Field

from stepscale.remote.access import ServerAccess
from stepscale.verifiers.public import Adapter


class ServedPRM(ServerAccess):
    """Where it is served, and its conventions."""

    tokenizer: str | None = Field(
        None,
        description="folder or hub name of its tokenizer, and of what was trained here the folder; null: the name that it is "
        "served by",
    )
    adapter: Adapter | None = Field(
        None, description="its conventions; null: recognized by the tokenizer's name or folder where possible"
    )
    separator: str = Field("\n", description="for trl alone: the step_separator the model was trained with")

    @property
    def source(self) -> str:
        """Where its tokenizer is."""
        return self.tokenizer or self.model
