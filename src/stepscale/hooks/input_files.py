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
from stepscale.hooks.settings_of_nodes import blocks_read
from stepscale.parameters import Parameters, StepBenchmarks, check_parameters

_CHOOSING = {"choose_format_examples", "choose_larger_examples"}
_READING_SAMPLES = {"read_samples", "read_samples_to_judge"}
_READING_BENCHMARKS = {"measure_on_step_benchmarks"}


def check_input_files(pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
    """Open every file that the configuration names and a node of the pipeline reads.

    Args:
        pipeline: The nodes that will run.
        catalog: Kedro's catalog of the run.

    Raises:
        InputError: One of them is missing or cannot be opened, or no file is named where one must be.
    """
    blocks = blocks_read(pipeline)
    if not blocks & {"problems", "search", "pool", "loop", "generator", "verifiers", "step_benchmarks"}:
        return
    parameters = check_parameters(catalog.load("parameters"))
    names = {node.name.rpartition(".")[2] for node in pipeline.nodes}
    if parameters.search.given_samples is None and names & _READING_SAMPLES:
        raise InputError("search.given_samples: it names no file; give it a path and a format")
    if not parameters.step_benchmarks.sources and names & _READING_BENCHMARKS:
        raise InputError("step_benchmarks: no benchmark is given; set processbench, prmbench or hard2verify")
    readers = _readers(parameters, {node.name for node in pipeline.nodes} if "generator" in blocks else set())
    for key, (source, nodes) in readers.items():
        if names & nodes and (path := getattr(source, "path", None)):
            _check(f"{key}.path", path, getattr(source, "options", {}).get("split"))
    if names & _READING_BENCHMARKS:
        _check_part_of_processbench(parameters.step_benchmarks)


def _check_part_of_processbench(benchmarks: StepBenchmarks) -> None:
    """Read ProcessBench, which is small, for a misspelt part would be known only after the PRM was trained."""
    from stepscale.formats import read
    from stepscale.studies.step_benchmarks.measure import check_part

    source = benchmarks.processbench
    if source is not None and not is_hub_name(source.path):
        try:
            check_part(read(source.path, source.format, **source.options), benchmarks.choose_on)
        except InputError as error:
            raise InputError(f"step_benchmarks: {error}") from None


def _readers(parameters: Parameters, asking: set[str]) -> dict[str, tuple[object, set[str]]]:
    """By key what may name a file, and the nodes that read it; ``asking``: those that may ask the generator."""
    generator, problems, samples = parameters.generator, parameters.problems, parameters.search.given_samples
    has_files = problems.source == "files"
    chosen_from_file = _CHOOSING if generator.fine_tuning and generator.examples == "given" else set()
    asked_by_examples = _CHOOSING - chosen_from_file if generator.fine_tuning else asking
    return {
        "problems.train": (problems.train, {"ingest", "read_given_labels"} | chosen_from_file if has_files else set()),
        "problems.test": (problems.test, {"ingest"} if has_files else set()),
        "search.given_samples": (samples, _READING_SAMPLES),
        **{
            f"search.given_samples.searches.{i}": (search, {"read_searches"})
            for i, search in enumerate(samples.searches if samples else ())
        },
        "pool.labeler": (parameters.pool.labeler, {"label_pool"}),
        "loop.labeler": (parameters.loop.labeler, {"label_beginning", "label"}),
        "generator.prompt": (generator.prompt, asked_by_examples),
        "verifiers.processbench": (parameters.verifiers.processbench, {"evaluate_verifiers"}),
        **{
            f"step_benchmarks.{name}": (source, _READING_BENCHMARKS)
            for name, source in parameters.step_benchmarks.sources.items()
        },
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
