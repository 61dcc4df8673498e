"""Accuracy of every strategy at every budget, problem by problem: the table that all comparisons of strategies read.

Best-of-N, best-of-N weighted and majority come in closed form from the recorded samples, searches from their runs, revisions
from every way to split a budget into chains. Each row says what its strategy spent on the problem: generations, tokens, FLOPs.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.strategy_results import StrategyResults, strategy_results
from stepscale.formats.checking import check
from stepscale.formats.declarations import Column, Table
from stepscale.grading import Rules
from stepscale.revisions.grid import PRM, WITHOUT_HISTORY, ratio_results, read_by
from stepscale.search.plan import SearchPlan
from stepscale.studies.best_of_n.comparison import estimates
from stepscale.studies.strategies.samples import ScoredGrid

WEIGHTED, BEST, MAJORITY = "best-of-N weighted", "best-of-N", "majority"
CLOSED_FORM = {"PRM, weighted vote": WEIGHTED, "PRM": BEST, "Majority": MAJORITY}  # by the labels of best-of-N
VERIFIER, VOTE, BARE, BY_PRM = "verifier", "majority", "verifier without history", "PRM"  # what chooses among revisions
COSTS = ("tokens", "flops", "generator_flops")

STRATEGY_ACCURACY = Table(
    "strategy_accuracy",
    {
        "problem_id": Column("str"),
        "strategy": Column("str"),
        "method": Column("str"),
        "chosen_by": Column("str", nullable=True),
        "budget": Column("int64", low=1),
        "sequential": Column("Int64", nullable=True),
        "parallel": Column("Int64", nullable=True),
        "accuracy": Column("float64", low=0, high=1),
        "error": Column("Float64", nullable=True),
        "generations": Column("float64", low=0),
        "tokens": Column("float64", low=0),
        "flops": Column("float64", low=0),
        "generator_flops": Column("float64", low=0),
    },
    key=("problem_id", "strategy", "chosen_by", "budget"),
)


def checked(table: pd.DataFrame) -> pd.DataFrame:
    """The table as ``STRATEGY_ACCURACY`` declares it; the catalog's validator.

    Args:
        table: The table.

    Raises:
        InputError: It is another table.
    """
    return check(table, STRATEGY_ACCURACY)


def search_accuracy(scored: ScoredGrid, searches: pd.DataFrame, costs: pd.DataFrame, plan: SearchPlan) -> pd.DataFrame:
    """``STRATEGY_ACCURACY`` of best-of-N and votes at every N that ``costs`` has, and of the searches.

    Args:
        scored: Samples of the searched problems, scored by the rule of the searches.
        searches: Results of searches, a row for each problem and search.
        costs: What N samples cost, a row for each problem and N (``sample_costs``).
        plan: The searches that were planned.
    """
    names = {options.strategy: name for name, _, options in plan.runs}
    methods = {options.strategy: options.method for _, _, options in plan.runs}
    searched = searches.assign(
        strategy=searches["strategy"].map(names),
        method=searches["strategy"].map(methods),
        accuracy=searches["is_correct"].fillna(False).astype(float),
    )
    rows = pd.concat([*_closed_form(scored, costs), searched], ignore_index=True)
    tokens = rows[["prefill_tokens", "decode_tokens", "verify_tokens"]].sum(axis=1)
    flops = rows["generator_flops"] + rows["verifier_flops"]
    return _declared(rows.assign(tokens=tokens, flops=flops))


def _closed_form(scored: ScoredGrid, costs: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Best-of-N weighted, best-of-N and majority, each with what N samples cost; votes of counts need no verifier."""
    ns = [int(n) for n in sorted(costs["n"].unique())]
    votes = estimates(scored.grid, {} if scored.scores is None else {"prm": scored.scores}, ns)
    spent = costs.rename(columns={"n": "budget"})
    for label, strategy in CLOSED_FORM.items():
        if label in votes:
            vote = votes[label]
            errors = vote.errors if vote.errors is not None else np.zeros(vote.per_problem.shape)
            table = pd.DataFrame(
                {
                    "problem_id": np.repeat(scored.grid.ids, len(ns)),
                    "budget": np.tile(ns, len(scored.grid.ids)),
                    "accuracy": vote.per_problem.ravel(),
                    "error": errors.ravel(),
                }
            ).merge(spent, on=["problem_id", "budget"])
            unread = {"verify_tokens": 0.0, "verifier_flops": 0.0} if strategy == MAJORITY else {}
            yield table.assign(strategy=strategy, method="closed form", **unread)


def revision_accuracy(
    chains: pd.DataFrame, budgets: Sequence[int], seed: int, rules: Rules = "prm800k"
) -> pd.DataFrame:
    """``STRATEGY_ACCURACY`` of every split of every budget into chains, for each selection among the attempts.

    The selections: by the ORM that reads the history, by majority, by the ORM that does not and, where it read the chains, by
    the PRM.

    Args:
        chains: A graded and scored chains table.
        budgets: Powers of 2.
        seed: Settles ties.
        rules: The grading rules by which answers are equal in a vote.
    """
    read = {VERIFIER: chains, BARE: read_by(chains, WITHOUT_HISTORY)}
    if f"score_{PRM}" in chains:
        read[BY_PRM] = read_by(chains, PRM)
    parts = [
        ratio_results(table, budgets, "hierarchical", seed, rules).assign(chosen_by=selection)
        for selection, table in read.items()
    ]
    parts.append(ratio_results(chains, budgets, "majority", seed, rules).assign(chosen_by=VOTE))
    return _declared(pd.concat(parts, ignore_index=True).assign(method="revisions"))


def _declared(rows: pd.DataFrame) -> pd.DataFrame:
    """The declared columns, with nulls for those that the rows lack; sums may exceed 1 by a rounding."""
    rows = rows.assign(generations=rows["budget"].astype(float), accuracy=rows["accuracy"].clip(upper=1.0))
    return check(rows, STRATEGY_ACCURACY)[list(STRATEGY_ACCURACY.columns)]


def searched_budgets(accuracy: pd.DataFrame) -> pd.DataFrame:
    """The rows up to the largest budget that was searched at: best-of-N goes on as far as there are samples.

    Args:
        accuracy: ``STRATEGY_ACCURACY``; where nothing was searched it is given back whole.
    """
    searched = accuracy.loc[accuracy["method"] != "closed form", "budget"]
    return accuracy[accuracy["budget"] <= searched.max()] if len(searched) else accuracy


def results_of(accuracy: pd.DataFrame) -> StrategyResults:
    """Accuracies and all costs as arrays [strategies, budgets, problems].

    Args:
        accuracy: ``STRATEGY_ACCURACY``.
    """
    return strategy_results(accuracy, COSTS)


def vote_errors(accuracy: pd.DataFrame) -> dict[str, Floats]:
    """How far Monte Carlo may be off.

    Args:
        accuracy: A ``STRATEGY_ACCURACY`` table.

    Returns:
        The standard error of each closed-form strategy's mean accuracy, at each of its budgets (rising) [budgets].
    """
    rows = accuracy[accuracy["method"] == "closed form"]
    squares = rows.assign(square=rows["error"].astype(float) ** 2).groupby(["strategy", "budget"])["square"]
    errors = np.sqrt(squares.sum()) / squares.size()
    return {str(name): values.to_numpy(float) for name, values in errors.groupby("strategy")}
