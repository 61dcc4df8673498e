"""``python -m stepscale step-benchmarks``: any PRM on published step benchmarks, without a run of the project."""

import click

from stepscale.errors import InputError
from stepscale.verifiers.public import ADAPTERS, Adapter


@click.command("step-benchmarks")
@click.argument("verifier")
@click.option("--adapter", type=click.Choice(ADAPTERS), help="of a public model whose name or folder does not tell it")
@click.option("--processbench", help="files, folder or hub name")
@click.option("--prmbench", help="likewise")
@click.option("--hard2verify", help="likewise, decrypted")
@click.option(
    "--choose-on", default="gsm8k", show_default=True, help="part of ProcessBench that a threshold is chosen on"
)
@click.option("--to", "output", metavar="PATH", help="write the table there as Parquet")
def step_benchmarks(
    verifier: str, adapter: Adapter | None, choose_on: str, output: str | None, **paths: str | None
) -> None:
    """Measure VERIFIER, a folder, a hub name or a server's address, on the step benchmarks that are given."""
    from stepscale.formats import read
    from stepscale.formats.output import checked_output_file
    from stepscale.studies.step_benchmarks.figures import benchmark_rows
    from stepscale.studies.step_benchmarks.measure import check_part, measure_benchmarks, score_benchmark
    from stepscale.verifiers.open_verifier import load_verifier

    sources = {name: path for name, path in paths.items() if path is not None}
    if not sources:
        raise click.UsageError("give a benchmark: --processbench, --prmbench or --hard2verify")
    try:
        place = None if output is None else checked_output_file(output)  # before hours of scoring
        tables = {name: read(path, name) for name, path in sources.items()}
        if "processbench" in tables:
            check_part(tables["processbench"], choose_on)
        reader = load_verifier(verifier, adapter=adapter)
        scored = {name: score_benchmark(table, reader) for name, table in tables.items()}
        measured = measure_benchmarks(scored, reader.name, choose_on)
    except InputError as error:
        raise click.ClickException(str(error)) from None
    for row in benchmark_rows(measured):
        click.echo("; ".join(f"{name} {value}" for name, value in row.items() if value))
    if place:
        measured.to_parquet(place)


COMMANDS = {"step-benchmarks": step_benchmarks}
