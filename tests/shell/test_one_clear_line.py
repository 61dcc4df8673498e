"""A user's mistake ends in one line that names it, a non-zero exit and no traceback."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from kedro.io import DataCatalog
from kedro.validation.exceptions import DataValidationError
from mlflow import MlflowClient
from opened_project import open_project

from stepscale.__main__ import main
from stepscale.cli import clear_line, cli
from stepscale.errors import InputError
from stepscale.parameters import check_parameters, settings_of
from stepscale.resume import PieceError

REPOSITORY = Path(__file__).resolve().parents[2]

Command = Callable[..., "subprocess.CompletedProcess[str]"]
Run = Callable[..., str]
Invoke = Callable[..., Any]
CONF = REPOSITORY / "conf"


@pytest.fixture
def refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``kedro run`` in this process, which must fail: the line it ends with."""

    def call(*words: str) -> str:
        monkeypatch.chdir(project)
        open_project(project)
        result = CliRunner().invoke(cli, ["run", *words])
        assert result.exit_code == 1, result.output
        assert "Traceback" not in result.output
        return result.output.strip().splitlines()[-1]

    return call


def test_the_command_says_one_line_for_a_misspelled_parameter_and_nothing_else(kedro: Command) -> None:
    done = kedro("run", "--params", "sead=3")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "Error: parameters: sead: unknown key (see conf/base/parameters.yml)\n"


def test_a_key_given_twice_in_a_configuration_file_is_named_with_file_and_line(project: Path, refused: Run) -> None:
    file = project / "conf" / "base" / "parameters.yml"
    original = file.read_text()
    file.write_text(original + "seed: 1\n")
    line = refused("--nodes", "ingest")
    assert line == f"Error: {file}:{len(original.splitlines()) + 1}: found duplicate key seed; mend it"


def test_a_malformed_line_is_told_by_file_and_number(run_in: Invoke, project: Path) -> None:
    path = project / "broken.jsonl"
    good = {
        "problem": "1+1?",
        "solution": "$\\boxed{2}$",
        "answer": "2",
        "subject": "Algebra",
        "level": 1,
        "unique_id": "a",
    }
    path.write_text(json.dumps(good) + "\n{\n")
    use_files(project, path)
    done = run_in(project, "--nodes", "ingest")
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    assert done.stderr.startswith(f"Error: {path}:2: not JSON")
    assert done.stderr.count("\n") == 1


def test_an_empty_problem_set_is_refused(refused: Run, project: Path) -> None:
    path = project / "empty.jsonl"
    path.write_text("")
    use_files(project, path)
    assert f"{path}: no records found" in refused("--nodes", "ingest")


def test_a_file_that_is_not_there_is_named(refused: Run, project: Path) -> None:
    use_files(project, project / "nowhere.jsonl")
    assert "nowhere.jsonl: there is no such file" in refused("--nodes", "ingest")


def test_a_misspelled_parameter_is_named_however_deep(refused: Run) -> None:
    line = refused("--params", "verifiers.prm.optimization.lerning_rate=0.1")
    assert "verifiers.prm.optimization.lerning_rate: unknown key" in line


def test_a_misspelled_key_in_a_file_is_named(refused: Run, project: Path) -> None:
    with (project / "conf" / "base" / "parameters.yml").open("a") as file:
        file.write("\nreports: {}\n")
    assert "reports: unknown key" in refused()


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("verifiers.small.prm", "Error: parameters: verifiers.small.prm.optimization.patience: .* set it to null \\("),
        ("verifiers.small.orm", "Error: parameters: verifiers.small.orm.optimization.patience: "),
    ],
)
def test_early_stopping_of_small_verifiers_which_have_nothing_to_stop_by_is_refused(
    refused: Run, key: str, message: str
) -> None:
    line = refused("--pipelines", "supervision", "--params", f"{key}.optimization.patience=3")
    assert re.match(message, line), line


def test_settings_shared_with_small_verifiers_may_not_stop_early_either() -> None:
    block = yaml.safe_load((CONF / "base" / "parameters.yml").read_text())
    block["verifiers"]["small"] = None
    block["verifiers"]["prm"]["optimization"]["patience"] = 3
    with pytest.raises(
        InputError, match=r"verifiers\.prm\.optimization\.patience: .*settings of their own \(verifiers\.small\)"
    ):
        settings_of(check_parameters(block), "supervision_settings")
    assert settings_of(check_parameters(block), "search_settings"), "nobody else trains small ones"


@pytest.mark.parametrize(
    ("key", "value", "gpus", "message"),
    [
        ("generator.placement.device", "cuda", 0, "it takes 1 GPUs and this machine has 0"),
        ("verifiers.placement.device", "cuda:1", 1, "it takes 2 GPUs and this machine has 1"),
        ("verifiers.prm.optimization.processes", "2", 1, "it takes 2 GPUs and this machine has 1"),
    ],
)
def test_gpus_that_are_not_there_are_told_before_anything_runs(
    refused: Run, monkeypatch: pytest.MonkeyPatch, key: str, value: str, gpus: int, message: str
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
    assert refused("--params", f"{key}={value}") == f"Error: {key}: {message}; give what is there"


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_run_told_to_stop_is_no_finished_one_and_says_how_to_go_on(
    project: Path, monkeypatch: pytest.MonkeyPatch, signum: int, code: int
) -> None:
    ended: list[str] = []

    def stopped(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signum)
        time.sleep(5)

    monkeypatch.chdir(project)
    open_project(project)
    monkeypatch.setattr("kedro.framework.session.KedroSession.run", stopped)
    monkeypatch.setattr("stepscale.tracking.end_runs", ended.append)
    # A job in the background is started without SIGINT's handler, and one under nohup with SIGHUP ignored.
    handler = signal.default_int_handler if signum == signal.SIGINT else signal.SIG_DFL
    before = signal.signal(signum, handler)
    try:
        result = CliRunner().invoke(cli, ["run", "--env", "smoke"])
    finally:
        signal.signal(signum, before)
    assert (result.exit_code, ended) == (code, ["KILLED"])
    assert result.output.splitlines()[-1].startswith("stopped; the same command with --only-missing-outputs")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--tags", "nope"), "Error: Pipeline contains no nodes after applying all provided filters."),
        (("--runner", "Nope"), "Error: no runner is called 'Nope'; SequentialRunner runs this project"),
        (("--from-nodes", "nope"), "Error: Pipeline does not contain nodes named ['nope']."),
    ],
)
def test_names_that_are_not_there_are_one_line(refused: Run, words: tuple[str, str], line: str) -> None:
    assert refused("--env", "smoke", *words).startswith(line)


def test_a_node_whose_inputs_no_run_keeps_is_told_with_those_that_make_them(refused: Run) -> None:
    line = refused("--env", "smoke", "--nodes", "report")
    assert line.startswith(
        "Error: data is never on disk: main_parts (made by node gather_main_parts of pipeline reporting)"
    )
    assert line.endswith("run the nodes that make it too, or the whole pipeline")


@pytest.mark.parametrize("runner", ["ParallelRunner", "ThreadRunner", "kedro.runner.ThreadRunner"])
def test_a_runner_of_nodes_side_by_side_is_refused_before_anything_runs(refused: Run, runner: str) -> None:
    assert f"{runner.rpartition('.')[2]} cannot run this project" in refused("--env", "smoke", "--runner", runner)


@pytest.mark.parametrize(
    "words",
    [("catalog", "describe-datasets", "--env", "nope"), ("catalog", "list-patterns", "--env", "nope")],
)
def test_kedro_s_other_commands_say_one_line_too(kedro_in: Invoke, project: Path, words: tuple[str, ...]) -> None:
    done = kedro_in(project, *words)
    assert done.exit_code == 1 and "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Error: no environment is called 'nope'; ")


@pytest.mark.parametrize("key", ["data_root", "tracking_root"])
@pytest.mark.parametrize(
    ("folder", "fault"),
    [
        ("", "it names no folder"),
        ("~/run", "~/run is not written out"),
        ("pyproject.toml", "pyproject.toml cannot be made (File exists)"),
        ("pyproject.toml/run", "pyproject.toml/run cannot be made (Not a directory)"),
    ],
)
def test_a_root_that_can_be_no_folder_is_told_before_anything_is_written(
    project: Path, refused: Run, key: str, folder: str, fault: str
) -> None:
    before = sorted(project.rglob("*"))
    line = refused("--env", "smoke", "--nodes", "ingest", "--params", f"{key}={folder}")
    assert line.startswith(f"Error: {key}: ") and fault in line
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda conf, store: store.write_bytes(b"no data base" * 99), "cannot be read or written: "),
        (lambda conf, store: (store.unlink(), store.mkdir()), "unable to open database file"),
        (lambda conf, store: _set_tracking(conf, "mlruns"), "cannot be opened: The filesystem tracking backend"),
        (lambda conf, store: _set_tracking(conf, "nope://x"), "unsupported URI 'nope://x'"),
        (
            lambda conf, store: conf.write_text(conf.read_text().replace("nested:", "nestd:")),
            "mlflow.yml: tracking.run.nestd: ",
        ),
    ],
)
def test_a_store_of_mlflow_s_that_cannot_be_opened_is_one_line(
    project: Path,
    refused: Run,
    spoil: Callable[[Path, Path], object],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mlflow.store.db.utils.MAX_RETRY_COUNT", 2)  # ten take a hundred seconds of waiting
    spoil(project / "conf" / "base" / "mlflow.yml", project / "mlflow.db")
    line = refused("--env", "smoke", "--nodes", "ingest")
    assert line.startswith(("Error: MLflow's store ", "Error: mlflow.yml: ")) and message in line
    assert not (project / "data" / "smoke").exists()


def _set_tracking(conf: Path, uri: str) -> None:
    conf.write_text(re.sub("mlflow_tracking_uri: .*", f"mlflow_tracking_uri: {uri}", conf.read_text()))


def test_a_run_of_mlflow_s_that_is_not_there_is_one_line(refused: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", "abc")
    assert "Run with id=abc not found" in refused("--env", "smoke", "--nodes", "ingest")


def test_a_format_that_is_not_there_is_told_once_before_anything_runs(project: Path, refused: Run) -> None:
    words = "search.given_samples.path=x.jsonl,search.given_samples.format=bestofn"
    line = refused("--env", "samples", "--params", words)
    assert line.startswith("Error: parameters: search.given_samples.format: ") and "best_of_n" in line


def test_a_pipeline_that_is_not_there_is_described_in_one_line(kedro_in: Invoke, project: Path) -> None:
    done = kedro_in(project, "registry", "describe", "reportin")
    assert done.exit_code == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith("Error: no pipeline is called 'reportin'; there are ")


def test_relative_paths_are_the_project_s_in_every_folder_of_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "docs").mkdir()
    monkeypatch.chdir(project / "docs")
    open_project(project)
    result = CliRunner().invoke(cli, ["run", "--env", "smoke", "--nodes", "fine_tune_generator"])
    assert "data is not there yet: " in result.output, "the base was found, the data was not"
    assert Path.cwd() == project


@pytest.mark.e2e
def test_the_package_runs_as_a_module(project: Path) -> None:
    source = str(REPOSITORY / "src")
    command = [sys.executable, "-m", "stepscale", "--env", "smoke", "--nodes", "ingest"]
    done = subprocess.run(command, cwd=project, env=os.environ | {"PYTHONPATH": source}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (project / "data" / "smoke" / "03_primary" / "problems.parquet").is_file()


def test_missing_data_is_told_with_the_pipeline_that_makes_it(refused: Run, project: Path) -> None:
    line = refused("--pipelines", "active_learning")
    assert "problems (pipeline ingestion)" in line
    assert "generator_model (pipeline ingestion)" in line
    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    assert client.search_runs([experiment.experiment_id for experiment in client.search_experiments()]) == []


def test_an_unknown_environment_lists_those_there_are(refused: Run) -> None:
    line = refused("--env", "lap")
    assert "'lap'" in line
    assert "smoke" in line


def test_a_node_that_is_not_there_is_refused(refused: Run) -> None:
    assert "['injest']" in refused("--nodes", "injest")


def test_a_model_of_the_wrong_kind_is_refused(tmp_path: Path) -> None:
    from stepscale.engine.loading import load_causal_lm

    config = {"architectures": ["LlamaForTokenClassification"], "model_type": "llama"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="holds a LlamaForTokenClassification, but a causal language model is needed"):
        load_causal_lm(tmp_path)


@pytest.mark.parametrize(
    ("key", "kind", "line"),
    [
        ("verifiers.base", None, "verifiers.base: ./nowhere holds no model (no config.json)"),
        ("verifiers.small.base", None, "verifiers.small.base: ./nowhere holds no model (no config.json)"),
        (
            "generator.base",
            "LlamaForTokenClassification",
            "holds a LlamaForTokenClassification, but a causal language model",
        ),
    ],
)
def test_a_base_that_cannot_be_used_is_told_before_anything_runs(
    refused: Run, project: Path, key: str, kind: str | None, line: str
) -> None:
    if kind:
        (project / "nowhere").mkdir()
        (project / "nowhere" / "config.json").write_text(json.dumps({"architectures": [kind]}))
    words = ("--env", "smoke") if "small" in key else ()  # the main run has no use for small verifiers
    assert line in refused(*words, "--params", f"{key}=./nowhere")
    assert not list((project / "data").glob("**/03_primary"))


def test_a_base_of_prm_large_that_cannot_be_used_is_told_before_anything_runs(refused: Run) -> None:
    line = "verifiers.large.base: ./nowhere holds no model (no config.json)"
    assert line in refused("--env", "smoke", "--params", "verifiers.large.base=./nowhere")


def test_a_pipeline_that_is_not_there_is_refused() -> None:
    result = CliRunner().invoke(cli, ["run", "--pipelines", "injestion"])
    assert result.exit_code == 1
    assert "no pipeline is called 'injestion'; there are " in result.output


def test_a_critic_that_is_not_named_is_told_before_what_it_would_judge_is_looked_for(refused: Run) -> None:
    assert refused("--pipelines", "ready_critic").startswith("Error: solve_or_verify.critic: none is named")


def test_a_table_with_bad_columns_is_one_line() -> None:
    catalog = DataCatalog.from_config(
        {"problems": {"type": "kedro.io.MemoryDataset", "validator": "stepscale.formats.tables.problems"}}
    )
    with pytest.raises(DataValidationError) as caught:
        catalog.save("problems", pd.DataFrame({"id": [1]}))
    line = clear_line(caught.value)
    assert line is not None
    assert "problem_id" in line
    assert "\n" not in line


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.ENOTDIR])
def test_a_disk_that_takes_nothing_is_one_line_wherever_the_run_was(number: int) -> None:
    refusal = OSError(number, os.strerror(number), "data/06_models/prm/model.safetensors")
    piece = PieceError("OSError")
    piece.__cause__ = refusal
    for error in (refusal, piece):
        line = clear_line(error)
        assert line and line.startswith("data/06_models/prm/model.safetensors cannot be written") and "\n" not in line


def test_a_fault_of_the_program_keeps_its_traceback() -> None:
    fault = KeyError("a fault")
    fault.__context__ = InputError("handled long ago")
    assert clear_line(fault) is None


def use_files(project: Path, path: Path) -> None:
    """Have a project read its problems from ``path``."""
    source = {"path": str(path), "format": "math"}
    written = json.dumps({"problems": {"source": "files", "train": source, "test": source}})
    (project / "conf" / "local" / "parameters.yml").write_text(written)


def test_the_help_of_the_module_lists_the_commands_that_need_no_project(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["stepscale", "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    shown = capsys.readouterr().out
    first, *lines = shown.partition("\n\n")[0].splitlines()
    assert first == "Commands that need no project, each with --help of its own:"
    assert [line.split()[0] for line in lines] == ["label", "label-pull", "label-push", "step-benchmarks", "world-rule"]
    assert "--pipelines" in shown, "the options of the project's own run follow"


def test_a_command_of_the_module_that_is_not_there_lists_those_that_are() -> None:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "src")}
    command = [sys.executable, "-m", "stepscale", "nonsense"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    known = "label, label-pull, label-push, step-benchmarks, world-rule"
    assert done.stderr == f"Error: no command is called 'nonsense'; there are {known}; --help tells each\n"


@pytest.mark.parametrize(("words", "extra"), [(["stepscale", "label"], "label"), (["stepscale.serving"], "serving")])
def test_a_command_of_the_package_without_its_extra_is_one_line_that_names_it(
    tmp_path: Path, words: list[str], extra: str
) -> None:
    (tmp_path / "click.py").write_text("raise ModuleNotFoundError(\"No module named 'click'\", name='click')\n")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY / 'src'}"}
    done = subprocess.run([sys.executable, "-m", *words], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == f"Error: click is not installed; run: pip install 'stepscale[{extra}]'\n"
