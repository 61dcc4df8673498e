"""Kedro's settings of the project. https://docs.kedro.org"""

from pathlib import Path

from kedro.config import OmegaConfigLoader

from stepscale.hooks import ProjectHooks

HOOKS = (ProjectHooks(),)

CONFIG_LOADER_CLASS = OmegaConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "merge_strategy": {"parameters": "soft"},
    "custom_resolvers": {"project_root": lambda: str(Path(__file__).resolve().parents[2])},
}
