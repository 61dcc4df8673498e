"""Files that the configuration names are opened before an MLflow run begins, each only where a node reads it."""

import json
from pathlib import Path
from typing import Any

import pytest
from configured import parameters
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline
from mlflow import MlflowClient

from stepscale.errors import InputError
from stepscale.hooks.checkpoints import check_checkpoint_folders
from stepscale.hooks.input_files import check_input_files
from stepscale.pipeline_registry import PIPELINES

SAMPLES = {"path": "nowhere.jsonl", "format": "best_of_n"}
FILES = {"source": "files", "train": SAMPLES, "test": SAMPLES}
SEARCHED = {"path": __file__, "format": "best_of_n", "searches": [{"path": "nowhere.jsonl", "format": "openr"}]}
BENCHMARK = {"path": "nowhere.jsonl", "format": "prmbench"}
PEOPLE = {"kind": "file", "path": "nowhere.jsonl"}
EXAMPLES = {"style": "few_shot", "path": "nowhere.jsonl"}


def check(pipeline: str, changes: dict[str, Any], nodes: list[str] | None = None) -> None:
    """Check a pipeline, or some of its nodes, with blocks of the base environment's parameters changed."""
    base = parameters("base")
    changed = {block: base[block] | fields for block, fields in changes.items()}
    catalog = DataCatalog({"parameters": MemoryDataset(base | changed)})
    whole: Pipeline = PIPELINES[pipeline]()
    check_input_files(whole.only_nodes(*nodes) if nodes else whole, catalog)


@pytest.mark.parametrize(
    ("pipeline", "changes", "key"),
    [
        ("ingestion", {"problems": FILES}, "problems.train.path"),
        ("given_labels", {"problems": FILES}, "problems.train.path"),
        ("samples", {"search": {"given_samples": SAMPLES}}, "search.given_samples.path"),
        ("judge_samples", {"search": {"given_samples": SAMPLES}}, "search.given_samples.path"),
        ("samples", {"search": {"given_samples": SEARCHED}}, "search.given_samples.searches.0.path"),
        ("reward_modeling", {"verifiers": {"processbench": BENCHMARK}}, "verifiers.processbench.path"),
        ("step_benchmarks", {"step_benchmarks": {"prmbench": BENCHMARK}}, "step_benchmarks.prmbench.path"),
        ("active_learning", {"pool": {"labeler": PEOPLE}}, "pool.labeler.path"),
        ("data_loop", {"loop": {"labeler": PEOPLE}}, "loop.labeler.path"),
        ("ingestion", {"generator": {"prompt": EXAMPLES}}, "generator.prompt.path"),
        ("best_of_n", {"generator": {"prompt": EXAMPLES, "fine_tuning": None}}, "generator.prompt.path"),
    ],
)
def test_every_file_that_a_run_would_read_is_looked_for(pipeline: str, changes: dict[str, Any], key: str) -> None:
    with pytest.raises(InputError, match=f"^{key}: nowhere.jsonl: there is no such file or folder"):
        check(pipeline, changes)


@pytest.mark.parametrize(
    ("pipeline", "changes"),
    [
        ("reporting", {"problems": FILES, "search": {"given_samples": SAMPLES}, "pool": {"labeler": PEOPLE}}),
        ("best_of_n", {"search": {"given_samples": SAMPLES}}),
        ("best_of_n", {"generator": {"prompt": EXAMPLES}}),
        ("ingestion", {"problems": {**FILES, "source": "lab"}}),
    ],
)
def test_a_file_that_no_node_of_the_run_reads_may_be_gone(pipeline: str, changes: dict[str, Any]) -> None:
    check(pipeline, changes)


def test_samples_that_no_parameter_names_are_asked_for() -> None:
    with pytest.raises(InputError, match=r"search\.given_samples: it names no file; give it a path and a format"):
        check("samples", {})


def test_step_benchmarks_that_no_parameter_names_are_asked_for() -> None:
    with pytest.raises(
        InputError, match="step_benchmarks: no benchmark is given; set processbench, prmbench or hard2v"
    ):
        check("step_benchmarks", {})


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text("{}\n")

    def refuse(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"samples\.jsonl cannot be read .*Permission denied"):
        check("samples", {"search": {"given_samples": {"path": str(path), "format": "best_of_n"}}})


def test_a_data_set_that_the_hub_does_not_know_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepscale.hooks.input_files.ask_hub", lambda *_: "absent")
    with pytest.raises(InputError, match="no data set of that name on the hub"):
        check("samples", {"search": {"given_samples": {"path": "nobody/nothing", "format": "best_of_n"}}})


def test_no_mlflow_run_is_begun_for_samples_that_are_not_there(run_in: Any, project: Path) -> None:
    done = run_in(project, "--env", "lightman_figure3")
    assert done.exit_code == 1
    assert done.output.count("there is no such file or folder") == 1, done.output
    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    assert client.search_runs([experiment.experiment_id for experiment in client.search_experiments()]) == []


def test_a_part_of_processbench_that_is_not_there_is_told_before_the_run(tmp_path: Path) -> None:
    file = tmp_path / "math.jsonl"
    row = {"id": "math-0", "problem": "1+1?", "steps": ["2"], "label": -1, "final_answer_correct": True}
    file.write_text(json.dumps(row))
    source = {"processbench": {"path": str(file), "format": "processbench"}}
    with pytest.raises(InputError, match=r"step_benchmarks: choose_on: ProcessBench has no part 'gsm8k' .* are math$"):
        check("step_benchmarks", {"step_benchmarks": source})
    check("step_benchmarks", {"step_benchmarks": source | {"choose_on": "math"}})


ROWS = [{"id": "math-0", "problem": "1+1?", "steps": ["2"], "label": -1, "final_answer_correct": True}]


def test_processbench_of_the_hub_is_read_before_the_run_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from stepscale.formats import hub
    from stepscale.formats.read_once import _read, read_benchmark

    loaded = []

    def rows_of(source: str, *_: object) -> list[Any]:
        loaded.append(source)
        return [ROWS]

    monkeypatch.setattr(hub, "_loaded", rows_of)
    monkeypatch.setattr("stepscale.hooks.input_files.ask_hub", lambda *_: "there")
    _read.cache_clear()
    source = {"path": "Qwen/ProcessBench", "format": "processbench"}
    with pytest.raises(InputError, match=r"step_benchmarks: choose_on: ProcessBench has no part 'gsm8k'"):
        check("step_benchmarks", {"step_benchmarks": {"processbench": source}})
    check("step_benchmarks", {"step_benchmarks": {"processbench": source, "choose_on": "math"}})
    check("reward_modeling", {"verifiers": {"processbench": source}})
    assert len(read_benchmark("Qwen/ProcessBench", "processbench", {}).solutions) == 1
    assert loaded == ["Qwen/ProcessBench"]


@pytest.mark.parametrize(
    ("pipeline", "block", "key"),
    [
        ("reward_modeling", "verifiers", "verifiers.processbench"),
        ("step_benchmarks", "step_benchmarks", "step_benchmarks.processbench"),
    ],
)
def test_a_benchmark_that_cannot_be_read_is_told_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipeline: str, block: str, key: str
) -> None:
    monkeypatch.setattr("stepscale.formats.hub.ask_hub", lambda *_: "no answer")
    monkeypatch.setattr("stepscale.hooks.input_files.ask_hub", lambda *_: "no answer")
    (tmp_path / "bad.jsonl").write_text(json.dumps(ROWS[0] | {"label": "none"}))
    (tmp_path / "problems.jsonl").write_text('{"problem": "1+1?", "answer": "2"}')
    for path, format, message in (
        ("nobody/nothing", "processbench", "not to be had from the Hugging Face hub"),
        (str(tmp_path / "bad.jsonl"), "processbench", "bad.jsonl:1: "),
        (str(tmp_path / "problems.jsonl"), "math", "it holds no solutions whose steps could be judged"),
    ):
        with pytest.raises(InputError, match=f"^{key}: .*{message}") as caught:
            check(pipeline, {block: {"processbench": {"path": path, "format": format}}})
        assert "\n" not in str(caught.value)


def test_a_benchmark_that_was_written_to_is_read_anew(tmp_path: Path) -> None:
    from stepscale.formats.read_once import read_benchmark

    file = tmp_path / "math.jsonl"
    for n in (1, 2):
        file.write_text("".join(json.dumps(ROWS[0] | {"id": f"math-{i}"}) + "\n" for i in range(n)))
        tables = read_benchmark(str(file), "processbench", {})
        assert len(tables.solutions) == n and read_benchmark(str(file), "processbench", {}) is tables


@pytest.mark.parametrize("key", ["verifiers.prm.optimization", "generator.fine_tuning"])
def test_a_folder_of_checkpoints_that_cannot_be_made_is_told_before_the_run(tmp_path: Path, key: str) -> None:
    (tmp_path / "file").write_text("")
    pipeline = {"verifiers": "reward_modeling", "generator": "ingestion"}[key.partition(".")[0]]

    def check_folder(folder: Path) -> None:
        changed: Any = parameters("base")
        block = changed
        for part in key.split("."):
            block = block[part]
        block["checkpoints"] = {"folder": str(folder)}
        check_checkpoint_folders(PIPELINES[pipeline](), DataCatalog({"parameters": MemoryDataset(changed)}))

    for folder in (tmp_path / "file" / "checkpoints", tmp_path / "file", Path("/proc/none/checkpoints")):
        with pytest.raises(InputError, match=rf"^{key}\.checkpoints\.folder: {folder} cannot be made") as caught:
            check_folder(folder)
        assert "\n" not in str(caught.value) and "name another folder" in str(caught.value)
    check_folder(tmp_path / "new" / "checkpoints")
    assert (tmp_path / "new" / "checkpoints").is_dir()
