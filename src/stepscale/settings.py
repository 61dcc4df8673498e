"""Kedro's settings of the project. https://docs.kedro.org"""

import logging
import os
import warnings
from pathlib import Path

from kedro.config import OmegaConfigLoader
from kedro.utils import find_kedro_project

from stepscale.hooks import ProjectHooks

# No telemetry: kedro, kedro-viz, MLflow and the Hugging Face hub all read this variable.
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
warnings.filterwarnings("ignore", message="register_new_resolver")  # Kedro's own call, not ours to change
with warnings.catch_warnings(record=True):  # kedro-mlflow's own model class makes MLflow warn about type hints
    import kedro_mlflow.mlflow  # noqa: F401
# conf/logging.yml cannot do this: kedro-mlflow sets its own level when it is imported
logging.getLogger("kedro_mlflow").setLevel(logging.WARNING)


def project_root() -> str:
    """The project's folder: the one the command runs in or below, else the one this code lies in, else the current one."""
    root = Path(__file__).resolve().parents[2]
    return str(find_kedro_project(Path.cwd()) or (root if (root / "conf").is_dir() else Path.cwd()))


HOOKS = (ProjectHooks(),)

CONFIG_LOADER_CLASS = OmegaConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "merge_strategy": {"parameters": "soft"},
    "custom_resolvers": {"project_root": project_root},
}
