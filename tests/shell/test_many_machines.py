"""A missing cluster, or a store that is not a folder, is one line before anything runs; a DAG has a task per pipeline."""

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import jinja2
import pytest

from stepscale.engine import cluster as clusters
from stepscale.environments import pipelines_of
from stepscale.pipeline_registry import MAIN, register_pipelines

CONF = Path(__file__).resolve().parents[2] / "conf"


@pytest.mark.e2e
def test_a_store_and_a_cluster_that_cannot_serve_are_one_line_and_leave_nothing_behind(
    project: Path, run_in: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(clusters, "_ANSWERS_WITHIN", 1)
    lines = []
    for params in ("data_root=s3://bucket/run", "cluster.kind=dask,cluster.address=tcp://127.0.0.1:9"):
        result = run_in(project, "--pipelines", "ingestion", "--params", params)
        assert result.exit_code == 1 and "Traceback" not in result.output
        lines.append(result.output.strip().splitlines()[-1])
    assert lines[0].startswith("Error: s3://bucket/run: models and pieces of work need a folder")
    assert lines[1].startswith("Error: cluster.address: no dask cluster answers at tcp://127.0.0.1:9")
    assert not [path for path in project.rglob("*") if path.name == "s3:"]


@pytest.mark.parametrize("env", ["smoke", "studies"])
def test_an_airflow_dag_has_one_task_per_pipeline_of_its_environment_in_the_order_of_their_data(env: str) -> None:
    with click.Context(click.Command("create")) as command:  # as of `kedro airflow create --env ...`
        command.params["env"] = env
        pipeline = register_pipelines()["__default__"]
    environment = jinja2.Environment(autoescape=True, loader=jinja2.FileSystemLoader(CONF), lstrip_blocks=True)
    text = environment.get_template("airflow_dag.j2").render(
        dag_name="stepscale", package_name="stepscale", env=env, pipeline=pipeline
    )
    (dag,) = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    tasks = [node.name for node in dag.body if isinstance(node, ast.FunctionDef)]
    assert sorted(tasks) == sorted(pipelines_of(env) or MAIN)
    assert f"kedro run --env {env} --pipelines reward_modeling" in text
    assert "max_active_tasks=1" in text, "a data folder takes one run at a time"
    edges = [ast.unparse(node) for node in dag.body if isinstance(node, ast.Expr)]
    assert "tasks['ingestion'] >> tasks['active_learning']" in edges
    assert "tasks['test_time_search'] >> tasks['reporting']" in edges
    assert "tasks['reporting'] >> tasks['test_time_search']" not in edges


@pytest.mark.e2e
def test_kedro_airflow_writes_that_dag(tmp_path: Path) -> None:
    pytest.importorskip("kedro_airflow", reason="pip install kedro-airflow (docs/scale.md)")
    command = [sys.executable, "-m", "kedro", "airflow", "create", "--env", "studies", "--target-dir", str(tmp_path)]
    subprocess.run([*command, "--jinja-file", str(CONF / "airflow_dag.j2")], cwd=CONF.parent, check=True)
    (dag,) = tmp_path.glob("*.py")
    assert dag.read_text().count("@task.bash") == len(pipelines_of("studies"))
