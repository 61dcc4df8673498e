"""What made each dataset on disk: a small JSON file per dataset under the data folder.

A dataset's id is a hash of its content. So a dataset that was made again with the same content keeps its id, and data that was
put there by hand has an id too. Datasets in memory have no file: their own inputs count as the inputs of what is made from them.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import CatalogProtocol
from kedro.pipeline.node import Node

from stepscale.errors import InputError
from stepscale.hooks.inputs import is_parameter, nodes_by_output
from stepscale.hooks.named_files import named_files, place_of_named
from stepscale.hooks.origin import MadeOf, Origin
from stepscale.resume import code_hash, content_hash
from stepscale.revision import code_revision
from stepscale.scratch import write_atomically

if TYPE_CHECKING:
    from stepscale.parameters import Parameters

_FOLDER, _IDS = "lineage", "ids.json"
_OF_ONE_RUN = {"data_root", "tracking_root", "run_name"}  # where it is and how it is called: not what data is made of


class Lineage:
    """The records of one data folder.

    Args:
        data: The data folder.
        catalog: Where datasets are.
        run: The run's name for what it saves, Kedro's session id.
    """

    def __init__(self, data: Path, catalog: CatalogProtocol[Any, Any], run: str) -> None:
        self._folder, self.catalog, self._run = data / _FOLDER, catalog, run
        self._in_memory: dict[str, MadeOf] = {}
        self._ids: dict[str, tuple[str, str]] = self._read_json(_IDS) or {}

    def origin(self, name: str) -> Origin | None:
        """What made the dataset on disk.

        Args:
            name: Of the dataset.

        Returns:
            Its origin; None if that is not on record, or if the dataset was put there by hand.
        """
        origin = self._read_json(f"{name}.json")
        return origin if origin and origin.get("id") == self.id_of(name) else None

    def record(self, name: str, node: Node, seconds: float) -> None:
        """Write down that ``node`` has just saved the dataset.

        Args:
            name: Of the dataset.
            node: What made it.
            seconds: How long the node took.
        """
        made_of = self._made_of(node, seconds)
        identity = self.id_of(name)
        if identity is None:
            self._in_memory[name] = made_of
            return
        import mlflow

        active = mlflow.active_run()
        origin = Origin(
            id=identity,
            node=node.name,
            code=code_of(node),
            parameters=made_of.parameters,
            inputs=made_of.inputs,
            seconds=made_of.seconds,
            revision=code_revision(),
            run=self._run,
            mlflow_run=active.info.run_id if active else None,
            time=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        self._write_json(f"{name}.json", origin)

    def id_of(self, name: str) -> str | None:
        """A hash of a dataset's content on disk, read again only if a file's size or time changed.

        Args:
            name: Of the dataset.

        Returns:
            The hash; None if nothing is there.
        """
        path = self.place_of(name)
        if path is None or not path.exists():
            return None
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        stats = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.is_file()]
        state = content_hash(stats)
        saved_id = self._ids.get(str(path))
        if saved_id and saved_id[0] == state:
            return saved_id[1]
        identity = content_hash(path)
        self._ids[str(path)] = (state, identity)
        self._write_json(_IDS, self._ids)
        return identity

    def place_of(self, name: str) -> Path | None:
        """Where a dataset is.

        Args:
            name: Of the dataset, of the catalog or in a file that the run names.

        Returns:
            Its path; None if it does not lie on this machine's disk.
        """
        if named := place_of_named(name):
            return named
        if is_parameter(name) or name not in self.catalog:
            return None
        return place_on_disk(self.catalog[name])

    def parameters_now(self, names: Iterable[str]) -> dict[str, Any]:
        """Today's values of parameters, as they are recorded.

        Args:
            names: As nodes name them, such as ``params:generator``.

        Returns:
            By name; what today's configuration lacks is left out.
        """
        values = dict[str, Any]()
        for name in names:
            with suppress(KeyError, InputError):  # blocks that do not agree are refused where they are read
                values[name] = plain(self._parameter(name))
        return values

    @cached_property
    def _parameters(self) -> "Parameters | None":
        from stepscale.parameters import check_parameters

        return check_parameters(self.catalog.load("parameters")) if "parameters" in self.catalog else None

    def _parameter(self, name: str) -> Any:
        """A block with all its defaults. Kedro turns only the blocks that a node of this run reads into typed settings."""
        from stepscale.parameters import SETTINGS, settings_of

        block = name.removeprefix("params:")
        if self._parameters and block == "parameters":  # all, alike whichever blocks Kedro has typed
            return self._parameters.model_dump(mode="json", exclude=_OF_ONE_RUN)
        if self._parameters and block in SETTINGS:
            return settings_of(self._parameters, block)
        if self._parameters and block in type(self._parameters).model_fields:
            return getattr(self._parameters, block)
        if name not in self.catalog:
            raise KeyError(name)
        return self.catalog.load(name)

    def _made_of(self, node: Node, seconds: float) -> MadeOf:
        """For inputs in memory, what they were made of."""
        made_of = MadeOf({}, {}, {node.name: round(seconds, 3)})
        for name in node.inputs:
            if is_parameter(name):
                block = self._parameter(name)
                made_of.parameters[name] = plain(block)
                made_of.inputs.update({file: found for file in named_files(block) if (found := self.id_of(file))})
            elif name in self._in_memory:
                made_of.add(self._in_memory[name])
            elif not self.is_of_earlier_run(name) and (identity := self.id_of(name)):
                made_of.inputs[name] = identity
        return made_of

    def is_of_earlier_run(self, name: str) -> bool:
        """Whether the name is an alias for a dataset of an earlier run, which this run replaces later by design.

        Args:
            name: As a node asks for it.
        """
        makers = nodes_by_output()
        place = self.place_of(name)
        return name not in makers and any(self.place_of(output) == place for output in makers if output != name)

    def _read_json(self, name: str) -> Any:
        path = self._folder / name
        try:
            value = json.loads(path.read_text()) if path.is_file() else None
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def _write_json(self, name: str, value: object) -> None:
        text = json.dumps(value, indent=1, default=str)
        write_atomically(self._folder / name, lambda path: path.write_text(text))


def place_on_disk(dataset: object) -> Path | None:
    """Where a dataset lies. Kedro has no public name for it: its data sets keep it as ``_filepath`` or ``_path``.

    Args:
        dataset: Of the catalog.

    Returns:
        Its path; None if it does not lie on this machine's disk.
    """
    for attribute in ("lineage_path", "_filepath", "_path"):
        place = getattr(dataset, attribute, None)
        if place is not None and getattr(dataset, "_protocol", "file") == "file":
            return Path(str(place))
    return None


def code_of(node: Node) -> str:
    """A hash of the code behind a node.

    Args:
        node: Of Kedro.
    """
    function: Callable[..., Any] = node.func
    return code_hash(getattr(function, "func", function))  # of a partial its function


def plain(value: Any) -> Any:
    """A parameter as plain JSON values, such as a file holds.

    Args:
        value: As Kedro gives it: values of YAML, or typed by Pydantic.
    """
    typed = value.model_dump(mode="json") if hasattr(value, "model_dump") else value
    return json.loads(json.dumps(typed, default=str))
