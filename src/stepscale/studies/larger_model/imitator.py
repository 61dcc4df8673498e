"""Could a larger model win in the lab? ``python -m stepscale.studies.larger_model.imitator data/thorough_searches/16``

In: the data folder of a finished run of the lab with searches. Out: the small model's compute-optimal searches against the
perfect imitator of the lab's hands in the larger model's place, at equal FLOPs (Snell et al. 2024, 7, v1's formula), by oracle
bin. It is an experiment beside claim B7, and settles nothing of it.
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
from stepscale.lab.perfect_imitator import PerfectImitator
from stepscale.lab.wording import Malformed
from stepscale.seeds import seed_for
from stepscale.studies.strategies.accuracy import STRATEGY_ACCURACY, results_of
from stepscale.studies.strategies.samples import SCORED_SAMPLES, SEARCH, difficulty_bins, scored_grid

_RESAMPLES = 2000
_PROMPT = "<s>{problem}\n"  # of the lab's models
_MAX_SOLUTION_TOKENS = 320  # a lab solution has at most some 250
_NEEDED = {
    "problems": ("03_primary", PROBLEMS),
    "scored_samples": ("08_reporting", SCORED_SAMPLES),
    "search_accuracy": ("08_reporting", STRATEGY_ACCURACY),
}
_SHOWN = ["bin", "r", "budget", "beyond", "small", "larger", "difference", "low", "high", "n_problems"]


def searched_problems(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The problems that were searched, in the order of the searches.

    Args:
        tables: Problems and the accuracy of searches, by name.

    Raises:
        InputError: One is not among the problems.
    """
    ids = list(dict.fromkeys(tables["search_accuracy"]["problem_id"]))
    problems = tables["problems"].set_index("problem_id")
    if absent := [name for name in ids if name not in problems.index]:
        raise InputError(
            f"search_accuracy has problem {absent[0]!r:.60}, which problems.parquet lacks; run the searches again"
        )
    return problems.loc[ids].reset_index()


def imitator_right(problems: pd.DataFrame, seed: int) -> "pd.Series[float]":
    """1 where the perfect imitator's answer is right, else 0, by problem_id.

    Args:
        problems: Problems of the lab with their answers, a row per problem.
        seed: Decides in which order it works, where several are alike.

    Raises:
        InputError: A problem is not of the lab.
    """
    right = {}
    for problem_id, text, answer in problems[["problem_id", "problem", "answer"]].itertuples(index=False):
        hand = PerfectImitator(Random(seed_for(seed, "imitator", problem_id)))
        try:
            right[problem_id] = float(hand.solve(text)[-1] == f"Answer: {answer}")
        except Malformed as error:
            raise InputError(f"problem {problem_id!r:.60} is not of the lab ({error}); name a run of the lab") from None
    return pd.Series(right)


def against_imitator(
    tables: Mapping[str, pd.DataFrame], right: pd.Series, size_ratio: float, seed: int
) -> pd.DataFrame:
    """The small model's searches against the imitator, a row per oracle bin (0: all problems) and R.

    Args:
        tables: Scored samples and the accuracy of searches, by name.
        right: Whether the imitator is right, by problem_id.
        size_ratio: M, how many times more parameters a larger model would have.
        seed: Of ties and resamples.

    Returns:
        Columns of ``flops_match``, counted in generations.
    """
    results = results_of(tables["search_accuracy"])
    bins = difficulty_bins(scored_grid(tables["scored_samples"], results.ids, SEARCH), seed)["oracle"]
    optimal = compute_optimal(results, bins, _RESAMPLES, seed)
    return flops_match(optimal, bins, right[list(results.ids)].to_numpy(float), size_ratio, "v1")


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

    job = SamplingJob("greedy", 1, Sampling(0.0, 1.0, _MAX_SOLUTION_TOKENS), 0)
    solutions = sample_solutions(job, load_generator(model, prompt=_PROMPT), problems, Ledger())
    return grade(solutions, problems).set_index("problem_id")["is_correct"].astype(float)[problems["problem_id"]]


def _in_words(right: pd.Series, problems: pd.DataFrame, seed: int) -> str:
    """Accuracy over all problems with its interval, and by level."""
    interval = bootstrap_interval(right.to_numpy(float), _RESAMPLES, seed)
    by_level = right.groupby(problems.set_index("problem_id")["level"]).mean()
    levels = ", ".join(f"{level}: {share:.0%}" for level, share in by_level.items())
    return (
        f"{interval.mean:.1%} [{interval.low:.1%}, {interval.high:.1%}] of {len(problems)} problems (by level {levels})"
    )


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--model",
    "models",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A model that answers, too.",
)
@click.option("--size-ratio", default=14.0, show_default=True, help="M: how many times larger a model would be.")
@click.option("--seed", default=0, show_default=True, help="Of ties and resamples.")
def main(folder: Path, models: tuple[Path, ...], size_ratio: float, seed: int) -> None:
    """Compare the searches of the run in FOLDER with the perfect imitator of the lab's hands."""
    try:
        tables = read_tables_of_run(folder, _NEEDED)
        problems = searched_problems(tables)
        imitator = imitator_right(problems, seed)
        rows = against_imitator(tables, imitator, size_ratio, seed)
        click.echo(f"perfect imitator: {_in_words(imitator, problems, seed)}")
        for model in models:
            right = greedily_right(model, problems)
            click.echo(f"{model}, greedily: {_in_words(right, problems, seed)}")
            missed = np.asarray(right)[np.asarray(imitator) == 0]
            click.echo(f"  right on {int(missed.sum())} of the {len(missed)} that the imitator misses")
    except InputError as error:
        raise click.ClickException(str(error)) from None
    click.echo(rows[_SHOWN].round(3).to_string(index=False))


if __name__ == "__main__":
    main()
