"""A model folder that holds no weights but says where the model is: elsewhere on disk, on the hub, or behind a server.

Nodes hand on folders. A base that was not changed is referred to in place of copied, and so is a model that is not here.
"""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stepscale.errors import InputError
from stepscale.user_paths import written_out

FILE_NAME = "stepscale_reference.json"
Kind = Literal["model", "generator server", "verifier server", "public verifier", "generative verifier"]

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "tekken.json")
"""Names of files of which a folder holds one, if it holds a tokenizer."""
_SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")


class Reference(BaseModel):
    """What such a folder says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    source: str | None = Field(None, description="folder or hub name of the model, or of a served model's tokenizer")
    settings: dict[str, Any] = Field(
        {}, description="of a server, a public or a generative verifier: all of its settings"
    )
    identity: dict[str, Any] = Field({}, description="what of them decides the model's answers")

    def write(self, folder: Path) -> Path:
        """Write the file into a folder.

        Args:
            folder: Made if it is absent.

        Returns:
            The folder.
        """
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE_NAME).write_text(self.model_dump_json(indent=1) + "\n")
        return folder


def reference_in(folder: str | Path) -> Reference | None:
    """What the folder refers to; None if it holds a model itself or is a hub name.

    Args:
        folder: A folder, or a hub name.

    Raises:
        InputError: The file is damaged.
    """
    path = Path(folder) / FILE_NAME
    if not path.is_file():
        return None
    try:
        return Reference.model_validate_json(path.read_text())
    except ValidationError as error:
        raise InputError(f"{path}: {error.errors()[0]['msg']}; run the pipeline that makes it again") from None


def refer_to_model(source: str | Path, folder: Path) -> Path:
    """Make ``folder`` refer to a model.

    Args:
        source: A folder, noted by its absolute path, or a hub name.
        folder: Where the reference is written.
    """
    local = written_out(source)
    return Reference(kind="model", source=str(local.resolve()) if local.is_dir() else str(source)).write(folder)


def model_source(source: str | Path) -> str | Path:
    """Where the weights are: ``source`` itself, or what a folder refers to.

    Args:
        source: A folder, or a hub name.

    Raises:
        InputError: It is not a name of a model, or the folder refers to a model that is not here.
    """
    if not isinstance(source, str | Path) or not str(source).strip() or "\0" in str(source):
        raise InputError(f"{source!r:.60} names no model; give a folder or a Hugging Face name")
    reference = reference_in(source)
    if reference is None:
        return source
    if reference.kind != "model" or reference.source is None:
        raise InputError(f"{source}: the model is not here ({reference.kind}), and its weights are needed; name a base")
    return reference.source


def architectures(source: str | Path) -> tuple[str, ...]:
    """The class names that the config.json of a folder gives; empty for a hub name.

    Args:
        source: A folder, or a hub name.

    Raises:
        InputError: The file is not a model's config.json.
    """
    path = Path(source) / "config.json"
    if not path.is_file():
        return ()
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        named = config.get("architectures") or []
    except (ValueError, AttributeError, OSError) as error:
        raise InputError(f"{path} is not a model's config.json ({error}); copy the model again") from None
    if wrong := next((key for key in _SIZES if isinstance(config.get(key), int) and config[key] < 1), None):
        raise InputError(f"{path}: {wrong} is {config[wrong]!r:.60} and must be above 0; copy the model again")
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise InputError(f"{path}: architectures is {named!r:.60}, not a list of names; copy the model again")
    return tuple(named)
