"""A folder that holds a Hugging Face model: what passes between nodes is its path, never its weights.

Domain code loads from the path; the catalog stays cheap to load and to pickle. kedro-datasets has no such dataset.
"""

import json
from pathlib import Path, PurePosixPath
from typing import Any

from kedro.io.core import AbstractVersionedDataset, Version

from stepscale.datasets.local_folder import local_folder
from stepscale.errors import InputError
from stepscale.references import reference_in
from stepscale.scratch import replace_folder


class ModelFolderDataset(AbstractVersionedDataset[Path, Path]):
    """Saves by copying a folder with ``config.json`` and ``*.safetensors``; loads its path.

    ``expects``: ending of the architecture's name (``CausalLM``, ``TokenClassification``); loading another kind raises
    InputError. ``filepath``: where the folder is.
    """

    def __init__(
        self,
        *,
        filepath: str,
        expects: str | None = None,
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self.metadata = metadata
        self.expects = expects
        super().__init__(filepath=PurePosixPath(local_folder(filepath)), version=version)

    def load(self) -> Path:
        """The folder's path, checked."""
        folder = Path(str(self._get_load_path()))
        check_model_folder(folder, self.expects)
        return folder

    def save(self, data: Path) -> None:
        """Copy a model folder here; what was here before is replaced only when the copy is whole."""
        check_model_folder(Path(data), self.expects)
        target = Path(str(self._get_save_path()))
        if target.resolve() == Path(data).resolve():
            return
        replace_folder(Path(data), target)

    def _exists(self) -> bool:
        folder = Path(str(self._get_load_path()))
        return (folder / "config.json").is_file() or reference_in(folder) is not None

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "expects": self.expects, "version": self._version}


def check_model_folder(folder: Path, expects: str | None = None) -> None:
    """Check that a folder holds a model of the expected kind, in safetensors, or refers to one.

    Args:
        folder: The folder.
        expects: How the architecture's name must end, such as ``CausalLM``; None: any model.

    Raises:
        InputError: It does not.
    """
    if reference_in(folder):
        return
    config = folder / "config.json"
    if not config.is_file():
        raise InputError(f"{folder}: no model here (config.json is missing); run the pipeline that makes it first")
    if not any(folder.glob("*.safetensors")):
        raise InputError(
            f"{folder}: no *.safetensors weights; save the model with save_pretrained (pickle is not read)"
        )
    try:
        architectures = json.loads(config.read_text()).get("architectures") or ["unknown"]
    except (json.JSONDecodeError, AttributeError) as error:
        raise InputError(f"{config}: not a model's config.json ({error})") from None
    if expects and not str(architectures[0]).endswith(expects):
        raise InputError(f"{folder}: holds a {architectures[0]}, but a model for {expects} is needed here")
