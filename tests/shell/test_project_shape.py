"""The project as Kedro and its users see it: pipelines, catalog, and how little is imported before work begins."""

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints, is_typeddict

import pytest
import yaml
from configured import parameters
from kedro.pipeline import Pipeline

from stepscale.environments import pipelines_of
from stepscale.formats.declarations import Table
from stepscale.parameters import Parameters, check_parameters
from stepscale.pipeline_registry import MAIN, PIPELINES, STUDIES, register_pipelines

CONF = Path(__file__).resolve().parents[2] / "conf"
LAYERS = ["problems", "generator", "pool", "labels", "verifiers", "search", "report"]
Sources = dict[Path, tuple[str, ast.Module]]
HEAVY = ("torch", "transformers", "datasets", "sympy", "sklearn", "plotly")


@pytest.fixture(scope="module")
def pipelines() -> dict[str, Pipeline]:
    """Every pipeline by name."""
    return {name: create() for name, create in PIPELINES.items()}


@pytest.fixture(scope="module")
def sources() -> Sources:
    """Text and syntax of every file of the package."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted((CONF.parent / "src").rglob("*.py"))}
    return {path: (text, ast.parse(text)) for path, text in texts.items()}


@pytest.fixture(scope="module")
def written() -> dict[str, dict[str, Any]]:
    """The base environment's catalog as written, patterns among the names; what Kedro leaves out begins with "_"."""
    entries: dict[str, dict[str, Any]] = {}
    for path in CONF.glob("base/catalog*.yml"):
        added = {name: entry for name, entry in yaml.safe_load(path.read_text()).items() if not name.startswith("_")}
        assert not entries.keys() & added.keys(), "declared twice"
        entries |= added
    return entries


@pytest.fixture(scope="module")
def catalog(pipelines: dict[str, Pipeline], written: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every dataset of a pipeline with the entry, or the pattern, that says where it is."""
    from kedro.io import CatalogConfigResolver

    resolver = CatalogConfigResolver({name: {"type": entry["type"]} for name, entry in written.items()})
    names = set().union(*(data_of(pipeline.datasets()) for pipeline in pipelines.values()))
    patterns = {name: resolver.match_dataset_pattern(name) for name in names - written.keys()}
    matched = {name: written[pattern] for name, pattern in patterns.items() if pattern}
    return {name: written[name] for name in names & written.keys()} | matched


def data_of(names: set[str]) -> set[str]:
    """Those that are datasets and not parameters."""
    return {name for name in names if not name.startswith("params:") and name != "parameters"}


def test_the_command_lists_exactly_the_pipelines_of_the_registry(kedro_in: Callable[..., Any], project: Path) -> None:
    done = kedro_in(project, "registry", "list")
    assert done.exit_code == 0, done.stderr
    assert re.findall(r"^- (\w+)", done.stdout, re.M) == sorted(["__default__", *PIPELINES])


def test_every_dataset_that_crosses_a_border_is_in_the_catalog(
    pipelines: dict[str, Pipeline], catalog: dict[str, dict[str, Any]]
) -> None:
    for name, pipeline in pipelines.items():
        crossing = data_of(pipeline.inputs() | pipeline.outputs())
        assert crossing <= set(catalog), f"{name}: {crossing - set(catalog)} would live in memory only"


def test_every_catalog_entry_is_used_and_says_its_layer(
    pipelines: dict[str, Pipeline], catalog: dict[str, dict[str, Any]], written: dict[str, dict[str, Any]]
) -> None:
    used = {id(entry) for entry in catalog.values()}
    assert [name for name, entry in written.items() if id(entry) not in used] == []
    for name, entry in written.items():
        if name != "{work}_shards":  # pieces of work of every layer
            assert entry["metadata"]["kedro-viz"]["layer"] in LAYERS, name


def test_every_parquet_entry_is_a_declared_table(written: dict[str, dict[str, Any]]) -> None:
    for name, entry in written.items():
        if entry["type"].endswith(("ParquetDataset", "pandas.JSONDataset")):
            assert callable(declared(entry.get("validator", ""))), name
        elif entry["type"].endswith("StudyTablesDataset"):
            assert all(isinstance(table, Table) for table in declared(entry["tables"]).values()), name
        elif entry["type"].endswith("OptionalTableDataset"):
            assert isinstance(declared(entry["table"]), Table), name


def declared(dotted: str) -> Any:
    """What a dotted name of the catalog stands for."""
    module, _, name = dotted.rpartition(".")
    assert module, "no table is declared for it"
    return getattr(import_module(module), name)


def test_the_main_run_is_five_pipelines_and_studies_are_none_of_it(pipelines: dict[str, Pipeline]) -> None:
    main = register_pipelines()["__default__"]
    assert set(MAIN) == {"ingestion", "active_learning", "reward_modeling", "test_time_search", "reporting"}
    assert {node.name for node in main.nodes} == {node.name for name in MAIN for node in pipelines[name].nodes}
    for name in STUDIES:
        assert not set(main.nodes) & set(pipelines[name].nodes), name


def test_a_person_can_read_the_picture_of_a_pipeline_at_once() -> None:
    for name, pipeline in register_pipelines().items():
        boxes = {(node.namespace or node.name).split(".")[0] for node in pipeline.nodes}
        assert len(boxes) <= 25, f"{name}: {len(boxes)} boxes"


def test_nodes_take_six_named_inputs_at_the_most_and_give_four_outputs(pipelines: dict[str, Pipeline]) -> None:
    for node in {node for pipeline in pipelines.values() for node in pipeline.nodes}:
        assert len(node.inputs) <= 6 and len(node.outputs) <= 4, node.name
        assert isinstance(node._inputs, dict), f"{node.name}: inputs are not named"


def test_a_node_that_gives_more_than_one_output_names_each(pipelines: dict[str, Pipeline]) -> None:
    several = [node for pipeline in pipelines.values() for node in pipeline.nodes if len(node.outputs) > 1]
    assert len({node.name for node in several}) > 15
    assert {node.name for node in several if not isinstance(node._outputs, dict)} == set()


def test_what_a_node_returns_has_the_names_of_its_outputs(pipelines: dict[str, Pipeline]) -> None:
    """Where its return type tells them; the others' are typed as a plain dict."""
    told = {}
    for node in {node for pipeline in pipelines.values() for node in pipeline.nodes}:
        returned = get_type_hints(node.func).get("return")
        if isinstance(node._outputs, dict) and is_typeddict(returned):
            told[node.name] = returned.__required_keys__, node._outputs.keys()
    assert len(told) > 15
    assert [name for name, (returned, outputs) in told.items() if returned != outputs] == []


def test_no_parameter_of_a_study_may_be_null() -> None:
    blocks = {name: field.annotation for name, field in Parameters.model_fields.items()}
    nullable = [name for name, kind in blocks.items() if type(None) in get_args(kind)]
    assert set(nullable) == {"data_root", "tracking_root", "run_name", "cluster"}


# What an environment takes from a run that was made before, as its first lines say.
OPTIONAL = {"revision_accuracy"}  # of a study that may not have been run; then it has no rows
OF_ANOTHER_RUN = {
    "later_methods": {"prm_model", "orm_model"},
    "world_map": {"test_problems", "test_solutions", "prm_scores", "orm_scores", "scored_samples"},
}


@pytest.mark.parametrize("env", [folder.name for folder in CONF.iterdir() if (folder / "run.yml").is_file()])
def test_what_an_environment_runs_needs_nothing_that_it_does_not_make(env: str, pipelines: dict[str, Pipeline]) -> None:
    names = yaml.safe_load((CONF / env / "run.yml").read_text())["pipelines"]
    whole = sum((pipelines[name] for name in names), Pipeline([]))  # two nodes that make the same would be refused here
    absent = {name for name in data_of(whole.inputs()) if not name.endswith("_part")} - OPTIONAL
    assert absent == OF_ANOTHER_RUN.get(env, set()), f"{env} needs {absent}"


# Nodes that have nothing to do with some settings, and when they have.
IDLE: dict[str, Callable[[Parameters], bool]] = {
    "choose_format_examples": lambda parameters: parameters.generator.is_taken_as_it_is,
    "choose_larger_examples": lambda parameters: parameters.generator.is_taken_as_it_is,
}


@pytest.mark.parametrize("env", [folder.name for folder in CONF.iterdir() if (folder / "run.yml").is_file()])
def test_no_environment_runs_a_node_to_return_nothing(env: str, pipelines: dict[str, Pipeline]) -> None:
    written = parameters(env)
    if env == "samples":
        written["search"]["given_samples"]["path"] = "samples.jsonl"  # which the command line names
    checked = check_parameters(written)
    names = {node.name.rpartition(".")[2] for name in pipelines_of(env, str(CONF)) for node in pipelines[name].nodes}
    assert {node.name.rpartition(".")[2] for pipeline in pipelines.values() for node in pipeline.nodes} >= IDLE.keys()
    assert {name for name in names & IDLE.keys() if IDLE[name](checked)} == set()


def test_samples_pass_through_no_node_that_reads_what_need_not_be_given(pipelines: dict[str, Pipeline]) -> None:
    names = [node.name.removeprefix("given_samples.") for node in pipelines["samples"].nodes]
    assert sorted(names) == ["measure_samples", "read_samples", "score_given", "show_samples", "sort_scores"]
    assert [node.name for node in pipelines["sampled_test"].nodes] == [
        "choose_test_problems",
        "sample_test",
        "gather_test",
    ]


def test_data_flows_from_left_to_right(pipelines: dict[str, Pipeline], catalog: dict[str, dict[str, Any]]) -> None:
    for pipeline in pipelines.values():
        for node in pipeline.nodes:
            before, after = (
                [place(name, catalog) for name in data_of(set(names)) if "metadata" in catalog.get(name, {})]
                for names in (node.inputs, node.outputs)
            )
            assert not before or not after or max(before) <= max(after), f"{node.name} goes back to an earlier layer"


def test_the_loop_waits_for_no_verifier_unless_prm_large_labels(pipelines: dict[str, Pipeline]) -> None:
    assert not {"prm_model", "large_prm_model", "step_labels"} & pipelines["data_loop"].inputs()
    by_prm = pipelines["data_loop_by_prm"]
    assert "large_prm_model" in by_prm.inputs() and by_prm.all_outputs() == pipelines["data_loop"].all_outputs()
    names = {node.name for node in by_prm.nodes}
    assert names == {node.name for node in pipelines["data_loop"].nodes}, "only who labels differs"


def test_people_can_label_between_two_commands(pipelines: dict[str, Pipeline]) -> None:
    study = pipelines["data_loop"]
    commands = [study.to_nodes("begin_loop"), study.from_nodes("label_beginning").to_nodes("round_1.choose")]
    for i in (1, 2):
        commands.append(
            study.from_nodes(f"round_{i}.label").to_nodes(f"round_{i}.look_at_health", f"round_{i + 1}.choose")
        )
    commands.append(study.from_nodes("round_3.label"))
    there = data_of(study.inputs())
    for i, command in enumerate(commands):
        assert data_of(command.inputs()) <= there, f"command {i} needs what none before it made"
        there |= command.all_outputs()
        assert f"loop_asked_{i}" in there or i == 4, "each but the last leaves what is to be labeled next"
    assert there >= data_of(study.all_outputs()), "together they are the whole"


def place(name: str, catalog: dict[str, dict[str, Any]]) -> int:
    """Where a dataset's layer stands from left to right."""
    return LAYERS.index(catalog[name]["metadata"]["kedro-viz"]["layer"])


def test_pipelines_are_described_without_importing_anything_heavy() -> None:
    code = "import sys, stepscale.pipeline_registry, stepscale.parameters, stepscale.hooks, stepscale.tracking"
    code += (
        f"; stepscale.pipeline_registry.register_pipelines(); print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_picture_is_built_with_its_layers_from_left_to_right(kedro_in: Callable[..., Any], project: Path) -> None:
    done = kedro_in(project, "viz", "build")
    assert done.exit_code == 0, done.stderr
    graph = json.loads((project / "build" / "api" / "main").read_text())
    assert graph["layers"] == LAYERS


def test_no_class_is_named_twice_and_no_file_thrice_but_those_that_every_room_has(sources: Sources) -> None:
    of_rooms = {"__init__.py", "__main__.py", "contract.py"}  # of a package, and of a room that others implement
    of_rooms |= {"tables.py", "measure.py", "claims.py", "figures.py"}  # of a study
    of_rooms |= {"pipeline.py", "nodes.py", "measuring.py"}  # of a pipeline
    classes = Counter(
        node.name for _, tree in sources.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    )
    assert [name for name, number in classes.items() if number > 1] == []
    names = Counter(path.name for path in sources if path.name not in of_rooms)
    assert [name for name, number in names.items() if number > 2] == []


def test_no_private_name_of_kedro_or_mlflow_is_used(sources: Sources) -> None:
    private = []
    for path, (_, tree) in sources.items():
        bound = dict[str, str]()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = getattr(node, "module", None)
                bound |= {alias.asname or alias.name: f"{module or alias.name}.{alias.name}" for alias in node.names}
        theirs = {name: origin for name, origin in bound.items() if origin.startswith(("kedro", "mlflow"))}
        private += [f"{path.name}: {origin}" for origin in theirs.values() if "._" in origin]
        for node in ast.walk(tree):
            is_theirs = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in theirs
            if is_theirs and node.attr.startswith("_"):
                private.append(f"{path.name}: {ast.unparse(node)}")
    marks_servers = (
        "pyfunc_model.py: mlflow.environment_variables._MLFLOW_IS_IN_SERVING_ENVIRONMENT"  # nothing public does
    )
    assert private == [marks_servers]


def test_files_and_functions_are_short_enough_to_be_read_at_once(sources: Sources) -> None:
    assert [path.name for path, (text, _) in sources.items() if len(text.splitlines()) > 250] == []
    functions = [
        node
        for _, tree in sources.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert len(functions) > 1000
    assert [function.name for function in functions if lines_of_code(function) > 40] == []


def test_no_test_judges_speed_by_a_clock() -> None:
    clocks = re.compile(r"\b(process_time|perf_counter|deadline=\d)")
    files = [path for path in Path(__file__).parents[1].rglob("*.py") if path != Path(__file__)]
    times_kills = {"test_resume.py"}
    assert {path.name for path in files if clocks.search(path.read_text(encoding="utf-8"))} == times_kills


def lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From ``def`` to the last line, without the docstring."""
    first = function.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if is_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring
