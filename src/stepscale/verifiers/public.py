"""Which public reward model, and how it is run: settings in a file of their own, so that parameters need no torch."""

from pathlib import Path
from typing import Literal, get_args

from pydantic import Field

from stepscale.hub_names import is_hub_model, name_and_revision
from stepscale.references import architectures
from stepscale.user_settings import UserSettings

Adapter = Literal["math_shepherd", "qwen_math_prm", "rlhflow", "skywork_o1", "trl"]
ADAPTERS: tuple[Adapter, ...] = get_args(Adapter)
_BY_NAME: dict[str, Adapter] = {
    "math-shepherd": "math_shepherd",
    "qwen2.5-math-prm": "qwen_math_prm",
    "qwen2.5-math-7b-prm": "qwen_math_prm",
    "llama3.1-8b-prm": "rlhflow",
    "skywork-o1-open-prm": "skywork_o1",
}
"""Adapters by what the names of published models hold, in small letters."""
_BY_ARCHITECTURE: dict[str, Adapter] = {
    "Qwen2ForProcessRewardModel": "qwen_math_prm",
    "Qwen2ForPrmModel": "skywork_o1",
}
"""Adapters by the class that a model's config.json names; token classifiers are TRL's."""


class PublicVerifier(UserSettings):
    """A public reward model: which one, and how it is run."""

    adapter: Adapter = Field(description="its conventions")
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
        return self.name or _last_part(self.source)


def adapter_for(source: str | Path) -> Adapter | None:
    """The adapter of a public model, recognized by its name or by the config.json in its folder; None if neither helps.

    Args:
        source: Folder or hub name.

    Returns:
        The adapter's name.
    """
    last = _last_part(source).lower()
    named = [adapter for part, adapter in _BY_NAME.items() if part in last]
    if named:
        return named[0]
    kind = next(iter(architectures(source)), "")
    return "trl" if kind.endswith("ForTokenClassification") else _BY_ARCHITECTURE.get(kind)


def _last_part(source: str | Path) -> str:
    name = name_and_revision(str(source))[0] if is_hub_model(source) else str(source)
    return name.rstrip("/").rsplit("/", 1)[-1]
