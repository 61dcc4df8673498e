"""Files that the configuration names and a run is about to read: one that is missing is told before an MLflow run begins."""

from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from stepscale.errors import InputError
from stepscale.formats.hub import is_hub_name
from stepscale.formats.opening import readable
from stepscale.formats.source_files import data_files
from stepscale.hooks.hub_names import is_on_hub
from stepscale.hooks.settings import blocks_read
from stepscale.parameters import Parameters, check_parameters

_CHOOSING = {"choose_format_examples", "choose_larger_examples"}


def check_input_files(pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
    """Open every file that the configuration names and a node of the pipeline reads.

    Raises:
        InputError: One of them is missing or cannot be opened, or no file is named where one must be.
    """
    blocks = blocks_read(pipeline)
    if not blocks & {"problems", "search", "pool", "loop", "generator"}:
        return
    parameters = check_parameters(catalog.load("parameters"))
    readers = _readers(parameters, {node.name for node in pipeline.nodes} if "generator" in blocks else set())
    names = {node.name.rpartition(".")[2] for node in pipeline.nodes}
    for key in (key for key, nodes in readers.items() if names & nodes):
        block, field = key.split(".")
        source = getattr(getattr(parameters, block), field)
        if source is None and key == "search.given_samples":
            raise InputError(f"{key}: it names no file; give it a path and a format")
        if path := getattr(source, "path", None):
            _check(f"{key}.path", path, getattr(source, "options", {}).get("split"))


def _readers(parameters: Parameters, asking: set[str]) -> dict[str, set[str]]:
    """Keys whose block may name a file, and the nodes that read it; ``asking``: those that may ask the generator."""
    generator, has_files = parameters.generator, parameters.problems.source == "files"
    chosen_from_file = _CHOOSING if generator.fine_tuning and generator.examples == "given" else set()
    asked_by_examples = _CHOOSING - chosen_from_file if generator.fine_tuning else asking
    return {
        "problems.train": {"ingest", "read_given_labels"} | chosen_from_file if has_files else set(),
        "problems.test": {"ingest"} if has_files else set(),
        "search.given_samples": {"read_samples", "read_samples_to_judge"},
        "pool.labeler": {"label_pool"},
        "loop.labeler": {"label_beginning", "label"},
        "generator.prompt": asked_by_examples,
    }


def _check(key: str, path: str, split: str | None) -> None:
    if is_hub_name(path):
        name = path.removeprefix("hf://").strip("/")
        if not is_on_hub(name, "dataset"):
            raise InputError(f"{key}: there is no file or folder {path!r} here and no data set of that name on the hub")
        return
    try:
        files = data_files(Path(path), split)
    except InputError as error:
        raise InputError(f"{key}: {error}") from None
    for file in files:
        with readable(file):
            file.open("rb").close()
