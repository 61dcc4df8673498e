"""Methods that came after both papers beside best-of-N, the weighted vote and the papers' searches, at the same budgets.

Searches were run on the searched problems; votes by a rule and best-of-N by the generator's confidence come in closed form from
the recorded samples of the same problems. Every row says what it cost: rules that need no verifier pay for none.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.intervals import bootstrap_interval, paired_interval, verdict
from stepscale.formats.tables import SOLUTION_KEY
from stepscale.parameters import ReportBlock
from stepscale.studies.best_of_n.comparison import estimates, methods
from stepscale.studies.best_of_n.confidences import confidences, is_confidence
from stepscale.studies.search.tables import METHODS
from stepscale.studies.strategies.accuracy import CLOSED_FORM, MAJORITY, WEIGHTED
from stepscale.studies.strategies.samples import SEARCH, scored_grid


def compare_methods(
    samples: pd.DataFrame, accuracy: pd.DataFrame, solutions: pd.DataFrame, config: ReportBlock, seed: int
) -> pd.DataFrame:
    """A row per strategy and budget that was searched, as ``METHODS`` declares it.

    Args:
        samples: ``SCORED_SAMPLES`` of the test problems.
        accuracy: ``STRATEGY_ACCURACY`` of searches and best-of-N.
        solutions: The recorded samples, with the generator's confidence as far as it was kept.
        config: Rules for votes, and bootstrap resamples.
        seed: Of the resamples.
    """
    budgets = set(accuracy.loc[accuracy["method"] != "closed form", "budget"])
    searched = accuracy[accuracy["budget"].isin(budgets)]
    rows = pd.concat([searched, *_votes(samples, searched, solutions, config)], ignore_index=True)
    by_budget = [_at_budget(rows_at_budget, config.bootstrap, seed) for _, rows_at_budget in rows.groupby("budget")]
    return pd.concat(by_budget, ignore_index=True)[list(METHODS.columns)]


def _votes(
    samples: pd.DataFrame, searched: pd.DataFrame, solutions: pd.DataFrame, config: ReportBlock
) -> Iterator[pd.DataFrame]:
    """Rows like those of ``searched`` for each vote by a rule, and for best-of-N by the generator's confidence."""
    ids, ns = list(searched["problem_id"].unique()), sorted(searched["budget"].unique())
    scored = scored_grid(samples, ids, SEARCH)
    carried = ["mean_logprob", *({"certainties"} & set(solutions.columns))]
    of_grid = samples.loc[samples["problem_id"].isin(set(ids)), [*SOLUTION_KEY, "answer"]]
    with_confidence = of_grid.merge(solutions[[*SOLUTION_KEY, *carried]], on=SOLUTION_KEY, how="left")
    judges: dict[str, Floats] = {"prm": scored.prm} | confidences(scored.grid, with_confidence, config.votes)
    by_label = {method.label: method for method in methods(judges, config.votes)}
    for label, vote in estimates(scored.grid, judges, ns, config.votes).items():
        judge, name = by_label[label].verifier, label if by_label[label].rule else f"{label}, best-of-N"
        if judge is not None and label not in CLOSED_FORM:
            keys = {"problem_id": np.repeat(scored.grid.ids, len(ns)), "budget": np.tile(ns, len(scored.grid.ids))}
            values = pd.DataFrame({**keys, "accuracy": vote.per_problem.ravel()})
            costs = searched[searched["strategy"] == (MAJORITY if is_confidence(judge) else WEIGHTED)]
            priced = costs.drop(columns="accuracy").merge(values, on=["problem_id", "budget"])
            yield priced.assign(strategy=name)


def _at_budget(rows: pd.DataFrame, resamples: int, seed: int) -> pd.DataFrame:
    """The strategies at one budget, each with its paired difference from best-of-N weighted."""
    by_problem = rows.pivot(index="problem_id", columns="strategy", values="accuracy")
    table = []
    for strategy, of_strategy in rows.groupby("strategy", sort=False):
        values = by_problem[strategy].to_numpy(float)
        lead = paired_interval(values, by_problem[WEIGHTED].to_numpy(float), resamples, seed)
        table.append(
            {
                "strategy": strategy,
                "n": int(rows["budget"].iloc[0]),
                **bootstrap_interval(values, resamples, seed).cells("accuracy"),
                **lead.cells("difference", "difference_"),
                "verdict": verdict(float(lead.low), float(lead.high), len(values)),
                "tokens": float(of_strategy["tokens"].mean()),
                "flops": float(of_strategy["flops"].mean()),
                "n_problems": len(values),
            }
        )
    return pd.DataFrame(table)
