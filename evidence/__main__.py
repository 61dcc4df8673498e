"""``python -m evidence``: redo the figures that take under ten minutes, or those named, and say which moved."""

import sys

import click

from evidence.figures import read_figures
from evidence.page import PAGE, page_of
from evidence.redoing import redo
from stepscale.errors import InputError


@click.command()
@click.argument("ids", nargs=-1)
@click.option("--minutes", default=10.0, show_default=True, help="Leave out commands that take longer.")
@click.option("--page", is_flag=True, help="Write docs/evidence.md, and redo nothing.")
def main(ids: tuple[str, ...], minutes: float, page: bool) -> None:
    """Redo figures. The exit status is 1 if one moved or failed."""
    try:
        figures = read_figures()
    except InputError as error:
        raise click.ClickException(str(error)) from None
    if unknown := set(ids) - {figure.id for figure in figures}:
        raise click.ClickException(f"no figure has the id {sorted(unknown)[0]}; evidence/figures.toml lists them")
    if page:
        PAGE.write_text(page_of(figures), encoding="utf-8")
        return
    selected = [figure for figure in figures if (figure.id in ids if ids else figure.minutes < minutes)]
    bad = 0
    for redone in redo(selected):
        now = "" if redone.value is None else f"now {redone.value:g}"
        stated = f"stated {redone.figure.value:g}"
        click.echo(f"{redone.status:9} {redone.figure.id:32} {stated:16} {now:16} {redone.reason}".rstrip())
        bad += redone.status in ("moved", "failed")
    click.echo(f"{len(selected)} of {len(figures)} figures redone, {bad} moved or failed")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
