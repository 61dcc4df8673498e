"""The hooks that Kedro calls: they check the request before any work, record what is made, and print the result."""

import logging
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import click
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from stepscale.config_faults import config_fault
from stepscale.datasets.local_folder import check_root, local_folder, make_root
from stepscale.engine.cluster import Cluster
from stepscale.engine.tasks import use_cluster
from stepscale.environments import check_environment
from stepscale.errors import InputError
from stepscale.hooks.bases import check_bases
from stepscale.hooks.checkpoints import check_checkpoint_folders
from stepscale.hooks.cluster import join_cluster
from stepscale.hooks.data_lock import DataLock
from stepscale.hooks.hardware import check_hardware
from stepscale.hooks.input_files import check_input_files
from stepscale.hooks.inputs import check_inputs, check_runner
from stepscale.hooks.lineage import Lineage, place_on_disk
from stepscale.hooks.ready_models import check_ready_models
from stepscale.hooks.run_names import run_name
from stepscale.hooks.settings_of_nodes import add_settings
from stepscale.hooks.staleness import check_node, check_run
from stepscale.hooks.store_lock import store_lock
from stepscale.hooks.waiting import say_waiting
from stepscale.store_faults import opening_refusal

logger = logging.getLogger(__name__)

_ROOTS = {"data_root", "tracking_root"}


class ProjectHooks:
    """Hooks of the project: they hold the lock on the data folder and the records of what is in it during a run."""

    def __init__(self) -> None:
        self.context: KedroContext | None = None
        self.lock: DataLock | None = None
        self.lineage: Lineage | None = None
        self.cluster: Cluster | None = None
        self.began: dict[str, float] = {}  # when each node did, on a clock that never jumps

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Refuse an unknown environment and unknown or ill-typed parameters, all of them, before a dataset is touched."""
        from stepscale.parameters import check_parameters

        if context.env:
            check_environment(context.env, str(context.config_loader.conf_source))
        roots = context.config_loader.runtime_params or {}
        for key in _ROOTS & set(roots):
            check_root(key, roots[key])
        # as written: context.params has Kedro check them first; kept there, as Kedro would read them anew
        parameters = context.config_loader["parameters"]
        context.config_loader["parameters"] = parameters
        self.cluster = check_parameters(parameters).cluster
        local_folder(stated_data(context))
        if "tracking_root" in roots:
            make_root("tracking_root", Path(context.project_path) / roots["tracking_root"])
        self.context = context

    @hook_impl(wrapper=True, specname="after_context_created")
    def refuse_in_one_line(self, context: KedroContext) -> Generator[None, Any, Any]:
        """End any Kedro command with one line if the configuration is refused, here or when kedro-mlflow opens its store.

        Runs that begin together open it one after another: MLflow makes the tables of a new store without a lock.
        """
        try:
            roots = context.config_loader.runtime_params or {}
            with store_lock(Path(context.project_path) / str(roots.get("tracking_root") or "")):
                return (yield)
        except Exception as error:
            line = str(error) if isinstance(error, InputError) else opening_refusal(error)
            line = line or config_fault(error, context.env, str(context.config_loader.conf_source))
            if line is None:
                raise
            if click.get_current_context(silent=True):
                raise click.ClickException(line) from None
            raise InputError(line) from error

    @hook_impl(tryfirst=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Check all that can be checked before any work, and before an MLflow run begins."""
        check_runner(str(run_params.get("runner")))
        add_settings(pipeline, catalog)
        check_ready_models(pipeline, catalog)
        check_inputs(pipeline, catalog)
        check_input_files(pipeline, catalog)
        check_bases(pipeline, catalog)
        check_checkpoint_folders(pipeline, catalog)
        check_hardware(pipeline, catalog)
        join_cluster(self.cluster)
        if self.context is None:
            return
        data = data_root(self.context)
        self.lock = DataLock(data)
        self.lock.acquire()  # before the data is checked: another run could change it meanwhile
        try:
            self.lineage = Lineage(data, catalog, str(run_params.get("run_id") or run_params.get("session_id")))
            check_run(self.lineage, run_params, pipeline)
        except BaseException:
            self._release()
            raise
        mlflow = getattr(self.context, "mlflow", None)
        if mlflow is not None:
            from stepscale.tracking import tag_all_runs

            tag_all_runs()
            mlflow.tracking.run.name = mlflow.tracking.run.name or run_name(self.context.env, run_params)

    @hook_impl(specname="before_pipeline_run", trylast=True)
    def tag_run(self) -> None:
        """Tag the MLflow run (begun by kedro-mlflow) with code and environment, and close runs whose process died."""
        from stepscale.revision import code_revision
        from stepscale.tracking import close_dead_runs, tag_run

        close_dead_runs()
        environment = (self.context.env if self.context else None) or "base"
        tag_run({"git_revision": code_revision(), "environment": environment})

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Refuse inputs that an earlier node of this run has made stale."""
        if self.lineage:
            check_node(self.lineage, node)
        self.began[node.name] = time.monotonic()

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """Record what made the dataset."""
        if self.lineage:
            self.lineage.record(dataset_name, node, time.monotonic() - self.began[node.name])

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Log the results, where to look, and what waits for people."""
        self._release()
        say_waiting(pipeline, catalog)
        if "summary" in pipeline.all_outputs():
            for line in catalog.load("summary")["lines"]:
                logger.info(line)
            logger.info("report: %s", place_on_disk(catalog["report"]) or "in the store that the catalog names")

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Let the next run have the data folder."""
        self._release()

    def _release(self) -> None:
        if self.lock:
            self.lock.release()
        self.lock = self.lineage = None
        use_cluster(None)


def data_root(context: KedroContext) -> Path:
    """The folder of the run's data: ``--params data_root=...``, else the one in the environment's globals.

    Args:
        context: Kedro's context of the project.
    """
    return Path(context.project_path) / stated_data(context)


def stated_data(context: KedroContext) -> str:
    """The same, as the user wrote it.

    Args:
        context: Kedro's context of the project.
    """
    loader = context.config_loader
    return str((loader.runtime_params or {}).get("data_root") or loader["globals"].get("data", "data"))
