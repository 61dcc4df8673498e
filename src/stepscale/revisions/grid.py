"""Every split of a budget into sequential revisions and parallel chains, measured on one pool of chains.

In: a graded and scored chains table. Out: a row per (problem, ratio, budget), as ``estimators.compute_optimal`` takes them. A
budget N is s attempts in each of p chains, s x p = N (Snell et al. 2024, 6.2). The first s attempts of a longer chain are
a chain of length s. So a pool whose chain j has N / 2^ceil(log2(j + 1)) attempts holds every split of every budget up to N.
Smaller budgets are there in several disjoint groups of chains, over which accuracy and cost are averaged. A group is charged
what it costs when it is drawn and read alone (``revisions.costs``): the pool's own ledger divides what all of its chains share.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.grading import Rules
from stepscale.grading.answer_groups import group_equal_answers
from stepscale.revisions.chain_selection import flat, hierarchical, representative
from stepscale.revisions.costs import READING, WRITING, Beginnings
from stepscale.search.results import Candidate
from stepscale.seeds import seed_for

ChainSelection = Literal["hierarchical", "majority"]
WITHOUT_HISTORY, PRM = "without_history", "prm"  # verifiers beside the ORM that reads the history, as columns name them
BY_VERIFIER = ["score", "tokens_computed", "flops", *READING]  # columns of a chains table that depend on the verifier


def read_by(chains: pd.DataFrame, verifier: str) -> pd.DataFrame:
    """The chains table with the columns of another verifier, which end in its name.

    Args:
        chains: A chains table.
        verifier: The name in which its columns end.
    """
    return chains.drop(columns=BY_VERIFIER).rename(columns={f"{name}_{verifier}": name for name in BY_VERIFIER})


def splits(budget: int) -> list[tuple[int, int]]:
    """(sequential, parallel) with sequential x parallel = budget, over powers of 2, all parallel first.

    Args:
        budget: Attempts per problem.

    Raises:
        InputError: The budget is not a power of 2.
    """
    powers = [1]
    while powers[-1] < budget:
        powers.append(powers[-1] * 2)
    if powers[-1] != budget:
        raise InputError(f"a revision budget must be a power of 2, not {budget}")
    return [(s, budget // s) for s in powers]


def pool_lengths(budget: int) -> list[int]:
    """Lengths of the chains that hold every split of every power of 2 up to a budget.

    They are budget x (1 + log2(budget) / 2) attempts in all.

    Args:
        budget: Attempts per problem, a power of 2.
    """
    splits(budget)
    return [budget >> j.bit_length() for j in range(budget)]


def split_name(sequential: int, parallel: int) -> str:
    """The strategy of a split: "parallel", "sequential", or the ratio sequential:parallel in lowest terms.

    Args:
        sequential: Attempts per chain.
        parallel: Number of chains.
    """
    if sequential == 1:
        return "parallel"
    ratio = Fraction(sequential, parallel)
    return "sequential" if parallel == 1 else f"{ratio.numerator}:{ratio.denominator}"


def from_one_attempt(rows: pd.DataFrame) -> pd.DataFrame:
    """Ratio results in which "sequential" also has the budget 1, where it equals "parallel": a chain of one attempt.

    Args:
        rows: As of ``ratio_results``, a row per strategy, budget and problem.

    Returns:
        The rows, with those of one attempt under "sequential" too.
    """
    of_one_attempt = rows[rows["budget"] == 1]
    return pd.concat([rows, of_one_attempt.assign(strategy=split_name(2, 1))], ignore_index=True)


def ratio_results(
    chains: pd.DataFrame,
    budgets: Sequence[int],
    selection: ChainSelection = "hierarchical",
    seed: int = 0,
    rules: Rules = "prm800k",
) -> pd.DataFrame:
    """Accuracy and cost of every split of every budget, problem by problem.

    Args:
        chains: A graded chains table; scored, where the choice is hierarchical.
        budgets: Powers of 2.
        selection: How one attempt is chosen.
        seed: Settles ties.
        rules: The grading rules by which answers are equal in a vote.

    Returns:
        Rows problem_id, strategy, budget, sequential, parallel, accuracy, groups, tokens, flops, generator_flops. ``accuracy``:
        share of the disjoint groups of ``parallel`` chains whose choice is right (``groups`` of them). ``tokens``, ``flops`` and,
        without the verifier's, ``generator_flops``: mean cost of a group drawn and read alone, the verifier's where it selects.

    Raises:
        InputError: The pool cannot hold a split, or answers are not graded (hierarchical: not scored).
    """
    if chains["is_correct"].isna().all() or (selection == "hierarchical" and chains["score"].isna().all()):
        raise InputError(
            "revision ratios need a graded chains table, scored by a verifier where the choice is weighted"
        )
    cells = [(budget, *split) for budget in budgets for split in splits(budget)]
    rates = _flops_per_token(chains)
    rows = []
    for problem_id, of_problem in chains.groupby("problem_id", sort=False):
        ordered = of_problem.sort_values(["chain", "position"], kind="stable")
        answers = [None if pd.isna(answer) else str(answer) for answer in ordered["answer"]]
        ordered = ordered.assign(answer=pd.Series(group_equal_answers(answers, rules), ordered.index, dtype=object))
        pool = _Pool(ordered, seed_for(seed, "revisions", str(problem_id)), selection)
        for budget, sequential, parallel in cells:
            groups = list(pool.groups(sequential, parallel))
            if not groups:
                raise InputError(
                    f"problem {problem_id}: the pool holds no {parallel} chains of {sequential} attempts; sample longer chains "
                    "(revisions.budgets) and run the pipeline revisions again"
                )
            key = {"problem_id": problem_id, "strategy": split_name(sequential, parallel), "budget": budget}
            split = {"sequential": sequential, "parallel": parallel}
            rows.append(key | split | _accuracy_and_cost(groups, rates))
    return pd.DataFrame(rows)


def _accuracy_and_cost(groups: Sequence[tuple[float, ...]], rates: tuple[float, float]) -> dict[str, float]:
    """Means over groups of (right, tokens written, tokens read); ``rates``: FLOPs per token of generator and verifier."""
    right, n_written, n_read = (sum(column) / len(groups) for column in zip(*groups, strict=True))
    writing, reading = n_written * rates[0], n_read * rates[1]
    return {
        "accuracy": right,
        "groups": len(groups),
        "tokens": n_written + n_read,
        "flops": writing + reading,
        "generator_flops": writing,
    }


def _flops_per_token(chains: pd.DataFrame) -> tuple[float, float]:
    """FLOPs per token of the generator and of the verifier, 2 P, from the pool's ledger."""
    n_written, writing = chains["generator_tokens"].sum(), chains["generator_flops"].sum()
    n_read, reading = chains["tokens_computed"].sum() - n_written, chains["flops"].sum() - writing
    return float(writing / n_written), float(reading / n_read) if n_read else 0.0


class _Pool:
    """The chains of one problem, of which one attempt is selected."""

    def __init__(self, rows: pd.DataFrame, seed: int, selection: ChainSelection) -> None:
        self.seed, self.selection = seed, selection
        records: dict[int, list[dict[Any, Any]]] = {}
        for row in rows.to_dict("records"):
            records.setdefault(int(row["chain"]), []).append(row)
        chains = [records[chain] for chain in sorted(records)]
        self.chains = [[_candidate(row) for row in chain] for chain in chains]
        self.right = [[not pd.isna(row["is_correct"]) and bool(row["is_correct"]) for row in chain] for chain in chains]
        self.first = np.cumsum([0, *map(len, chains)])  # each chain's first row
        self.written = Beginnings(rows, WRITING)
        self.read = Beginnings(rows, READING) if selection == "hierarchical" else None  # a vote reads no scores
        self._representatives: dict[tuple[int, int], int | None] = {}

    def groups(self, sequential: int, parallel: int) -> Iterator[tuple[float, ...]]:
        """Accuracy and cost of each disjoint group of chains, for one split.

        Args:
            sequential: Attempts taken of each chain; shorter chains are left out.
            parallel: Chains of a group.

        Yields:
            Whether the chosen attempt is right (0 or 1), tokens written, tokens read.
        """
        able = [j for j, chain in enumerate(self.chains) if len(chain) >= sequential]
        for start in range(0, len(able) - parallel + 1, parallel):
            group = able[start : start + parallel]
            place = self._chosen(group, sequential)
            right = place is not None and self.right[place[0]][place[1]]
            rows = (self.first[group][:, None] + np.arange(sequential)).ravel()
            yield float(right), self.written.distinct(rows), self.read.distinct(rows) if self.read else 0

    def _chosen(self, group: Sequence[int], sequential: int) -> tuple[int, int] | None:
        """(chain, position) of the attempt that wins; None if none may."""
        seed = seed_for(self.seed, f"group-{sequential}-{group[0]}")
        chains = [self.chains[j][:sequential] for j in group]
        if self.selection == "majority":
            won = flat(chains, "majority", seed, rules=None)
        else:
            won = hierarchical(chains, seed, lambda number: self._representative(group[number], sequential), rules=None)
        return None if won.chain is None or won.position is None else (group[won.chain], won.position)

    def _representative(self, chain: int, sequential: int) -> int | None:
        key = (chain, sequential)
        if key not in self._representatives:
            seed = seed_for(self.seed, "revision-chain-tie", sample_id=chain)
            self._representatives[key] = representative(self.chains[chain][:sequential], seed, rules=None)
        return self._representatives[key]


def _candidate(row: dict[Any, Any]) -> Candidate:
    """The attempt as a candidate for the choice; its tokens are not needed here."""
    score = float(row["score"])
    return Candidate(
        slot=int(row["position"]),
        subtree=int(row["chain"]),
        steps=tuple(row["steps"]),
        tokens=(),
        step_ends=(),
        finish=row["finish"],
        answer=None if pd.isna(row["answer"]) else str(row["answer"]),
        step_scores=(),
        score=None if score != score else score,
        mean_logprob=None,
    )
