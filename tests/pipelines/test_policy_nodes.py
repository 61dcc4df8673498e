"""The nodes that make the policy a product: a model that loads from disk and from the run."""

from pathlib import Path

import mlflow
from mlflow import MlflowClient

from stepscale.pipelines.policy.measuring import log_policy, save_policy


def test_a_saved_policy_is_copied_into_the_run_as_a_model(tmp_path: Path, empty_store: Path) -> None:
    policy = {"probes": 1, "sure": 2.0, "borders": [], "actions": [{"samples": 1}]}
    settings = {
        "seed": 0,
        "prompt": "{problem}\n",
        "aggregation": "product",
        "chosen_on": 10,
        "runs": {},
        "sampling": {"temperature": 1.0, "top_p": 1.0, "max_new_tokens": 8},
        "budgets": [{"budget": 1, "policy": policy, "accuracy": 0.5, "low": 0.4, "high": 0.6, "generations": 1}],
    }
    for name in ("generator", "prm"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    folder = save_policy(tmp_path / "generator", tmp_path / "prm", settings)
    assert {path.name for path in (folder / "artifacts").iterdir()} == {"generator", "prm", "policy.json"}
    assert not list(folder.rglob("*.pkl"))  # from code: nothing to unpickle
    (tmp_path / "mlflow.db").write_bytes(empty_store.read_bytes())
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    mlflow.set_experiment(experiment_id=client.create_experiment("tests", str(tmp_path / "kept")))
    with mlflow.start_run() as run:
        log_policy(folder)
    [logged] = client.get_run(run.info.run_id).outputs.model_outputs
    model = mlflow.models.Model.load(f"models:/{logged.model_id}")
    assert model.run_id == run.info.run_id
    assert model.get_input_schema() is None, "MLflow would turn [4] into 4 before the model sees it"
    assert model.get_output_schema().input_names()[:2] == ["answer", "confidence"]
    copies = list((tmp_path / "kept").rglob("policy.json"))
    assert [path.read_text() for path in copies] == [(folder / "artifacts" / "policy.json").read_text()]
