"""Is the revision ORM misled by the attempts that it reads? ``python -m stepscale.studies.revisions.history_withheld FOLDER``

In: the data folder of a finished run with revisions. The ORM that reads earlier attempts scores each attempt once more, without
them. Out: AUROC over attempts and the accuracy of sequential revisions by three verifiers: the ORM with history, the same one
reading no history, and the ORM that was trained without. The experiment behind claim B10 (docs/log/revisions.md).
"""

from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np
import pandas as pd

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.estimators.intervals import Interval, bootstrap_interval
from stepscale.formats.kept_tables import read_tables_of_run
from stepscale.formats.tables import PROBLEMS
from stepscale.revisions.grid import WITHOUT_HISTORY, ratio_results
from stepscale.revisions.table import REVISION_CHAINS
from stepscale.studies.revisions.claims import SEQUENTIAL, over_budgets
from stepscale.verifiers.aggregation import aggregate
from stepscale.verifiers.contract import Trajectory, Verifier
from stepscale.verifiers.metrics import auroc

WITH, WITHHELD, WITHOUT = "ORM with history", "the same, history withheld", "ORM without history"
_RESAMPLES = 2000
_NEEDED = {"problems": ("03_primary", PROBLEMS), "revision_chains": ("07_model_output", REVISION_CHAINS)}
_POSITIONS = {"first attempts": (0, 0), "attempts 2 to 5": (1, 4), "later ones": (5, 10**9)}


def withheld_scores(chains: pd.DataFrame, problems: pd.DataFrame, verifier: Verifier) -> "pd.Series[float]":
    """The verifier's score of each attempt by its last step, reading the bare problem; null where there is no answer.

    Args:
        chains: Attempts, a row for each.
        problems: Texts by problem_id.
        verifier: Scores steps.

    Returns:
        Scores in the order of the chains.

    Raises:
        InputError: The chains are of a problem that is not there.
    """
    texts = dict(zip(problems["problem_id"], problems["problem"], strict=True))
    read = chains[chains["score"].notna()]
    if absent := sorted(set(read["problem_id"]) - set(texts)):
        raise InputError(
            f"revision_chains has problem {absent[0]!r:.60}, which problems.parquet lacks; run revisions again"
        )
    attempts = [Trajectory(texts[i], tuple(steps)) for i, steps in zip(read["problem_id"], read["steps"], strict=True)]
    distinct = list(dict.fromkeys(attempts))
    scored = verifier.score(distinct, Ledger())
    last = aggregate([score.negative for score in scored], [score.neutral for score in scored], "last")
    by_attempt = dict(zip(distinct, last.tolist(), strict=True))
    return pd.Series([by_attempt[attempt] for attempt in attempts], index=read.index).reindex(chains.index)


def accuracy_by_verifier(chains: pd.DataFrame, scores: Mapping[str, pd.Series], seed: int) -> dict[str, np.ndarray]:
    """Accuracy of sequential revisions [problems] where each kind of scores chooses, the mean over the budgets above 1.

    Args:
        chains: A graded chains table that holds every split of its budgets.
        scores: By verifier the score of each attempt.
        seed: Settles ties.
    """
    most = int(chains["chain"].max()) + 1
    budgets = [1 << k for k in range(most.bit_length())]
    return {
        name: over_budgets(ratio_results(chains.assign(score=column), budgets, seed=seed), SEQUENTIAL)
        for name, column in scores.items()
    }


def auroc_by_position(chains: pd.DataFrame, scores: Mapping[str, pd.Series]) -> pd.DataFrame:
    """AUROC over answered attempts by place in the chain, a row per kind of place.

    Args:
        chains: A graded chains table.
        scores: By verifier the score of each attempt.
    """
    answered = chains["score"].notna() & chains["is_correct"].notna()
    rows = []
    for place, (first, last) in _POSITIONS.items():
        inside = answered & chains["position"].between(first, last)
        right = chains.loc[inside, "is_correct"].to_numpy(bool)
        areas = {name: auroc(column[inside].to_numpy(float), right) for name, column in scores.items()}
        rows.append({"attempts": place, "number": int(inside.sum()), **areas})
    return pd.DataFrame(rows)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seed", default=0, show_default=True, help="Of ties and resamples.")
def main(folder: Path, seed: int) -> None:
    """Let the revision ORM of the run in FOLDER read no history."""
    from stepscale.verifiers import load_verifier

    try:
        tables = read_tables_of_run(folder, _NEEDED)
        chains = tables["revision_chains"]
        verifier = load_verifier(folder / "06_models" / "revision_orm", name="revision_orm")
        withheld = withheld_scores(chains, tables["problems"], verifier)
        scores = {WITH: chains["score"], WITHHELD: withheld, WITHOUT: chains[f"score_{WITHOUT_HISTORY}"]}
        accuracy = accuracy_by_verifier(chains, scores, seed)
    except InputError as error:
        raise click.ClickException(str(error)) from None
    click.echo(auroc_by_position(chains, scores).round(3).to_string(index=False))
    for name, values in accuracy.items():
        click.echo(f"{name}: {_points(bootstrap_interval(values, _RESAMPLES, seed))}")
    for name in (WITH, WITHHELD):
        lead = bootstrap_interval(accuracy[name] - accuracy[WITHOUT], _RESAMPLES, seed)
        click.echo(f"{name} - {WITHOUT}: {_points(lead)}")


def _points(interval: Interval) -> str:
    return f"{100 * interval.mean:.1f} [{100 * interval.low:.1f}, {100 * interval.high:.1f}], {interval.n_problems} problems"


if __name__ == "__main__":
    main()
