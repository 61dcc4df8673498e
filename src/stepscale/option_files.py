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
        Values by name, as the command line gives them.

    Raises:
        ClickException: It is not YAML, it has no block ``run``, or an option there is not known.
    """
    try:
        stated: Any = OmegaConf.to_container(OmegaConf.load(file))
    except OSError:  # what OmegaConf raises of a number alone
        stated = None
    except (YAMLError, OmegaConfBaseException, ValueError) as error:
        raise click.ClickException(f"{file} is not YAML ({' '.join(str(error).split())}); mend it") from None
    options = stated.get(_BLOCK) if isinstance(stated, dict) else None
    if not isinstance(options, dict):
        raise click.ClickException(f"{file} holds no options of kedro run; write them below the key {_BLOCK}")
    if unknown := [name for name in options if name not in known]:
        there = ", ".join(sorted(known))
        raise click.ClickException(f"{file} gives {unknown[0]!r}, which is no option of kedro run; there are {there}")
    return {str(name): _as_on_command_line(value) for name, value in options.items()}


def _as_on_command_line(value: Any) -> Any:
    """A list as its items with commas between, a number or a truth value as text; Kedro splits texts."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return value if value is None or isinstance(value, dict) else str(value)
