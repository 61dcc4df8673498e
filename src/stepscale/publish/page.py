"""The page of results of finished runs: ``python -m stepscale.publish.page data/thorough/1 data/thorough/2 > docs/results.md``

In: the data folders of finished runs that differ in their seed. Out: Markdown on standard output, from the same parts as a
run's report. The figures as SVG files in the folder ``--figures``; the claims' quantities as JSON in the file ``--claims``.
Claims are settled once over all runs (``claims_over_runs``); figures and tables are those of the first. Studies that were not
run are not on the page.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from stepscale.errors import InputError
from stepscale.publish.claims_over_runs import claims_over_runs
from stepscale.publish.run_files import read_run_file
from stepscale.report.claims import Claim
from stepscale.report.markdown import markdown_page
from stepscale.report.part import Part, TextTable, read_part
from stepscale.report.report_page import ReportPage, in_order

_RESAMPLES = 2000
_FACTS = ("git revision", "written", "versions", "machine", "seed")


def finished_run(folder: Path) -> ReportPage:
    """The report of the run whose data is in ``folder``.

    Args:
        folder: The run's data.

    Raises:
        InputError: The run is not finished, or a file of it is damaged.
    """
    files, path = part_files(folder), folder / "08_reporting" / "run_facts.json"
    facts = read_run_file(path)
    if not isinstance(facts, dict):
        raise InputError(f"{path} does not hold the facts of a run; run the pipeline reporting again")
    parts: list[Part] = [read_part(file) for file in files]
    return ReportPage(in_order(parts), {name: str(facts[name]) for name in _FACTS if name in facts})


def part_files(folder: Path) -> list[Path]:
    """The files of the parts of a finished run's report, each named like its dataset in the catalog, less ``_part``.

    Args:
        folder: The run's data.

    Raises:
        InputError: The run is not finished.
    """
    path = folder / "08_reporting" / "run_facts.json"
    if not path.is_file():
        raise InputError(f"{path} is not there: finish `kedro run --params data_root={folder}` first")
    return sorted((folder / "08_reporting" / "parts").glob("*.json"))


def finished_runs(folders: Sequence[Path]) -> ReportPage:
    """The report of one run, or of several that differ in their seed alone.

    Args:
        folders: Data folder of each run.

    Raises:
        InputError: A run is not finished, two have the same seed, or they are of different revisions.
    """
    pages = [finished_run(folder) for folder in folders]
    if len(pages) == 1:
        return pages[0]
    seeds = [page.facts.get("seed", "?") for page in pages]
    revisions = {page.facts.get("git revision", "?") for page in pages}
    if len(set(seeds)) < len(seeds) or len(revisions) > 1:
        raise InputError(
            f"runs of one page differ in their seed alone, but seeds are {', '.join(seeds)} and revisions "
            f"{', '.join(sorted(revisions))}: run those again that are not of this revision"
        )
    first = [part.model_copy(update={"claims": (), "measures": {}}) for part in pages[0].parts]
    facts = pages[0].facts | {"seed": f"{', '.join(seeds)}; figures and tables below the claims are of seed {seeds[0]}"}
    return ReportPage([_claims_part(folders, pages, seeds), *first], facts)


def _claims_part(folders: Sequence[Path], pages: Sequence[ReportPage], seeds: Sequence[str]) -> Part:
    """The claims over all runs; beside them what each run alone says about them."""
    claims = claims_over_runs(folders, _RESAMPLES)
    by_seed = [{claim.id: claim for claim in page.claims} for page in pages]
    rows = tuple(
        {"": claim.id, "over all": claim.status}
        | {f"seed {seed}": alone[claim.id].status for seed, alone in zip(seeds, by_seed, strict=True)}
        for claim in claims
    )
    measures = {
        claim.id: "; ".join(
            f"seed {seed}: {measure}"
            for seed, page in zip(seeds, pages, strict=True)
            if (measure := page.measure(claim.id))
        )
        for claim in claims
    }
    table = TextTable(title="Each seed alone", rows=rows, note="Seeds differ in problems, models and samples.")
    return Part(name="seeds", title="Seeds", tables=(table,), claims=tuple(claims), measures=measures)


def quantities_by_claim(claims: Iterable[Claim]) -> dict[str, dict[str, dict[str, float | None]]]:
    """Every quantity that decides a claim, for a file.

    Args:
        claims: Those that were measured are taken.

    Returns:
        "estimate", "low" and "high" by the claim's id and the quantity's name.
    """
    return {
        claim.id: {
            one.name: {"estimate": one.estimate, "low": one.low, "high": one.high}
            for one in claim.quantities
            if one.decides
        }
        for claim in claims
        if claim.quantities
    }


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--command", default="kedro run", show_default=True, help="The command that made the runs, to be shown.")
@click.option("--figures", default=Path("docs/figures"), show_default=True, type=click.Path(path_type=Path))
@click.option("--claims", type=click.Path(path_type=Path), help="A JSON file to write the claims' quantities into.")
def main(folders: tuple[Path, ...], command: str, figures: Path, claims: Path | None) -> None:
    """Print the page of results of the runs whose data is in FOLDERS, one for each seed."""
    try:
        page = finished_runs(folders)
        click.echo(markdown_page(page, command, figures))
        if claims is not None:
            claims.write_text(json.dumps(quantities_by_claim(page.claims), indent=1), encoding="utf-8")
    except InputError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(
            f"{error.filename} cannot be written ({error.strerror}); give another place"
        ) from None


if __name__ == "__main__":
    main()
