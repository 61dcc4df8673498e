"""Commands for labels by people: ``label`` opens the page, ``label-push`` and ``label-pull`` exchange data with Label Studio."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import click
from pydantic import ValidationError

from stepscale.errors import InputError
from stepscale.user_paths import given_path

P = ParamSpec("P")
R = TypeVar("R")

_ASKED_BY_LOOP = "data/05_model_input/loop"


def in_one_line(function: Callable[P, R]) -> Callable[P, R]:
    """Makes a command end with one line and no traceback on a user's mistake, or if a package is missing.

    Args:
        function: What the command does.

    Returns:
        The same function; it raises ``click.ClickException`` in their place.
    """

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


def _path(_: click.Context, parameter: click.Parameter, typed: str | None) -> Path | None:
    """A path with "~" written out; a blank one is refused."""
    try:
        return None if typed is None else given_path(typed)
    except InputError as error:
        raise click.ClickException(f"{parameter.opts[0]}: {error}") from None


_samples = click.argument("samples", default=_ASKED_BY_LOOP, callback=_path)
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
    metavar="PATH",
    callback=_path,
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
@click.option(
    "--known",
    "known_labels",
    metavar="PATH",
    callback=_path,
    help="PRM800K file with the known labels of the two below",
)
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
    known_labels: Path | None,
    **options: object,
) -> None:
    """Open the labeling page on SAMPLES: by default what the data loop asked for last."""
    from stepscale.labeling.page.page_options import PageOptions
    from stepscale.labeling.page.serve import Files, serve

    serve(Files(samples, format, labels, known_labels), PageOptions.model_validate(options), labelers, host, port)


_url = click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="where Label Studio listens")
_token = click.option("--token", envvar="LABEL_STUDIO_TOKEN", required=True, help="or the variable LABEL_STUDIO_TOKEN")


@click.command("label-push")
@_samples
@_format
@_url
@_token
@click.option("--project", type=int, help="number of a project; without it a new one is made")
@click.option("--title", default="Steps to label", show_default=True, help="of a new project")
@click.option("--annotators", default=1, show_default=True, help="people for each solution, in a new project")
@click.option("--prefill", is_flag=True, help="show the verifier's ratings; they anchor people")
@in_one_line
def label_push(
    samples: Path,
    format: str,
    url: str,
    token: str,
    project: int | None,
    title: str,
    annotators: int,
    prefill: bool,
) -> None:
    """Send SAMPLES to Label Studio, each once, in their order."""
    from stepscale.labeling.page.asked_samples import read_samples
    from stepscale.labeling.studio.moving import push
    from stepscale.labeling.studio.rest import StudioClient

    to_label, studio = read_samples(samples, format), StudioClient(url, token)
    number = project or studio.make_project(title, annotators)
    n_new = push(studio, to_label, number, prefill)
    click.echo(f"{n_new} of {len(to_label)} solutions are new in project {number}: {url}/projects/{number}/data")


@click.command("label-pull")
@_labels
@_url
@_token
@click.option("--project", type=int, required=True, help="number of the project")
@in_one_line
def label_pull(labels: Path, url: str, token: str, project: int) -> None:
    """Add a Label Studio project's labels to the file, each once."""
    from stepscale.labeling.studio.moving import pull
    from stepscale.labeling.studio.rest import StudioClient

    click.echo(f"{pull(StudioClient(url, token), project, labels)} new labels are in {labels}")


COMMANDS = {command.name: command for command in (label, label_push, label_pull)}
