"""MLflow runs with children, killed while they log: the next run closes what was left open."""

import shutil
from pathlib import Path

from campaigns.kills.work import Work

_STORE = "mlflow.db"


class Runs(Work):
    """A parent with three children, begun as ``kedro run`` begins them."""

    name = "mlflow"

    def prepare(self, shared: Path) -> None:
        """An empty store; to make one takes MLflow seconds."""
        self._open(shared)

    def run(self, shared: Path, folder: Path) -> None:
        """One run of the project, as far as MLflow sees it."""
        import mlflow

        from stepscale.tracking import child_run, close_dead_runs, tag_all_runs, tag_run

        if not (folder / _STORE).exists():
            shutil.copy(shared / _STORE, folder / "copy")
            (folder / "copy").rename(folder / _STORE)
        self._open(folder)
        tag_all_runs()
        with mlflow.start_run(run_name="parent"):
            close_dead_runs()
            tag_run({"git_revision": "campaign"})
            for number in range(3):
                with child_run(f"child {number}", {"number": number}) as child:
                    child.history(("loss", step, 1.0 / (step + 1)) for step in range(20))

    def results(self, folder: Path) -> dict[str, bytes]:
        """Nothing but that it ended: how many runs there are depends on the kills."""
        return {}

    def faults(self, folder: Path) -> list[tuple[str, str]]:
        """Runs that are still open."""
        client = self._open(folder)
        everything = client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])
        return [("left_running", run.info.run_name) for run in everything if run.info.status == "RUNNING"]

    def _open(self, folder: Path) -> "mlflow.MlflowClient":  # type: ignore[name-defined]  # noqa: F821 - imported when used
        import mlflow

        uri = f"sqlite:///{folder / _STORE}"
        mlflow.set_tracking_uri(uri)
        mlflow.set_experiment("campaign")
        return mlflow.MlflowClient(uri)
