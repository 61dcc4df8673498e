"""``python -m stepscale world-rule``: the map's rule of thumb tried on a file of scored samples."""

from pathlib import Path

import click

from stepscale.errors import InputError
from stepscale.grading import Rules
from stepscale.verifiers.aggregation import AGGREGATIONS, Aggregation

_CANNOT = "Not tested: beam search, revisions and the rules among them. Samples cannot tell what these would have done."


@click.command("world-rule")
@click.argument("samples")
@click.option(
    "--map",
    "tables",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="data folder of a run of the pipeline world_map, such as data/thorough/22",
)
@click.option("--format", "layout", default=None, help="of the samples (docs/formats.md); recognized by itself")
@click.option(
    "--aggregation",
    type=click.Choice(AGGREGATIONS),
    default="product",
    show_default=True,
    help="step scores to a solution's",
)
@click.option(
    "--rules", type=click.Choice(("prm800k", "lenient")), default="prm800k", show_default=True, help="of grading"
)
@click.option("--resamples", default=2000, show_default=True, help="bootstrap resamples of problems")
def world_rule(
    samples: str, tables: Path, layout: str | None, aggregation: Aggregation, rules: Rules, resamples: int
) -> None:
    """Try the rule of thumb of a map of worlds on SAMPLES, for each verifier of steps that scored them."""
    from stepscale.formats.kept_tables import read_kept_tables
    from stepscale.formats.recognition import read_samples_of
    from stepscale.report.number_formats import POINTS, cell
    from stepscale.studies.world_map.given import try_on_given
    from stepscale.studies.world_map.measure import OF_SAMPLES
    from stepscale.studies.world_map.rule import FEATURES, in_words
    from stepscale.studies.world_map.tables import TABLES

    folder = tables / "08_reporting" / "tables" / "world_map"
    try:
        measured = read_kept_tables(folder, TABLES)
        if not {"rule", "winners"} <= set(measured):
            raise InputError(f"{folder} holds no rule; run the pipeline world_map first, and name its data folder")
        rule, winners = measured["rule"], measured["winners"]
        budgets = tuple(sorted(int(n) for n in winners["n"].unique()))
        _, given = read_samples_of(samples, layout, rules)
        tried = list(try_on_given(rule, given, budgets, aggregation, rules, resamples, 0))
        if not tried:
            raise InputError(f"{samples}: no verifier scored its steps; the rule asks how good one is")
    except InputError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Rule among {OF_SAMPLES}: {in_words(rule[rule['among'] == OF_SAMPLES])}")
    for trial in tried:
        case = ", ".join(f"{FEATURES[name]} {value:.3g}" for name, value in trial.case.items())
        advice = ", ".join(f"N = {n}: {strategy}" for n, strategy in trial.chosen.items())
        click.echo(f"{trial.verifier} ({case}): {advice or 'too few samples for the budgets of the map'}")
        for row in trial.tests.to_dict("records"):
            lead = cell(row, "difference", POINTS)
            click.echo(f"  rule {row['accuracy']:.1%}, minus {row['against']}: {lead}, {row['n_problems']} problems")
    click.echo(_CANNOT)


COMMANDS = {"world-rule": world_rule}
