"""Files that the configuration names and a run is about to read; a missing one is reported before an MLflow run begins."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from stepscale.errors import InputError
from stepscale.formats.hub import hub_name, is_hub_name
from stepscale.formats.opening import readable
from stepscale.formats.source_files import data_files
from stepscale.hooks.settings_of_nodes import blocks_read
from stepscale.hub_names import ask_hub
from stepscale.parameters import FileSource, Parameters, StepBenchmarks, check_parameters

if TYPE_CHECKING:
    from stepscale.formats import Tables

_CHOOSING = {"choose_format_examples", "choose_larger_examples"}
_READING_SAMPLES = {"read_samples", "read_samples_to_judge"}
_READING_BENCHMARKS = {"measure_on_step_benchmarks"}
_EVALUATING = {"evaluate_verifiers"}


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
    if names & _EVALUATING:
        _read_benchmark("verifiers.processbench", parameters.verifiers.processbench)
    if names & _READING_BENCHMARKS:
        _read_step_benchmarks(parameters.step_benchmarks)


def _read_step_benchmarks(benchmarks: StepBenchmarks) -> None:
    """Read the benchmarks, which are small: otherwise a mistake in them would show only after the PRM was trained."""
    from stepscale.studies.step_benchmarks.measure import check_part

    for name, source in benchmarks.sources.items():
        tables = _read_benchmark(f"step_benchmarks.{name}", source)
        if name == "processbench" and tables is not None:
            try:
                check_part(tables, benchmarks.choose_on)
            except InputError as error:
                raise InputError(f"step_benchmarks: {error}") from None


def _read_benchmark(key: str, source: FileSource | None) -> "Tables | None":
    from stepscale.formats.read_once import read_benchmark

    try:
        return None if source is None else read_benchmark(source.path, source.format, source.options)
    except InputError as error:
        raise InputError(f"{key}: {error}") from None


def _readers(parameters: Parameters, asking: set[str]) -> dict[str, tuple[object, set[str]]]:
    """By key the settings that may name a file, and the nodes that read it; ``asking``: those that may call the generator."""
    generator, problems, samples = parameters.generator, parameters.problems, parameters.search.given_samples
    has_files = problems.source == "files"
    chosen_from_file = set() if generator.is_taken_as_it_is or generator.examples != "given" else _CHOOSING
    asked_by_examples = asking if generator.is_taken_as_it_is else _CHOOSING - chosen_from_file
    return {
        "problems.train": (problems.train, {"ingest", "read_given_labels"} | chosen_from_file if has_files else set()),
        "problems.test": (problems.test, {"ingest"} if has_files else set()),
        "search.given_samples": (samples, _READING_SAMPLES),
        **{
            f"search.given_samples.searches.{i}": (search, {"measure_samples"})
            for i, search in enumerate(samples.searches if samples else ())
        },
        "pool.labeler": (parameters.pool.labeler, {"label_pool"}),
        "loop.labeler": (parameters.loop.labeler, {"label_beginning", "label"}),
        "generator.prompt": (generator.prompt, asked_by_examples),
        "verifiers.processbench": (parameters.verifiers.processbench, _EVALUATING),
        **{
            f"step_benchmarks.{name}": (source, _READING_BENCHMARKS)
            for name, source in parameters.step_benchmarks.sources.items()
        },
    }


def _check(key: str, path: str, split: str | None) -> None:
    if is_hub_name(path):
        name, revision = hub_name(path)
        if ask_hub(name, "dataset", revision) == "absent":
            raise InputError(f"{key}: there is no file or folder {path!r} here and no data set of that name on the hub")
        return
    try:
        files = data_files(Path(path), split)
    except InputError as error:
        raise InputError(f"{key}: {error}") from None
    for file in files:
        with readable(file):
            file.open("rb").close()
