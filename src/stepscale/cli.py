"""``kedro run`` as Kedro has it, but bad input ends in one clear line instead of a traceback."""

from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run

from stepscale.errors import InputError


def clear_line(error: BaseException) -> str | None:
    """The one line a user needs, if this error (or what caused it) is about what they gave us; else None."""
    from kedro.io.core import DatasetError
    from kedro.validation.exceptions import ParameterValidationError

    link: BaseException | None = error
    while link is not None:
        if isinstance(link, InputError):
            return str(link)
        link = link.__cause__ or link.__context__
    if isinstance(error, DatasetError | ParameterValidationError):
        return " ".join(str(error).split())
    return None


class _ClearErrors(click.Command):
    def invoke(self, ctx: click.Context) -> Any:
        try:
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
    _ClearErrors("run", params=kedro_run.params, callback=kedro_run.callback, help=kedro_run.help, epilog=kedro_run.epilog)
)
