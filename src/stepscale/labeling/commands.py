"""Commands of people's labels: ``label`` opens the page, ``label-push`` and ``label-pull`` speak with Label Studio."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import click
from pydantic import ValidationError

from stepscale.errors import InputError

P = ParamSpec("P")
R = TypeVar("R")

_ASKED_BY_LOOP = "data/05_model_input/loop"


def in_one_line(function: Callable[P, R]) -> Callable[P, R]:
    """A user's mistake ends the command with its line and no traceback."""

    @wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except InputError as error:
            raise click.ClickException(str(error)) from None
        except ValidationError as error:
            fault = error.errors()[0]
            raise click.ClickException(
                f"--{'.'.join(map(str, fault['loc'])).replace('_', '-')}: {fault['msg']}"
            ) from None
        except ModuleNotFoundError as error:
            raise click.ClickException(f"{error.name} is not installed; pip install 'stepscale[label]'") from None

    return command


_samples = click.argument("samples", default=_ASKED_BY_LOOP, type=click.Path(path_type=Path))
_format = click.option(
    "--format",
    default="asked",
    show_default=True,
    help='of SAMPLES: "asked" is the loop\'s list; or prm800k, parquet, ...',
)
_labels = click.option(
    "--to",
    "labels",
    default="people.jsonl",
    show_default=True,
    type=click.Path(path_type=Path),
    help="the file of labels",
)


@click.command()
@_samples
@_format
@_labels
@click.option("--ask", default="first_error", show_default=True, help="first_error, every_step or alternatives")
@click.option("--host", default="127.0.0.1", show_default=True, help="elsewhere than on this machine, name labelers")
@click.option("--port", default=8765, show_default=True)
@click.option("--labeler", "labelers", multiple=True, help="who may label, by a link with a token; once for each")
@click.option("--twice", default=0.0, show_default=True, help="share of the solutions that two people label")
@click.option("--known", type=click.Path(path_type=Path), help="PRM800K file with the known labels of the two below")
@click.option("--screening", default=0, show_default=True, help="known questions that a new labeler answers first")
@click.option("--quality-control", default=0.0, show_default=True, help="share of known questions later on")
@click.option("--least-agreement", default=0.75, show_default=True, help="with known labels; who has less is left out")
@click.option("--least-questions", default=5, show_default=True, help="known questions before that is judged")
@click.option("--reserve-minutes", default=30.0, show_default=True, help="until a solution handed out is free again")
@click.option(
    "--seed", default=0, show_default=True, help="of which solutions are labeled twice, and when known ones come"
)
@in_one_line
def label(
    samples: Path,
    format: str,
    labels: Path,
    labelers: tuple[str, ...],
    host: str,
    port: int,
    known: Path | None,
    **options: object,
) -> None:
    """Open the labeling page on SAMPLES: by default what the data loop asked for last."""
    from stepscale.labeling.page.options import PageOptions
    from stepscale.labeling.page.serve import Files, serve

    serve(Files(samples, format, labels, known), PageOptions.model_validate(options), labelers, host, port)
