"""How much of the small model's lead is its verifier's? ``python -m stepscale.studies.larger_model.one_method FOLDER ...``

In: the data folders of finished runs with searches and a larger model. Out: at equal FLOPs (Snell et al. 2024, 7, v1's formula)
the small model's majority vote, which needs no verifier, and its best-of-N weighted, each alone, minus the larger model's
greedy answer, by oracle bin over the problems of all runs. It is an experiment beside claim B7, and settles nothing of it.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.flops_match import RATIOS, budget_multiplier
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.formats.kept_tables import read_tables_of_run
from stepscale.studies.larger_model.measure import answers_for
from stepscale.studies.larger_model.tables import LARGER_ANSWERS
from stepscale.studies.strategies.accuracy import MAJORITY, STRATEGY_ACCURACY, WEIGHTED, results_of
from stepscale.studies.strategies.samples import SCORED_SAMPLES, SEARCH, difficulty_bins, scored_grid

METHODS = (MAJORITY, WEIGHTED)
_RESAMPLES = 2000
_NEEDED = {
    "scored_samples": ("08_reporting", SCORED_SAMPLES),
    "search_accuracy": ("08_reporting", STRATEGY_ACCURACY),
    "larger_answers": ("07_model_output", LARGER_ANSWERS),
}


def read_run(folder: Path, seed: int) -> tuple[pd.DataFrame, float]:
    """Both models on the searched problems of a run.

    Args:
        folder: The run's data.
        seed: Of ties between problems of like difficulty.

    Returns:
        A row per problem, method and measured budget, with ``small`` (its accuracy there), ``larger`` (1 where the larger model
        is right) and ``bin``; and M, the ratio of sizes.

    Raises:
        InputError: A table is absent or damaged, or a problem has no answer of the larger model.
    """
    tables = read_tables_of_run(folder, _NEEDED)
    ids = results_of(tables["search_accuracy"]).ids
    right = answers_for(ids, tables["larger_answers"])["is_correct"].astype("boolean").fillna(False)
    bins = difficulty_bins(scored_grid(tables["scored_samples"], ids, SEARCH), seed)["oracle"]
    of_problem = pd.DataFrame({"bin": bins, "larger": right.to_numpy(float)}, index=pd.Index(ids, name="problem_id"))
    rows = tables["search_accuracy"].query("strategy in @METHODS")[["problem_id", "strategy", "budget", "accuracy"]]
    sizes = json.loads((folder / "05_model_input" / "model_sizes.json").read_text(encoding="utf-8"))
    joined = rows.rename(columns={"accuracy": "small"}).join(of_problem, on="problem_id")
    return joined, float(sizes["size_ratio"])


def differences(runs: Sequence[pd.DataFrame], size_ratio: float, seed: int) -> pd.DataFrame:
    """Small minus larger by method, R and bin (0: all problems), at the measured budget that is nearest to equal FLOPs.

    Args:
        runs: From ``read_run``; problems of all runs count alike.
        size_ratio: M.
        seed: Of resamples.

    Returns:
        Columns method, r, budget, bin, small, larger, difference, low, high, n_problems.
    """
    together = pd.concat(runs, ignore_index=True)
    measured = np.sort(together["budget"].unique())
    rows = []
    for method in METHODS:
        for r in RATIOS["v1"]:
            granted = budget_multiplier(size_ratio, r, "v1")
            nearest = measured[np.abs(np.log(measured / granted)).argmin()]
            at = together[(together["strategy"] == method) & (together["budget"] == nearest)]
            for number in range(int(at["bin"].max()) + 1):
                chosen = at[at["bin"] == number] if number else at
                gap = bootstrap_interval(chosen["small"] - chosen["larger"], _RESAMPLES, seed)
                means = chosen[["small", "larger"]].mean()
                rows.append((method, r, nearest, number, *means, gap.mean, gap.low, gap.high, len(chosen)))
    columns = ["method", "r", "budget", "bin", "small", "larger", "difference", "low", "high", "n_problems"]
    return pd.DataFrame(rows, columns=columns).astype({"difference": float, "low": float, "high": float})


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--seed", default=0, show_default=True, help="Of ties and resamples.")
def main(folders: tuple[Path, ...], seed: int) -> None:
    """Compare one method at a time with the larger model, over the runs in FOLDERS."""
    try:
        runs = [read_run(folder, seed) for folder in folders]
    except InputError as error:
        raise click.ClickException(str(error)) from None
    table = differences([rows for rows, _ in runs], float(np.mean([ratio for _, ratio in runs])), seed)
    click.echo(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
