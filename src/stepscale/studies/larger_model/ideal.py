"""Could any larger model win in the lab? ``python -m stepscale.studies.larger_model.ideal data/thorough_searches/16``

In: the data folder of a finished run of the lab with searches. Out: the small model's compute-optimal searches against the ideal
imitator of the lab's hands, at equal FLOPs (Snell et al. 2024, 7, v1's formula), by oracle bin. The ideal imitator is the
ceiling of what is pretrained on the lab's corpus alone. It is an experiment beside claim B7, and settles nothing of it.
"""

from collections.abc import Mapping
from pathlib import Path
from random import Random

import click
import numpy as np
import pandas as pd

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.estimators.compute_optimal import compute_optimal
from stepscale.estimators.flops_match import flops_match
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.formats.kept_tables import read_tables_of_run
from stepscale.formats.tables import PROBLEMS
from stepscale.lab.ideal_imitator import IdealImitator
from stepscale.studies.strategies.accuracy import STRATEGY_ACCURACY, results_of
from stepscale.studies.strategies.samples import SCORED_SAMPLES, SEARCH, difficulty_bins, scored_grid

_RESAMPLES = 2000
_PROMPT = "<s>{problem}\n"  # of the lab's models
_LONGEST = 320  # tokens of a solution
_NEEDED = {
    "problems": ("03_primary", PROBLEMS),
    "scored_samples": ("08_reporting", SCORED_SAMPLES),
    "search_accuracy": ("08_reporting", STRATEGY_ACCURACY),
}


def ideal_answers_right(problems: pd.DataFrame, seed: int) -> "pd.Series[float]":
    """1 where the ideal imitator's greedy answer is right, else 0, by problem_id.

    Args:
        problems: Problems of the lab with their answers, a row per problem.
        seed: Decides in which order it works, where several are alike.
    """
    answers = [IdealImitator(Random(seed)).solve(text)[-1].removeprefix("Answer: ") for text in problems["problem"]]
    return pd.Series(np.equal(answers, problems["answer"].tolist()).astype(float), index=problems["problem_id"])


def against_ideal(tables: Mapping[str, pd.DataFrame], size_ratio: float, seed: int) -> pd.DataFrame:
    """The small model's searches against the ideal imitator, a row per oracle bin (0: all problems) and R.

    Args:
        tables: Problems, scored samples and the accuracy of searches, by name.
        size_ratio: M, how many times more parameters a larger model would have.
        seed: Of ties and resamples.

    Returns:
        Columns of ``flops_match``, counted in generations.
    """
    results = results_of(tables["search_accuracy"])
    problems = tables["problems"][tables["problems"]["problem_id"].isin(set(results.ids))]
    right = ideal_answers_right(problems, seed)[list(results.ids)].to_numpy()
    bins = difficulty_bins(scored_grid(tables["scored_samples"], results.ids, SEARCH), seed)["oracle"]
    return flops_match(compute_optimal(results, bins, _RESAMPLES, seed), bins, right, size_ratio, "v1")


def greedily_right(model: Path, problems: pd.DataFrame) -> "pd.Series[float]":
    """1 where a model's greedy answer is right, else 0, by problem_id.

    Args:
        model: Folder of a model of the lab.
        problems: Problems of the lab with their answers, a row per problem.
    """
    from stepscale.generation import load_generator
    from stepscale.generation.contract import Sampling
    from stepscale.generation.graded import grade
    from stepscale.generation.sampling import SamplingJob, sample_solutions

    job = SamplingJob("greedy", 1, Sampling(0.0, 1.0, _LONGEST), 0)
    solutions = sample_solutions(job, load_generator(model, prompt=_PROMPT), problems, Ledger())
    graded = grade(solutions, problems).set_index("problem_id")["is_correct"]
    return graded.astype(float)[problems["problem_id"]]


def _in_words(right: "pd.Series[float]", problems: pd.DataFrame, seed: int) -> str:
    """Accuracy over all problems with its interval, and by level."""
    interval = bootstrap_interval(right.to_numpy(), _RESAMPLES, seed)
    by_level = right.groupby(problems.set_index("problem_id")["level"]).mean()
    levels = ", ".join(f"{level}: {share:.0%}" for level, share in by_level.items())
    return (
        f"{interval.mean:.1%} [{interval.low:.1%}, {interval.high:.1%}] of {len(problems)} problems (by level {levels})"
    )


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--model", "models", multiple=True, type=click.Path(path_type=Path), help="Its greedy answers beside.")
@click.option("--size-ratio", default=14.0, show_default=True, help="M: how many times larger a model would be.")
@click.option("--seed", default=0, show_default=True, help="Of ties and resamples.")
def main(folder: Path, models: tuple[Path, ...], size_ratio: float, seed: int) -> None:
    """Compare the searches of the run in FOLDER with the ideal imitator of the lab's hands."""
    try:
        tables = read_tables_of_run(folder, _NEEDED)
        rows = against_ideal(tables, size_ratio, seed)
        tested = tables["problems"][tables["problems"]["split"] == "test"]
        answerers = {"ideal imitator": ideal_answers_right(tested, seed)}
        answerers |= {str(model): greedily_right(model, tested) for model in models}
    except InputError as error:
        raise click.ClickException(str(error)) from None
    for name, right in answerers.items():
        click.echo(f"{name}, greedily: {_in_words(right, tested, seed)}")
    shown = ["bin", "r", "budget", "beyond", "small", "larger", "difference", "low", "high", "n_problems"]
    click.echo(rows[shown].round(3).to_string(index=False))


if __name__ == "__main__":
    main()
