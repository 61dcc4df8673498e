"""One verdict from several runs: ``python -m stepscale.pipelines.reporting.across_seeds data/seeds/0 data/seeds/1 ...``

Each argument is the data folder of a finished ``kedro run`` with a seed of its own. Every run has its own problems, models
and samples, so their problems are pooled: intervals are over all problems of all seeds. ``make seeds`` runs the whole.
"""

import json
from pathlib import Path

import click
import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.scaling.aggregates import score_samples
from stepscale.scaling.claims import Claim, settle
from stepscale.scaling.comparison import a1_quantities, per_problem
from stepscale.scaling.intervals import bootstrap_interval, paired_interval

COMPARED = (("PRM", "ORM"), ("PRM", "Majority"), ("ORM", "Majority"))


def accuracies(folder: Path, ns: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Expected accuracy [test problems, len(ns)] of one run, by label. Raises InputError if the run is not finished."""
    tables = {
        "problems": "03_primary/problems", "solutions": "07_model_output/test_solutions",
        "prm": "07_model_output/prm_scores", "orm": "07_model_output/orm_scores",
    }  # fmt: skip
    paths = {name: folder / f"{path}.parquet" for name, path in tables.items()}
    absent = next((path for path in paths.values() if not path.exists()), None)
    if absent:
        raise InputError(f"{absent} is not there: run `kedro run --params data_root={folder}` first")
    read = {name: pd.read_parquet(path) for name, path in paths.items()}
    scored = score_samples(read["problems"], "test", read["solutions"], read["prm"], read["orm"])
    return per_problem(scored.grid, scored.scores, [n for n in ns if n <= scored.grid.mask.shape[1]])


def pooled(folders: list[Path], ns: tuple[int, ...], resamples: int) -> tuple[dict[str, np.ndarray], Claim]:
    """The runs' problems together, and claim A1 over them."""
    runs = [accuracies(folder, ns) for folder in folders]
    values = {label: np.concatenate([run[label] for run in runs]) for label in runs[0]}
    used = ns[: values["PRM"].shape[1]]
    quantities = a1_quantities(values, used, resamples, seed=0)
    return values, settle("A1", quantities, len(folders))


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--largest", default=256, help="Largest number of samples a problem, N.")
@click.option("--resamples", default=2000, help="Bootstrap resamples of the problems.")
def main(folders: tuple[Path, ...], largest: int, resamples: int) -> None:
    """Print best-of-N of every method at the largest N, by seed and over all, and claim A1."""
    ns = tuple(2**i for i in range(largest.bit_length()))
    try:
        values, claim = pooled(list(folders), ns, resamples)
    except InputError as error:
        raise click.ClickException(str(error)) from None
    size = len(values["PRM"]) // len(folders)
    for label, found in values.items():
        interval = bootstrap_interval(found[:, -1], resamples, 0)
        by_seed = ", ".join(f"{found[i * size : (i + 1) * size, -1].mean():.3f}" for i in range(len(folders)))
        click.echo(
            f"{label:24} {float(interval.mean):.3f} [{float(interval.low):.3f}, {float(interval.high):.3f}] by seed: {by_seed}"
        )
    for one, other in COMPARED:
        lead = paired_interval(values[one][:, -1], values[other][:, -1], resamples, 0)
        named = f"{one} - {other}"
        click.echo(
            f"{named:24} {float(lead.mean):+.3f} [{float(lead.low):+.3f}, {float(lead.high):+.3f}] problem by problem"
        )
    shown = ("id", "status", "decided_by", "estimate", "low", "high", "high_among", "parts", "n_problems", "seeds")
    click.echo(json.dumps({name: getattr(claim, name) for name in shown}))


if __name__ == "__main__":
    main()
