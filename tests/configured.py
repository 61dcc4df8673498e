"""The parameters of an environment, as ``kedro run --env`` merges them."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

CONF = Path(__file__).resolve().parents[1] / "conf"


def parameters(env: str) -> dict[str, Any]:
    return deepcopy(_merged(env))


@cache
def _merged(env: str) -> dict[str, Any]:
    from kedro.config import OmegaConfigLoader

    from stepscale.settings import CONFIG_LOADER_ARGS

    loader = OmegaConfigLoader(str(CONF), env=env, **CONFIG_LOADER_ARGS)
    return dict(loader["parameters"])
