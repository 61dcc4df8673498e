"""``python -m stepscale.serving``: serve the policy that a run saved, or models named in a file (docs/serving.md)."""

from functools import partial
from pathlib import Path

from pydantic import ValidationError

from stepscale.errors import InputError
from stepscale.opening import needs
from stepscale.user_paths import given_path

try:
    with needs("serving"):
        import click
except InputError as error:
    raise SystemExit(f"Error: {error}") from None

SAVED = Path("data/08_reporting/policy")


@click.command(help=__doc__)
@click.argument("source", default=str(SAVED))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=5001, show_default=True, help="0: any free one.")
@click.option("--name", default="stepscale-policy", show_default=True, help="What clients give as model.")
@click.option(
    "--budget", default=16, show_default=True, help="Generations per answer, where a request names no budget."
)
@click.option("--seconds", default=60.0, show_default=True, help="That a request may take.")
@click.option(
    "--workers", default="auto", show_default=True, help="Processes that answer; auto: one per core for small models."
)
@click.option("--questions-at-once", default=64, show_default=True, help="Questions answered side by side.")
@click.option("--questions-waiting", default=256, show_default=True, help="Questions that wait; more are refused.")
def main(
    source: str,
    host: str,
    port: int,
    name: str,
    budget: int,
    seconds: float,
    workers: str,
    questions_at_once: int,
    questions_waiting: int,
) -> None:
    """Serve until told to end."""
    try:
        with needs("serving"):
            from stepscale.serving.server import ServerOptions, serve
            from stepscale.serving.service import ServiceLimits
            from stepscale.serving.sources import open_answerer
        at_once = {"questions_at_once": questions_at_once, "questions_waiting": questions_waiting}
        limits = ServiceLimits.model_validate(at_once)
        answering = {"budget": budget, "seconds": seconds, "workers": workers, "limits": limits}
        options = ServerOptions.model_validate({"host": host, "port": port, "name": name, **answering})
        serve(partial(open_answerer, given_path(source)), options)
    except ValidationError as error:
        first = error.errors()[0]
        raise click.ClickException(f"--{str(first['loc'][0]).replace('_', '-')}: {first['msg']}") from None
    except InputError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
