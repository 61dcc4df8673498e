"""``kedro run`` as Kedro has it, with two things more.

A mistake of the user's ends in one clear line instead of a traceback; and an environment may say in its ``run.yml`` which
pipelines a run of it is, where the command line does not.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run

from stepscale.errors import InputError
from stepscale.pipeline_registry import PIPELINES


def clear_line(error: BaseException) -> str | None:
    """The one line a user needs, if this error, or what caused it, is about what they gave us; else None."""
    from kedro.io.core import DatasetError
    from kedro.validation.exceptions import ParameterValidationError

    from stepscale.resume import PieceError

    link: BaseException | None = error
    is_fault = False
    while link is not None:
        if isinstance(link, InputError):
            return str(link)
        is_fault |= isinstance(link, PieceError)
        link = link.__cause__
    if is_fault:
        return None
    names_nothing = isinstance(error, ValueError) and str(error).startswith("Pipeline does not contain")
    if names_nothing or isinstance(error, DatasetError | ParameterValidationError):
        return " ".join(str(error).split())
    return None


def check_names(pipelines: Iterable[str]) -> None:
    """Raises InputError for a pipeline that is not there: Kedro would answer with an error of the import system."""
    for name in pipelines:
        if name not in (*PIPELINES, "__default__"):
            raise InputError(f"no pipeline is called {name!r}; there are {', '.join(PIPELINES)}")


def broken_file(env: str | None, conf_source: str | None = None) -> str | None:
    """The first configuration file that is not YAML (a key given twice, a wrong indent), with its line and what is wrong.

    Kedro's own error does not always name the file.
    """
    from omegaconf import OmegaConf
    from yaml import YAMLError

    for file in sorted(
        file for part in ("base", _environment(env)) for file in (_conf(conf_source) / part).glob("*.y*ml")
    ):
        try:
            OmegaConf.load(file)
        except YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f"{file}:{mark.line + 1}" if mark else str(file)
            return f"{where}: {getattr(error, 'problem', None) or error}; mend it"
    return None


def own_pipelines(env: str | None, conf_source: str | None = None) -> list[str]:
    """The pipelines that ``conf/<env>/run.yml`` names; empty if there is no such file."""
    from omegaconf import OmegaConf

    file = _conf(conf_source) / _environment(env) / "run.yml"
    stated = OmegaConf.to_container(OmegaConf.load(file)) if file.is_file() else {}
    return [str(name) for name in stated.get("pipelines", [])] if isinstance(stated, dict) else []


def _conf(conf_source: str | None) -> Path:
    from kedro.utils import find_kedro_project

    return Path(conf_source) if conf_source else (find_kedro_project(Path.cwd()) or Path()) / "conf"


def _environment(env: str | None) -> str:
    return env or os.environ.get("KEDRO_ENV") or "local"


class _Run(click.Command):
    def invoke(self, ctx: click.Context) -> Any:
        from yaml import YAMLError

        try:
            given = ctx.params
            if not any(given[name] for name in ("pipelines", "pipeline", "node_names", "tags", "config")):
                given["pipelines"] = own_pipelines(given["env"], given["conf_source"])
            check_names(ctx.params["pipelines"] or filter(None, [ctx.params["pipeline"]]))
            return super().invoke(ctx)
        except KeyboardInterrupt:  # Kedro tells its hooks of errors alone
            from stepscale.tracking import end_runs

            end_runs("KILLED")
            raise
        except Exception as error:
            line = clear_line(error)
            if isinstance(error, YAMLError):
                line = broken_file(ctx.params["env"], ctx.params["conf_source"])
            if line is None:
                raise
            raise click.ClickException(line) from None


@click.group()
def cli() -> None:
    """Commands of the project."""


cli.add_command(
    _Run("run", params=kedro_run.params, callback=kedro_run.callback, help=kedro_run.help, epilog=kedro_run.epilog)
)
