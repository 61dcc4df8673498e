"""The one place that writes to MLflow's runs: child runs with typed parameters, learning curves, metric histories, folders.

Parquet on disk is the truth; MLflow gets a copy. Under ``kedro run`` a child hangs below the run that kedro-mlflow
began; without one it stands alone. A child always ends, however its block is left. The model that is served is made, and
logged, in ``serving.packaging``.
"""

import json
import logging
import os
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from stepscale.metric_names import flatten, stored_names
from stepscale.resume.content import content_hash
from stepscale.revision import code_revision
from stepscale.scratch import local_path, share_files
from stepscale.store_faults import fault_of

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

_BATCH = 1000  # metrics per request, MLflow's limit
_DIGEST = 36  # characters of a dataset's digest, MLflow's limit
_stored: dict[tuple[str, str], dict[str, str]] = {}  # by run and kind: what each name is stored as
_MACHINE, _PROCESS = "stepscale.machine", "stepscale.process"  # tags of runs


def process_tags() -> dict[str, str]:
    """Tags by which a later run can tell whether the process behind this one is still there."""
    import psutil

    started = psutil.Process().create_time()
    return {_MACHINE: socket.gethostname(), _PROCESS: f"{os.getpid()}@{started:.2f}"}


def tag_all_runs() -> None:
    """Have every run that this process begins carry its tags from the first moment: it may be killed in the next one."""
    from mlflow.environment_variables import MLFLOW_RUN_CONTEXT

    os.environ[MLFLOW_RUN_CONTEXT.name] = json.dumps(process_tags())


def close_dead_runs() -> None:
    """End runs of this machine, and their children, that are still "RUNNING" though their process is gone: killed by -9.

    Children first: killed meanwhile, the next run still finds the parent.
    """
    import mlflow

    active = mlflow.active_run()
    if active is None:
        return
    client = mlflow.MlflowClient()
    running = client.search_runs([active.info.experiment_id], "attributes.status = 'RUNNING'")
    dead = {
        run.info.run_id
        for run in running
        if run.data.tags.get(_MACHINE) == socket.gethostname() and not _is_alive(run.data.tags.get(_PROCESS, ""))
    }
    for run in sorted(running, key=lambda run: run.info.start_time, reverse=True):
        if run.info.run_id in dead or run.data.tags.get("mlflow.parentRunId") in dead:
            client.set_terminated(run.info.run_id, "KILLED")


def _is_alive(process: str) -> bool:
    import psutil

    number, _, started = process.partition("@")
    try:
        return f"{psutil.Process(int(number)).create_time():.2f}" == started
    except (psutil.NoSuchProcess, ValueError):
        return False
    except psutil.AccessDenied:
        return True


def end_runs(status: str) -> None:
    """End every run that is open in this process, as far as MLflow's store can be written to, with MLflow's ``status``."""
    mlflow = sys.modules.get("mlflow")
    while mlflow and mlflow.active_run():
        _end_run(status)


def _end_run(status: str) -> None:
    """End the innermost open run. No error is raised here: a run that is being stopped already has one."""
    import mlflow

    run = mlflow.active_run()
    name = run.info.run_name if run else None
    try:
        mlflow.end_run(status)  # takes the run off MLflow's stack before it writes
    except Exception as error:
        logger.warning("MLflow run %s stays open, for its store cannot be written to (%s)", name, fault_of(error))


class Tracked:
    """An MLflow run being written.

    Args:
        run_id: MLflow's, of a run that is open.
    """

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id

    def params(self, params: BaseModel | Mapping[str, Any]) -> None:
        """Store ``params``, flattened; values are cut at MLflow's 6,000 characters."""
        import mlflow

        values = params.model_dump(mode="json") if isinstance(params, BaseModel) else params
        flat = {key: str(value)[:6000] for key, value in flatten(values).items()}
        names = self._names("params", flat)
        stored = [mlflow.entities.Param(names[key], value) for key, value in flat.items()]
        mlflow.MlflowClient().log_batch(self.run_id, params=stored)

    def _names(self, kind: str, names: Iterable[str]) -> dict[str, str]:
        """What names are stored as, other ones than all that this run has got so far."""
        before = _stored.setdefault((self.run_id, kind), {})
        before |= (stored := stored_names(names, before))
        return stored

    def history(self, points: Iterable[tuple[str, int, float]]) -> None:
        """Many metric points at once: learning curves by step, scaling curves by budget.

        Args:
            points: (name, step or budget, value) of each.
        """
        import mlflow

        now = int(time.time() * 1000)
        points = list(points)
        names = self._names("metrics", (name for name, _, _ in points))
        metrics = [mlflow.entities.Metric(names[name], float(value), now, int(step)) for name, step, value in points]
        client = mlflow.MlflowClient()
        for start in range(0, len(metrics), _BATCH):
            client.log_batch(self.run_id, metrics=metrics[start : start + _BATCH])

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Single values.

        Args:
            values: By name.
            step: Optimizer step, or another number that they belong to.
        """
        self.history((name, step, value) for name, value in values.items())

    def on_log(self, step: int, values: Mapping[str, float]) -> None:
        """The trainers' ``on_log`` callback.

        Args:
            step: Optimizer step.
            values: By name.
        """
        self.metrics(values, step)

    def folder(self, path: Path, name: str) -> None:
        """A folder (a model) as an artifact; on the same disk its files take no room of their own.

        Args:
            path: The folder.
            name: Of the artifact.
        """
        import mlflow

        client = mlflow.MlflowClient()
        client.log_artifacts(self.run_id, str(path), name)
        if stored := local_path(client.get_run(self.run_id).info.artifact_uri):
            share_files(stored / name, path)

    def dataset(self, name: str, rows: "pd.DataFrame | Sequence[Any]", context: str) -> None:
        """What a model learned from, as one of the run's datasets: its name, a hash of its content, its number of rows.

        Args:
            name: As MLflow shows it.
            rows: A table, or examples, which may be frozen dataclasses.
            context: What it was for, such as "training".
        """
        import mlflow
        from mlflow.entities import Dataset, DatasetInput, InputTag

        source = {"tags": {"mlflow.source.git.commit": code_revision()}}  # the code that made it
        profile = json.dumps({"num_rows": len(rows)})
        dataset = Dataset(name, content_hash(rows)[:_DIGEST], "code", json.dumps(source), profile=profile)
        tags = [InputTag("mlflow.data.context", context)]
        mlflow.MlflowClient().log_inputs(self.run_id, [DatasetInput(dataset, tags)])

    def text(self, text: str, name: str) -> None:
        """A text, such as the report's page, as an artifact.

        Args:
            text: The text.
            name: File name of the artifact.
        """
        import mlflow

        mlflow.MlflowClient().log_text(self.run_id, text, name)


@contextmanager
def child_run(name: str, params: BaseModel | Mapping[str, Any] | None = None) -> Iterator[Tracked]:
    """A child of the active run (or a run of its own), open while the block runs.

    It is tagged with the revision of the code, as its parent is, so models can be searched by it. It ends as "FAILED" if the
    block raises, as "KILLED" if the program is stopped.

    Args:
        name: As MLflow shows it.
        params: Noted when it begins.
    """
    import mlflow

    tags = {"git_revision": code_revision()}
    with mlflow.start_run(run_name=name, nested=mlflow.active_run() is not None, tags=tags) as run:
        tracked = Tracked(run.info.run_id)
        if params is not None:
            tracked.params(params)
        try:
            yield tracked
        except (KeyboardInterrupt, SystemExit):
            _end_run("KILLED")
            raise


def current_run() -> Tracked | None:
    """The run kedro-mlflow began, if one is active."""
    import mlflow

    run = mlflow.active_run()
    return Tracked(run.info.run_id) if run else None


def tag_run(tags: Mapping[str, str]) -> None:
    """Add ``tags`` to the active run, if there is one."""
    import mlflow

    if mlflow.active_run():
        mlflow.set_tags(dict(tags))
