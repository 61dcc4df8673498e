"""One verdict from several runs: ``python -m stepscale.publish.across_seeds data/seeds/0 data/seeds/1 ...``

Each argument is the data folder of a finished ``kedro run`` with a seed of its own. Every run has its own problems, models
and samples, so intervals are in two levels: over runs, and over the problems within each. ``make seeds`` runs the whole. A1 is
settled from the samples, the other claims from the quantities in each run's report (``claims_over_runs``).
"""

import json
from pathlib import Path
from typing import Literal

import click
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.closed_form import Floats
from stepscale.estimators.intervals import nested_interval
from stepscale.estimators.quantities import quantity
from stepscale.grading import Rules
from stepscale.publish.claims_over_runs import claims_over_runs
from stepscale.report.claims import Claim, settle
from stepscale.report.report_page import claim_line
from stepscale.studies.best_of_n.aggregates import PRODUCT, score_samples
from stepscale.studies.best_of_n.comparison import a1_effects, a1_values, per_problem
from stepscale.verifiers.aggregation import HOWS, How, Rule

COMPARED = (("PRM", "ORM"), ("PRM", "Majority"), ("ORM", "Majority"))


def accuracies(
    folder: Path, ns: tuple[int, ...], rule: Rule = PRODUCT, grading_rules: Rules = "prm800k"
) -> dict[str, Floats]:
    """Expected accuracy [test problems, len(ns)] of one run, by label.

    Raises:
        InputError: The run is not finished.
    """
    files = {
        "problems": "03_primary/problems",
        "solutions": "07_model_output/test_solutions",
        "prm": "07_model_output/prm_scores",
        "orm": "07_model_output/orm_scores",
    }
    paths = {name: folder / f"{path}.parquet" for name, path in files.items()}
    absent = next((path for path in paths.values() if not path.exists()), None)
    if absent:
        raise InputError(f"{absent} is not there: run `kedro run --params data_root={folder}` first")
    read = {name: pd.read_parquet(path) for name, path in paths.items()}
    tables = (read["solutions"], read["prm"], read["orm"])
    scored = score_samples(read["problems"], "test", *tables, rule=rule, grading_rules=grading_rules)
    return per_problem(scored.grid, scored.scores, [n for n in ns if n <= scored.grid.mask.shape[1]])


def measured(
    folders: list[Path],
    ns: tuple[int, ...],
    resamples: int,
    rule: Rule = PRODUCT,
    grading_rules: Rules = "prm800k",
) -> tuple[list[dict[str, Floats]], Claim]:
    """Each run's accuracies at the budgets that all have, and claim A1 over the runs."""
    runs = [accuracies(folder, ns, rule, grading_rules) for folder in folders]
    used = ns[: min(run["PRM"].shape[1] for run in runs)]
    runs = [{label: accuracy[:, : len(used)] for label, accuracy in run.items()} for run in runs]
    parts, effects = [a1_values(run, used) for run in runs], a1_effects(used)
    quantities = {
        name: quantity(nested_interval([values[name] for values in parts], resamples), effects[name])
        for name in parts[0]
    }
    return runs, settle("A1", quantities, len(folders))


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--largest", default=256, help="Largest number of samples per problem, N.")
@click.option("--resamples", default=2000, help="Bootstrap resamples of runs and problems.")
@click.option("--aggregation", default="product", type=click.Choice(HOWS), help="The runs' report.aggregation.")
@click.option(
    "--grading-rules",
    default="prm800k",
    type=click.Choice(["prm800k", "lenient"]),
    help="The runs' search.grading_rules.",
)
def main(
    folders: tuple[Path, ...],
    largest: int,
    resamples: int,
    aggregation: How,
    grading_rules: Literal["prm800k", "lenient"],
) -> None:
    """Print best-of-N of every method at the largest N, by seed and over all, and every claim that all runs measured."""
    ns = tuple(2**i for i in range(largest.bit_length()))
    try:
        runs, claim = measured(list(folders), ns, resamples, (aggregation, "positive"), grading_rules)
    except InputError as error:
        raise click.ClickException(str(error)) from None
    for label in runs[0]:
        accuracy = [run[label][:, -1] for run in runs]
        interval = nested_interval(accuracy, resamples)
        by_seed = ", ".join(f"{values.mean():.3f}" for values in accuracy)
        click.echo(
            f"{label:24} {float(interval.mean):.3f} [{float(interval.low):.3f}, {float(interval.high):.3f}] by seed: {by_seed}"
        )
    for one, other in COMPARED:
        lead = nested_interval([run[one][:, -1] - run[other][:, -1] for run in runs], resamples)
        named = f"{one} - {other}"
        click.echo(
            f"{named:24} {float(lead.mean):+.3f} [{float(lead.low):+.3f}, {float(lead.high):+.3f}] problem by problem"
        )
    for reported in claims_over_runs(folders, resamples):
        if reported.id != claim.id:
            click.echo(claim_line(reported))
    shown = (
        "id",
        "status",
        "decided_by",
        "estimate",
        "low",
        "high",
        "high_among",
        "power",
        "parts",
        "n_problems",
        "seeds",
    )
    click.echo(json.dumps({name: getattr(claim, name) for name in shown}))


if __name__ == "__main__":
    main()
