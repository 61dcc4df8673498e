"""``kedro run`` as Kedro has it, but a mistake of the user's ends in one clear line instead of a traceback."""

from collections.abc import Iterable
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run

from stepscale.errors import InputError
from stepscale.pipeline_registry import PIPELINES


def clear_line(error: BaseException) -> str | None:
    """The one line a user needs, if this error, or what caused it, is about what they gave us; else None."""
    from kedro.io.core import DatasetError
    from kedro.validation.exceptions import ParameterValidationError

    link: BaseException | None = error
    while link is not None:
        if isinstance(link, InputError):
            return str(link)
        link = link.__cause__
    names_nothing = isinstance(error, ValueError) and str(error).startswith("Pipeline does not contain")
    if names_nothing or isinstance(error, DatasetError | ParameterValidationError):
        return " ".join(str(error).split())
    return None


def check_names(pipelines: Iterable[str]) -> None:
    """Raises InputError for a pipeline that is not there: Kedro would answer with an error of the import system."""
    for name in pipelines:
        if name not in (*PIPELINES, "__default__"):
            raise InputError(f"no pipeline is called {name!r}; there are {', '.join(PIPELINES)}")


class _ClearErrors(click.Command):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            check_names(ctx.params["pipelines"] or filter(None, [ctx.params["pipeline"]]))
            return super().invoke(ctx)
        except Exception as error:
            line = clear_line(error)
            if line is None:
                raise
            raise click.ClickException(line) from None


@click.group()
def cli() -> None:
    """Commands of the project."""


cli.add_command(
    _ClearErrors(
        "run", params=kedro_run.params, callback=kedro_run.callback, help=kedro_run.help, epilog=kedro_run.epilog
    )
)
