"""The parameters of an environment, as ``kedro run --env`` merges them, and the seeds that commands run."""

import re
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


def seeds_of_commands(but: str) -> set[int]:
    """The seeds of all commands of the Makefile, without those that run the environment ``but``."""
    lines = (CONF.parent / "Makefile").read_text().splitlines()
    named = (re.search(r"(?:for seed in|_SEEDS :=) ([\d ]+)", line) for line in lines if f"--env {but} " not in line)
    return {int(seed) for found in named if found for seed in found[1].split()}
