"""What a whole ``kedro run`` leaves in MLflow, read back through MLflow's client: also when a node fails."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

Command = Callable[..., Any]
MODELS = {"generator", "prm", "orm"}
JUDGED = {f"{name} on validation problems" for name in ("prm", "orm")}


def write_records(train: Path, test: Path) -> None:
    """Sums with people's ratings in PRM800K's shape, half of them wrong, as phase 2 shows them; and MATH-like problems to be
    tested on.
    """
    with train.open("w") as file:
        for a in range(20):
            ratings = [1, 1] if a % 2 else [1, -1]
            steps = [f"We add {a} and 3.", f"So it is {a + 3}.\n\n# Answer\n\n{a + 3}"]
            rated = [
                {
                    "completions": [{"text": text, "rating": rating, "flagged": False}],
                    "human_completion": None,
                    "chosen_completion": 0 if rating == 1 else None,
                }
                for text, rating in zip(steps, ratings, strict=True)
            ]
            label = {"steps": rated, "total_time": 1, "finish_reason": "solution" if a % 2 else "found_error"}
            question = {"problem": f"What is {a}+3?", "ground_truth_answer": str(a + 3)}
            if ratings[-1] == -1:
                solution = [steps[0], f"So it is {a + 9}.\n\n# Answer\n\n{a + 9}"]
                question |= {"pre_generated_steps": solution, "pre_generated_answer": str(a + 9)}
            record = {
                "labeler": "x",
                "timestamp": "2022-07-30T23:23:32.118856",
                "generation": None,
                "question": question,
                "is_quality_control_question": False,
                "is_initial_screening_question": False,
                "label": label,
            }
            file.write(json.dumps(record) + "\n")
    lines = [{"problem": f"What is {a}+4?", "answer": str(a + 4), "subject": "Algebra", "level": 1} for a in range(4)]
    test.write_text("\n".join(map(json.dumps, lines)) + "\n")


@pytest.fixture(scope="module")
def run_math(run_in: Command, shared_project: Path, model_of: Callable[..., Path]) -> Command:
    """``kedro run --env math`` on those records, with further words."""
    train, test = shared_project / "train.jsonl", shared_project / "test.jsonl"
    write_records(train, test)
    model = model_of(train.read_text().splitlines())
    changed = {
        "problems.train.path": train,
        "problems.test.path": test,
        "problems.valid_share": 0.3,
        "generator.base": model,
        "verifiers.base": model,
        "search.samples.per_problem": 4,
        "generator.sampling.max_new_tokens": 12,
        "run_name": "on-record",
    }
    for fit in ("generator.fine_tuning", "verifiers.prm.optimization", "verifiers.orm.optimization"):
        changed |= {f"{fit}.log_every": 1, f"{fit}.batch_size": 2}
    params = ",".join(f"{key}={value}" for key, value in changed.items())
    return lambda *words: run_in(shared_project, "--env", "math", *words, "--params", params)


@pytest.fixture(scope="module")
def client(shared_project: Path, run_math: Command) -> MlflowClient:
    """After one whole run."""
    done = run_math()
    assert done.exit_code == 0, done.output
    return MlflowClient(f"sqlite:///{shared_project / 'mlflow.db'}")


def runs(client: MlflowClient, name: str = "on-record") -> tuple[Run, dict[str, Run]]:
    """The newest run of that name, and its children by theirs."""
    got = client.search_runs([client.get_experiment_by_name("stepscale").experiment_id])
    parent = next(run for run in got if run.info.run_name == name)
    children = [run for run in got if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    return parent, {run.info.run_name: run for run in children}


@pytest.mark.e2e
def test_a_run_is_one_parent_with_a_child_for_each_model(client: MlflowClient) -> None:
    parent, children = runs(client)
    assert set(children) == MODELS | JUDGED
    assert {run.info.status for run in (parent, *children.values())} == {"FINISHED"}
    assert "mlflow.parentRunId" not in parent.data.tags
    assert re.fullmatch(r"[0-9a-f]{12}\+?|v[0-9.]+|unknown", parent.data.tags["git_revision"])
    assert parent.data.params["seed"] == "0"


@pytest.mark.e2e
def test_children_have_typed_parameters_learning_curves_and_the_model(client: MlflowClient) -> None:
    parent, children = runs(client)
    assert parent.data.tags["environment"] == "math"
    for name in MODELS:
        child = children[name]
        assert (
            Path(child.data.params["base"]).name and child.data.tags["git_revision"] == parent.data.tags["git_revision"]
        )
        rate = "fine_tuning.learning_rate" if name == "generator" else "optimization.learning_rate"
        assert float(child.data.params[rate]) == 1e-5, "from conf/math, flat and whole"
        curve = client.get_metric_history(child.info.run_id, "loss")
        assert len(curve) >= 2
        assert [point.step for point in curve] == list(range(1, len(curve) + 1))
        names = {Path(artifact.path).name for artifact in client.list_artifacts(child.info.run_id, "model")}
        card = set() if name == "generator" else {"README.md"}
        assert {"config.json", "model.safetensors", "tokenizer.json"} | card <= names


@pytest.mark.e2e
def test_how_each_verifier_judges_is_a_child_with_its_tables_and_beside_it_the_validation_loss(
    client: MlflowClient,
) -> None:
    parent, children = runs(client)
    for name in JUDGED:
        child, verifier = children[name], name.split()[0]
        measured = {
            "prm": {"step_auroc", "first_error_accuracy", "processbench_f1", "ece"},
            "orm": {"solution_auroc", "ece"},
        }
        assert measured[verifier] <= set(child.data.metrics) | {"step_auroc", "processbench_f1"}, (
            "nan on so few is left out"
        )
        assert {key: parent.data.metrics[f"{verifier}.{key}"] for key in child.data.metrics} == child.data.metrics
        names = {Path(artifact.path).name for artifact in client.list_artifacts(child.info.run_id)}
        assert {"calibration.csv", "positions.csv"} <= names
        assert client.get_metric_history(children[verifier].info.run_id, "eval_loss"), "of the validation problems"


@pytest.mark.e2e
def test_the_parent_has_the_evaluation_and_scaling_curves_by_budget(client: MlflowClient, shared_project: Path) -> None:
    parent, _ = runs(client)
    assert {"prm.step_accuracy", "orm.solution_accuracy"} <= set(parent.data.metrics)
    curves = pd.read_parquet(shared_project / "data/math/08_reporting/curves.parquet")
    for name, method, verifier in (("best_of_n.prm", "best_of_n", "prm"), ("majority", "majority", None)):
        history = client.get_metric_history(parent.info.run_id, f"scaling.{name}")
        is_verifier = curves["verifier"].isna() if verifier is None else curves["verifier"] == verifier
        rows = curves[(curves["method"] == method) & is_verifier]
        assert [(point.step, point.value) for point in history] == list(zip(rows["n"], rows["accuracy"], strict=True))
        assert [point.step for point in history] == [1, 2, 4]


@pytest.mark.e2e
def test_after_a_node_that_fails_child_and_parent_are_failed_and_none_is_running(
    client: MlflowClient, run_math: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    import stepscale.verifiers.training as training

    def break_down(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(training, "train_verifier", break_down)
    done = run_math("--nodes", "train_prm")
    assert done.exit_code == 1
    parent, children = runs(client)
    assert {name: run.info.status for name, run in children.items()} == {"prm": "FAILED"}
    assert parent.info.status == "FAILED"
    everything = client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])
    assert "RUNNING" not in {run.info.status for run in everything}
