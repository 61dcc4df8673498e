"""What happens around every run: parameters checked before anything else, the revision tagged, the result told."""

import logging
import subprocess
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

logger = logging.getLogger(__name__)


class ProjectHooks:
    """Hooks of the project; no state but the folder it runs in."""

    def __init__(self) -> None:
        self.folder = Path.cwd()

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Refuse unknown or ill-typed parameters, all of them, before a dataset is touched."""
        from stepscale.parameters import check_parameters

        self.folder = context.project_path
        check_parameters(context.params)

    @hook_impl(trylast=True)
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Tag the MLflow run (begun by kedro-mlflow) with the revision of the code."""
        from stepscale.tracking import tag_run

        tag_run({"git_revision": git_revision(self.folder)})

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """End by saying what was found and where to look."""
        if "summary" in pipeline.all_outputs():
            for line in catalog.load("summary")["lines"]:
                logger.info(line)


def git_revision(folder: Path) -> str:
    """The commit of the code, with ``+`` if the tree has changes; "unknown" outside git."""
    try:
        words = ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
        return subprocess.run(words, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"
