"""A file of options of ``kedro run``, which ``--config`` names: YAML with the block ``run``."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import click
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

_BLOCK = "run"


def options_in(file: Path, known: Collection[str]) -> dict[str, Any]:
    """The options that a file gives.

    Args:
        file: A YAML file.
        known: Names of the options of ``kedro run``.

    Returns:
        Values by name.

    Raises:
        ClickException: It is not YAML, it has no block ``run``, or an option there is not known.
    """
    try:
        stated: Any = OmegaConf.to_container(OmegaConf.load(file))
    except (YAMLError, OmegaConfBaseException, ValueError, OSError) as error:  # the last of a number alone
        raise click.ClickException(f"{file} is not YAML ({' '.join(str(error).split())}); mend it") from None
    options = stated.get(_BLOCK) if isinstance(stated, dict) else None
    if not isinstance(options, dict):
        raise click.ClickException(f"{file} holds no options of kedro run; write them below the key {_BLOCK}")
    if unknown := [name for name in options if name not in known]:
        there = ", ".join(sorted(known))
        raise click.ClickException(f"{file} gives {unknown[0]!r}, which is no option of kedro run; there are {there}")
    return {str(name): value for name, value in options.items()}
