"""What ``stepscale.tracking`` writes is read back through MLflow's own client."""

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from kedro.framework.session import KedroSession
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from opened_project import open_project
from pydantic import BaseModel

from stepscale import revision
from stepscale.cli import clear_line
from stepscale.hooks.run_names import run_name
from stepscale.metric_names import flatten
from stepscale.tracking import (
    child_run,
    close_dead_runs,
    current_run,
    end_runs,
    process_tags,
    tag_all_runs,
    tag_run,
)


class Optimizer(BaseModel):
    rate: float = 0.1
    betas: tuple[float, float] = (0.9, 0.95)


class Training(BaseModel):
    base: str = "small"
    optimizer: Optimizer = Optimizer()


def test_parameters_are_flat_names(client: MlflowClient) -> None:
    with child_run("prm", Training()) as run:
        pass
    params = client.get_run(run.run_id).data.params
    assert params == {"base": "small", "optimizer.rate": "0.1", "optimizer.betas": "[0.9, 0.95]"}
    assert flatten({"a": {"b": {"c": 1}}, "d": None}) == {"a.b.c": 1, "d": None}


def test_names_that_lose_characters_stay_different_over_all_calls_of_a_run(client: MlflowClient) -> None:
    with child_run("prm", {"a,b": 1}) as run:
        run.metrics({"vote, 0.9": 0.25})
        run.metrics({"vote 0.9": 0.5})
        current_run().params({"a=b": 2})
    data = client.get_run(run.run_id).data
    assert sorted(data.metrics.values()) == [0.25, 0.5] and sorted(data.params.values()) == ["1", "2"]


def test_a_child_hangs_below_the_active_run_and_carries_the_revision(client: MlflowClient) -> None:
    with mlflow.start_run(run_name="parent") as parent, child_run("prm") as run:
        assert current_run() is not None
    tags = client.get_run(run.run_id).data.tags
    assert tags["mlflow.parentRunId"] == parent.info.run_id
    assert tags["git_revision"] == revision.code_revision()


def test_without_an_active_run_a_child_stands_alone_and_is_closed(client: MlflowClient) -> None:
    with child_run("prm") as run:
        pass
    got = client.get_run(run.run_id)
    assert "mlflow.parentRunId" not in got.data.tags
    assert got.info.status == "FINISHED"
    assert mlflow.active_run() is None
    assert current_run() is None


def test_a_failing_child_is_marked_and_closed_and_so_is_its_parent(client: MlflowClient) -> None:
    def fail() -> None:
        with mlflow.start_run(), child_run("prm") as run:
            ids.extend([run.run_id, mlflow.active_run().info.run_id])
            raise RuntimeError("out of memory")

    ids: list[str] = []
    with pytest.raises(RuntimeError):
        fail()
    assert {client.get_run(run_id).info.status for run_id in ids} == {"FAILED"}
    assert mlflow.active_run() is None


def test_a_long_learning_curve_comes_back_whole_and_by_step(client: MlflowClient) -> None:
    with child_run("prm") as run:
        run.history(("loss", step, 1.0 / step) for step in range(1, 2501))
        run.on_log(2501, {"loss": 0.0, "eval_loss": float("nan")})
    history = client.get_metric_history(run.run_id, "loss")
    assert [point.step for point in history] == list(range(1, 2502))
    assert history[3].value == 0.25


def test_a_scaling_curve_has_the_budget_as_its_step(client: MlflowClient) -> None:
    with child_run("report") as run:
        run.history([("best_of_n", 1, 0.5), ("best_of_n", 256, 0.9)])
    history = client.get_metric_history(run.run_id, "best_of_n")
    assert [(point.step, point.value) for point in history] == [(1, 0.5), (256, 0.9)]


@pytest.mark.parametrize("name", ["a, b = 0.9", "a/../b", "50 % (é)", "x:y", "..", "", "n" * 300, "line\nend"])
def test_a_name_with_any_character_is_stored(client: MlflowClient, name: str) -> None:
    with child_run("report", {name: 1}) as run:
        run.history([(f"scaling.{name}", 1, 0.5), (name, 1, 0.25)])
    values = sorted(client.get_run(run.run_id).data.metrics.values())
    assert values == [0.25, 0.5] and list(client.get_run(run.run_id).data.params.values()) == ["1"]


def test_a_model_folder_is_kept_as_an_artifact(client: MlflowClient, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    with child_run("prm") as run:
        run.folder(tmp_path / "model", "model")
    assert [artifact.path for artifact in client.list_artifacts(run.run_id, "model")] == ["model/config.json"]


def test_what_a_model_learned_from_is_a_dataset_with_rows_and_a_digest_of_the_content(client: MlflowClient) -> None:
    table = pd.DataFrame({"problem_id": ["p", "q"], "steps": [["1"], ["2", "3"]], "rating": [1, None]})
    digests = []
    for rows in (table, table.copy(), table.assign(rating=[1, 0])):
        with child_run("prm") as run:
            run.dataset("step_labels", rows, "training")
        [logged] = client.get_run(run.run_id).inputs.dataset_inputs
        assert logged.dataset.name == "step_labels" and json.loads(logged.dataset.profile) == {"num_rows": 2}
        assert [(tag.key, tag.value) for tag in logged.tags] == [("mlflow.data.context", "training")]
        assert mlflow.data.get_source(logged).to_dict()["tags"]["mlflow.source.git.commit"] == revision.code_revision()
        digests.append(logged.dataset.digest)
    assert digests[0] == digests[1] != digests[2]


@pytest.fixture
def session(project: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """One session in this process, as in a notebook, that makes a few problems."""
    monkeypatch.chdir(project)
    open_project(project)

    def run() -> None:
        few = {"problems": {"lab": {"train": 10, "valid": 5, "test": 5, "heldout": 5}}, "run_name": "few"}
        with KedroSession.create(project, runtime_params=few) as session:
            session.run(node_names=["ingest"])

    return run


def test_each_session_has_a_run_of_its_own_and_leaves_none_open(session: Callable[[], None], project: Path) -> None:
    session()
    assert mlflow.active_run() is None
    session()
    assert mlflow.active_run() is None
    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    runs = client.search_runs([client.get_experiment_by_name("stepscale").experiment_id])
    assert [run.info.status for run in runs] == ["FINISHED", "FINISHED"]
    assert {run.info.run_name for run in runs} == {"few"}
    assert runs[0].data.tags["git_revision"] == revision.code_revision()
    assert runs[0].data.tags["environment"] == "base"
    assert str(project / "mlartifacts") in runs[0].info.artifact_uri
    assert runs[0].data.params["seed"] == "0"


def test_outside_git_the_revision_is_the_version_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revision, "__file__", str(tmp_path / "revision.py"))
    assert re.fullmatch(r"v\d+\.\d+.*|unknown", revision.code_revision.__wrapped__())


def test_runs_whose_process_died_are_closed_by_the_next_run_and_no_others(client: MlflowClient) -> None:
    with mlflow.start_run(run_name="now"):
        tag_run(process_tags())
        with mlflow.start_run(run_name="dead", nested=True) as dead:
            tag_run(process_tags() | {"stepscale.process": "999999999@1.00"})
        with mlflow.start_run(run_name="elsewhere", nested=True) as elsewhere:
            tag_run({"stepscale.machine": "another", "stepscale.process": "1@1.00"})
        child = client.create_run(dead.info.experiment_id, tags={"mlflow.parentRunId": dead.info.run_id})
        for run in (dead, elsewhere):
            client.update_run(run.info.run_id, status="RUNNING")
        close_dead_runs()
        states = [client.get_run(run.info.run_id).info.status for run in (dead, child, elsewhere)]
        assert states == ["KILLED", "KILLED", "RUNNING"]
        assert client.get_run(mlflow.active_run().info.run_id).info.status == "RUNNING"


def test_a_run_has_the_tags_of_its_process_from_its_first_moment(
    client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_RUN_CONTEXT", raising=False)
    tag_all_runs()
    with mlflow.start_run() as run, child_run("prm") as child:
        pass
    for run_id in (run.info.run_id, child.run_id):
        assert process_tags().items() <= client.get_run(run_id).data.tags.items()


def test_a_child_that_is_told_to_stop_is_killed_not_failed(client: MlflowClient) -> None:
    with mlflow.start_run():
        with pytest.raises(KeyboardInterrupt), child_run("prm") as child:
            raise KeyboardInterrupt
        assert client.get_run(child.run_id).info.status == "KILLED"
        assert mlflow.active_run() is not None


@pytest.mark.parametrize(
    ("env", "params", "name"),
    [
        ("smoke", {}, "smoke"),
        (None, {}, "base"),
        ("samples", {"pipeline_names": ["test_time_search", "reporting"]}, "samples: test_time_search, reporting"),
        ("smoke", {"pipeline_names": ["__default__"], "node_names": ("ingest",)}, "smoke: ingest"),
        ("smoke", {"tags": ("policy",), "to_outputs": ["report"]}, "smoke: policy, report"),
        ("local", {"namespaces": ["loop_round_1"], "from_inputs": ["problems"]}, "base: loop_round_1, problems"),
    ],
)
def test_a_run_is_called_by_its_environment_and_what_was_asked_for(
    env: str | None, params: dict[str, object], name: str
) -> None:
    assert run_name(env, params) == name


@pytest.fixture
def broken_store(client: MlflowClient, tmp_path: Path) -> Callable[[], None]:
    """Makes the store of ``client`` one that no run can be ended in."""

    def break_it() -> None:
        with sqlite3.connect(tmp_path / "mlflow.db") as connection:
            connection.execute("ALTER TABLE runs RENAME TO runs_away")

    return break_it


def test_a_stop_is_a_stop_where_the_store_cannot_be_written_to(
    broken_store: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(KeyboardInterrupt), mlflow.start_run(run_name="parent"):  # noqa: PT012  # as a run is stopped
        try:
            with child_run("prm"):
                broken_store()
                raise KeyboardInterrupt
        finally:
            end_runs("KILLED")
    assert mlflow.active_run() is None
    messages = [record.getMessage() for record in caplog.records if record.name == "stepscale.tracking"]
    assert [line.split(" stays open")[0] for line in messages] == ["MLflow run prm", "MLflow run parent"]
    assert all("\n" not in line and "no such table" in line for line in messages)


def test_a_store_that_breaks_while_a_run_goes_on_is_one_line(broken_store: Callable[[], None]) -> None:
    with pytest.raises(MlflowException) as broken, child_run("prm") as run:  # noqa: PT012  # it breaks within
        broken_store()
        run.metrics({"loss": 1.0})
    line = clear_line(broken.value)
    assert line is not None and line.startswith("MLflow's store cannot be read or written: ")
    assert "no such table" in line and "\n" not in line
    end_runs("KILLED")
