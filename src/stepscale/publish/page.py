"""The page of results of a finished run: ``python -m stepscale.publish.page data > docs/results.md``

In: the data folder of a finished ``kedro run``. Out: Markdown on standard output, from the same parts as the run's report, and
the figures as SVG files in the folder ``--figures``. What the run did not measure is not on the page; no status is set here.
"""

import json
from pathlib import Path

import click

from stepscale.errors import InputError
from stepscale.report.markdown import markdown_page
from stepscale.report.part import Part, read_part
from stepscale.report.report_page import ReportPage, in_order

_FACTS = ("git revision", "written", "versions", "machine", "seed")


def finished_run(folder: Path) -> ReportPage:
    """The report of the run whose data lies in ``folder``.

    Raises:
        InputError: The run is not finished, or a part is damaged.
    """
    reporting = folder / "08_reporting"
    path = reporting / "run_facts.json"
    if not path.is_file():
        raise InputError(f"{path} is not there: finish `kedro run --params data_root={folder}` first")
    facts = json.loads(path.read_text(encoding="utf-8"))
    parts: list[Part] = [read_part(file) for file in sorted((reporting / "parts").glob("*.json"))]
    return ReportPage(in_order(parts), {name: str(facts[name]) for name in _FACTS if name in facts})


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--command", default="kedro run", show_default=True, help="The command that made the run, to be shown.")
@click.option("--figures", default=Path("docs/figures"), show_default=True, type=click.Path(path_type=Path))
def main(folder: Path, command: str, figures: Path) -> None:
    """Print the page of results of the run whose data lies in FOLDER."""
    try:
        click.echo(markdown_page(finished_run(folder), command, figures))
    except InputError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
