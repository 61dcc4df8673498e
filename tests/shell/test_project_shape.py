"""The project as Kedro and its users see it: pipelines, catalog, and how little is imported before work begins."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from kedro.pipeline import Pipeline

from stepscale.pipeline_registry import PIPELINES

CONF = Path(__file__).resolve().parents[2] / "conf"
LAYERS = ["problems", "generator", "pool", "labels", "verifiers", "search", "report"]
HEAVY = ("torch", "transformers", "datasets", "sympy", "sklearn", "plotly")


@pytest.fixture(scope="module")
def pipelines() -> dict[str, Pipeline]:
    """Every pipeline by name."""
    from importlib import import_module

    return {name: import_module(f"stepscale.pipelines.{name}").create_pipeline() for name in PIPELINES}


@pytest.fixture(scope="module")
def catalog() -> dict[str, dict[str, Any]]:
    """The base environment's catalog as written."""
    entries: dict[str, dict[str, Any]] = {}
    for path in CONF.glob("base/catalog*.yml"):
        entries |= yaml.safe_load(path.read_text())
    return {name: entry for name, entry in entries.items() if not name.startswith("_")}


def data_of(names: set[str]) -> set[str]:
    """Those that are datasets and not parameters."""
    return {name for name in names if not name.startswith("params:") and name != "parameters"}


def test_the_command_lists_exactly_the_five_pipelines(
    kedro: Callable[..., "subprocess.CompletedProcess[str]"],
) -> None:
    done = kedro("registry", "list")
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^- (\w+)", done.stdout, re.M) == sorted(["__default__", *PIPELINES])


def test_every_dataset_that_crosses_a_border_is_in_the_catalog(
    pipelines: dict[str, Pipeline], catalog: dict[str, dict[str, Any]]
) -> None:
    for name, pipeline in pipelines.items():
        crossing = data_of(pipeline.inputs() | pipeline.outputs())
        assert crossing <= set(catalog), f"{name}: {crossing - set(catalog)} would live in memory only"


def test_every_catalog_entry_is_used_and_says_its_layer(
    pipelines: dict[str, Pipeline], catalog: dict[str, dict[str, Any]]
) -> None:
    used = set().union(*(data_of(pipeline.datasets()) for pipeline in pipelines.values()))
    for name in catalog:
        pattern = re.sub(r"\{\w+\}", r"\\w+", name)
        assert any(re.fullmatch(pattern, dataset) for dataset in used), name
    for name, entry in catalog.items():
        assert entry["metadata"]["kedro-viz"]["layer"] in LAYERS, name


def test_data_flows_from_left_to_right(pipelines: dict[str, Pipeline], catalog: dict[str, dict[str, Any]]) -> None:
    for pipeline in pipelines.values():
        for node in pipeline.nodes:
            before = [place(name, catalog) for name in data_of(set(node.inputs)) if name in catalog]
            after = [place(name, catalog) for name in data_of(set(node.outputs)) if name in catalog]
            assert not before or not after or max(before) <= max(after), f"{node.name} goes back to an earlier layer"


def test_who_labels_does_not_make_the_loop_wait_for_the_verifiers_nor_close_a_circle(
    pipelines: dict[str, Pipeline], catalog: dict[str, dict[str, Any]]
) -> None:
    whole = sum(pipelines.values(), Pipeline([]))  # a circle would be refused here
    before = whole.to_nodes(*(node.name for node in whole.nodes if node.name.endswith((".label", "label_beginning"))))
    assert {node.name for node in before.nodes}.isdisjoint(node.name for node in pipelines["reward_modeling"].nodes)
    assert "step_labels" not in before.datasets(), "the loop's labels are not the pool's"
    for name in ("earlier_prm_model", "earlier_large_prm_model"):
        made = catalog[name.removeprefix("earlier_")]
        assert catalog[name]["filepath"] == made["filepath"] and name in pipelines["active_learning"].inputs()
        assert catalog[name]["metadata"]["optional"] and catalog[name]["or_none"]


def test_people_can_label_between_two_commands(pipelines: dict[str, Pipeline]) -> None:
    own = pipelines["active_learning"]
    commands = [own.to_nodes("begin_loop", "label_steps"), own.from_nodes("label_beginning").to_nodes("round_1.choose")]
    for i in (1, 2):
        commands.append(
            own.from_nodes(f"round_{i}.label").to_nodes(f"round_{i}.look_at_health", f"round_{i + 1}.choose")
        )
    commands.append(own.from_nodes("round_3.label"))
    there = data_of(own.inputs())
    for i, command in enumerate(commands):
        assert data_of(command.inputs()) <= there, f"command {i} needs what none before it made"
        there |= command.all_outputs()
        assert f"loop_asked_{i}" in there or i == 4, "each but the last leaves what is to be labelled next"
    assert there >= data_of(own.all_outputs()), "together they are the whole"


def place(name: str, catalog: dict[str, dict[str, Any]]) -> int:
    """Where a dataset's layer stands from left to right."""
    return LAYERS.index(catalog[name]["metadata"]["kedro-viz"]["layer"])


def test_pipelines_are_described_without_importing_anything_heavy() -> None:
    modules = ", ".join(f"stepscale.pipelines.{name}.pipeline" for name in PIPELINES)
    code = f"import sys, {modules}, stepscale.parameters, stepscale.hooks, stepscale.tracking, stepscale.datasets.model_folder\n"
    code += f"print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_picture_is_built_with_its_layers_from_left_to_right(
    kedro: Callable[..., "subprocess.CompletedProcess[str]"], project: Path
) -> None:
    done = kedro("viz", "build")
    assert done.returncode == 0, done.stderr
    drawn = json.loads((project / "build" / "api" / "main").read_text())
    assert drawn["layers"] == LAYERS
