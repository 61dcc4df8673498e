"""Search results as two declared tables: one row per (problem, strategy, seed), and one row per candidate of it.

In: results. Out: frames for Parquet, checked like the tables of ``formats.tables`` (each function is a Kedro catalog
``validator:``). Costs are this problem's share: tokens by phase; FLOPs as 2 P D for generator and verifier separately, with the
attention term in its own column; seconds.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.formats.checking import check, same_length
from stepscale.formats.columns import Columns
from stepscale.formats.declarations import Column, Table
from stepscale.grading import Rules, grade_many
from stepscale.search.results import SearchResult

SEARCH_RESULTS = Table(
    "search_results",
    {
        "problem_id": Column("str"),
        "strategy": Column("str"),
        "seed": Column("int64", low=0),
        "budget": Column("int64", low=1),
        "answer": Column("str", nullable=True),
        "is_correct": Column("boolean", nullable=True),
        "confidence": Column("Float64", nullable=True, low=0),
        "n_candidates": Column("int64", low=1),
        "n_distinct": Column("int64", low=0),
        "n_finished": Column("int64", low=0),
        "rounds": Column("int64", low=0),
        "prefill_tokens": Column("int64", low=0),
        "decode_tokens": Column("int64", low=0),
        "verify_tokens": Column("int64", low=0),
        "generator_flops": Column("float64", low=0),
        "verifier_flops": Column("float64", low=0),
        "attention_flops": Column("float64", low=0),
        "seconds": Column("float64", low=0),
    },
    key=("problem_id", "strategy", "seed"),
)
SEARCH_CANDIDATES = Table(
    "search_candidates",
    {
        "problem_id": Column("str"),
        "strategy": Column("str"),
        "seed": Column("int64", low=0),
        "slot": Column("int64", low=0),
        "subtree": Column("int64", low=0),
        "steps": Column("list[str]"),
        "tokens": Column("list[int]"),
        "step_ends": Column("list[int]"),
        "answer": Column("str", nullable=True),
        "is_correct": Column("boolean", nullable=True),
        "finish": Column("str"),
        "step_scores": Column("list[float]"),
        "score": Column("Float64", nullable=True, low=0, high=1),
        "mean_logprob": Column("Float64", nullable=True),
        "is_chosen": Column("bool"),
    },
    key=("problem_id", "strategy", "seed", "slot"),
)


def search_results(df: pd.DataFrame) -> pd.DataFrame:
    """Check a search_results table.

    Args:
        df: The table.

    Raises:
        InputError: It is another table.
    """
    return check(df, SEARCH_RESULTS)


def search_candidates(df: pd.DataFrame) -> pd.DataFrame:
    """Check a search_candidates table: a step end per step, and a score per step or none.

    Args:
        df: The table.

    Raises:
        InputError: It is another table.
    """
    checked = check(df, SEARCH_CANDIDATES)
    same_length(checked, "search_candidates", "step_ends", "steps", or_empty=False)
    same_length(checked, "search_candidates", "step_scores", "steps", or_empty=True)
    return checked


def results_table(
    results: Sequence[SearchResult], seed: int, golds: Mapping[str, str], rules: Rules = "prm800k"
) -> pd.DataFrame:
    """A row per result, graded against the gold answer of its problem.

    Args:
        results: Of one search, a result per problem.
        seed: The run seed of the search.
        golds: Answers by problem_id.
        rules: Grading rules.

    Raises:
        InputError: The rules are unknown, or a problem has no gold answer.
    """
    rights = grade_many([result.answer for result in results], [_gold(golds, result) for result in results], rules)
    columns = Columns(SEARCH_RESULTS, *SEARCH_RESULTS.columns)
    for result, right in zip(results, rights, strict=True):
        columns.row(
            result.problem_id,
            result.strategy,
            seed,
            result.budget,
            result.answer,
            right,
            result.confidence,
            len(result.candidates),
            result.n_distinct,
            len(result.finished),
            result.rounds,
            *_costs(result.ledger),
        )
    return search_results(columns.unchecked_frame())


def candidates_table(
    results: Sequence[SearchResult], seed: int, golds: Mapping[str, str], rules: Rules = "prm800k"
) -> pd.DataFrame:
    """A row per candidate, graded likewise: one cut off has no answer and is not right.

    Args:
        results: Of one search, a result per problem.
        seed: The run seed of the search.
        golds: Answers by problem_id.
        rules: Grading rules.

    Raises:
        InputError: It is another table.
    """
    rows = [(result, i, candidate) for result in results for i, candidate in enumerate(result.candidates)]
    rights = grade_many(
        [candidate.answer for _, _, candidate in rows], [_gold(golds, result) for result, _, _ in rows], rules
    )
    columns = Columns(SEARCH_CANDIDATES, *SEARCH_CANDIDATES.columns)
    for (result, i, candidate), right in zip(rows, rights, strict=True):
        columns.row(
            result.problem_id,
            result.strategy,
            seed,
            candidate.slot,
            candidate.subtree,
            list(candidate.steps),
            list(candidate.tokens),
            list(candidate.step_ends),
            candidate.answer,
            right,
            candidate.finish,
            list(candidate.step_scores),
            candidate.score,
            candidate.mean_logprob,
            result.chosen == i,
        )
    return search_candidates(columns.unchecked_frame())


def _gold(golds: Mapping[str, str], result: SearchResult) -> str:
    if result.problem_id not in golds:
        raise InputError(f"search results: problem {result.problem_id} has no gold answer; give golds for all problems")
    return golds[result.problem_id]


def _costs(ledger: Ledger) -> tuple[int, int, int, float, float, float, float]:
    costs = list(ledger.models.values())
    prefill, decode, verify = (sum(getattr(cost, phase) for cost in costs) for phase in ("prefill", "decode", "verify"))
    generator = sum(2.0 * cost.parameters * (cost.prefill + cost.decode) for cost in costs)
    verifier = sum(2.0 * cost.parameters * cost.verify for cost in costs)
    attention = ledger.flops(attention=True) - ledger.flops()
    return prefill, decode, verify, generator, verifier, attention, sum(cost.seconds for cost in costs)
