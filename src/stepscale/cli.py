"""``kedro run`` as in Kedro, with clearer errors and a few conveniences.

A mistake of the user's ends in one clear line instead of a traceback. An environment may name in its ``run.yml`` the
pipelines to run if the command line names none. A run may be started in any folder of the project. And a run that
is stopped by a signal says how to continue.
"""

import logging
import logging.config
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click
from kedro.framework.cli.project import CONFIG_FILE_HELP
from kedro.framework.cli.project import run as kedro_run
from kedro.utils import find_kedro_project, load_obj

from stepscale.config_faults import config_fault, misnamed_file
from stepscale.environments import check_environment, pipelines_of
from stepscale.errors import InputError
from stepscale.hooks.run_names import ASKED
from stepscale.option_files import options_in
from stepscale.pipeline_registry import PIPELINES

_NOTHING = ("Pipeline does not contain", "Pipeline contains no nodes")  # how Kedro's errors of wrong names begin
_ENDING = (signal.SIGTERM, signal.SIGHUP)
_GO_ON = "stopped; the same command with --only-missing-outputs goes on from here, and no finished shard is made again"


class Stopped(SystemExit):
    """The system told the run to end (SIGTERM), or its terminal was closed (SIGHUP)."""


def clear_line(error: BaseException) -> str | None:
    """The one line that a user needs, if the error is a mistake of theirs.

    Args:
        error: What ended the command; its causes are looked at too.

    Returns:
        The line; None if the fault is not the user's.
    """
    from kedro.config import MissingConfigException
    from kedro.io.core import DatasetError
    from kedro.validation.exceptions import ParameterValidationError

    from stepscale.disk_faults import disk_refusal
    from stepscale.resume import PieceError
    from stepscale.store_faults import store_refusal

    link: BaseException | None = error
    is_fault = False
    while link is not None:
        if isinstance(link, InputError):
            return str(link)
        if refusal := store_refusal(link) or disk_refusal(link):
            return refusal
        is_fault |= isinstance(link, PieceError)
        link = link.__cause__
    if is_fault:
        return None
    names_nothing = isinstance(error, ValueError) and str(error).startswith(_NOTHING)
    if names_nothing or isinstance(error, DatasetError | ParameterValidationError | MissingConfigException):
        return " ".join(str(error).split())
    return None


def check_names(pipelines: Iterable[str], runner: str | None = None) -> None:
    """Check the names of pipelines and of the runner, since Kedro would fail on them with an import error.

    Args:
        pipelines: Names of pipelines.
        runner: Name of a runner of Kedro, with or without its module; None: the default.

    Raises:
        InputError: One of them is not there.
    """
    for name in pipelines:
        if name not in (*PIPELINES, "__default__"):
            raise InputError(f"no pipeline is called {name!r}; there are {', '.join(PIPELINES)}")
    try:
        load_obj(runner or "SequentialRunner", "kedro.runner")
    except (AttributeError, ImportError, ValueError):
        raise InputError(f"no runner is called {runner!r}; SequentialRunner runs this project") from None


def go_to_project() -> None:
    """Change to the project's folder if the command was typed below it: relative paths are relative to the project."""
    root = find_kedro_project(Path.cwd())
    if root is None or root == Path.cwd():
        return
    os.chdir(root)
    if not os.environ.get("KEDRO_LOGGING_CONFIG"):
        from kedro.framework.project import LOGGING
        from yaml import safe_load

        LOGGING.configure(safe_load((root / "conf" / "logging.yml").read_text()))


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into an exception, so that runs are ended and files closed; what nohup ignores stays ignored."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise Stopped(128 + signum)

    numbers = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _without_error(record: logging.LogRecord) -> bool:
    """Kedro's message that a node failed, without the error, which is the last line of the run."""
    if record.levelno >= logging.ERROR and isinstance(record.args, tuple) and len(record.args) == 2:
        record.msg, record.args = "Node failed: %s", record.args[:1]
    return True


def _take_options(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Take from a file what the command line leaves unsaid; click does so with what its default map holds."""
    if value:
        known = {str(option.name) for option in ctx.command.params if option is not param}
        ctx.default_map = {**(ctx.default_map or {}), **options_in(Path(value), known)}
    return value


class _Run(click.Command):
    """Kedro's run: what the user gave is checked first, and a user's mistake ends it in one line."""

    def invoke(self, ctx: click.Context) -> Any:
        params = ctx.params
        try:
            go_to_project()
            ctx.meta[ASKED] = params["pipelines"] or list(filter(None, [params["pipeline"]]))
            check_environment(params["env"], params["conf_source"])
            if line := misnamed_file(params["env"], params["conf_source"]):
                raise InputError(line)
            if not any(params[name] for name in ("pipelines", "pipeline", "node_names", "tags")):
                params["pipelines"] = pipelines_of(params["env"], params["conf_source"])
            check_names(params["pipelines"] or ctx.meta[ASKED], params["runner"])
            logging.getLogger("kedro.pipeline.node").addFilter(_without_error)
            with _ended_by_signal():
                return super().invoke(ctx)
        except (KeyboardInterrupt, Stopped) as stop:  # Kedro tells its hooks of errors alone
            from stepscale.tracking import end_runs

            end_runs("KILLED")
            click.echo(_GO_ON, err=True)
            raise SystemExit(stop.code if isinstance(stop, Stopped) else 130) from None
        except Exception as error:
            line = clear_line(error) or config_fault(error, params["env"], params["conf_source"])
            if line is None:
                raise
            raise click.ClickException(line) from None


@click.group()
def cli() -> None:
    """Commands of the project."""


_CONFIG = click.Option(
    ["--config", "-c"],
    type=click.Path(exists=True, dir_okay=False, resolve_path=True),
    help=CONFIG_FILE_HELP,
    callback=_take_options,
)
_PARAMS = [_CONFIG if param.name == _CONFIG.name else param for param in kedro_run.params]
run = _Run("run", params=_PARAMS, callback=kedro_run.callback, help=kedro_run.help, epilog=kedro_run.epilog)
cli.add_command(run)
