"""Which samples of a pool are worth a label: one contract, four strategies (Lightman et al. 2023, 2.4 and 4.2).

In: candidates (a pool with a selector's scores). Out: keys of those to label, the same number whatever the strategy. Each choice
is deterministic, and a larger one of the same strategy and seed contains every smaller one, so labels are never wasted. Knows
nothing about models or labelers.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from stepscale.errors import InputError
from stepscale.formats.tables import SOLUTION_KEY
from stepscale.seeds import seed_for
from stepscale.user_settings import UserSettings
from stepscale.verifiers.aggregation import aggregate

Scope = Literal["problem", "global"]
_GRAIN = 1_000_000  # steps of a random number in [0, 1), none so near to 1 that arithmetic could round it up


def candidates(solutions: pd.DataFrame, scores: pd.DataFrame | None = None) -> pd.DataFrame:
    """The samples that may be chosen, ordered by key.

    Of a problem's identical texts only the first is a candidate. Samples without an answer or steps are left out, since they
    convince no reader.

    Args:
        solutions: With ``is_correct`` of their final answers.
        scores: The selector's table of these solutions, row for row; none is needed to choose uniformly.

    Returns:
        problem_id, sample_id, is_correct, score and doubt. The score says how convincing it is: the product of the step scores.
        The doubt says how near its most doubtful step is to a coin toss, in [0, 1]. Both are 0 without scores.

    Raises:
        InputError: The tables do not match.
    """
    pool = solutions[[*SOLUTION_KEY, "is_correct"]].assign(score=0.0, doubt=0.0)
    if scores is not None:
        given, wanted = scores[SOLUTION_KEY].to_numpy(), solutions[SOLUTION_KEY].to_numpy()
        if len(given) != len(wanted) or not (given == wanted).all():
            raise InputError(
                "the selector's scores are not those of these solutions, row for row; score the pool again"
            )
        pool["score"] = aggregate(list(scores["negative"]), list(scores["neutral"]), "product")
        pool["doubt"] = [_doubt(negative) for negative in scores["negative"]]
    text = solutions["steps"].map(tuple)
    keep = solutions["answer"].notna() & (text.map(len) > 0)
    first = pd.DataFrame({"problem": solutions["problem_id"], "text": text})[keep].drop_duplicates().index
    keep &= keep.index.isin(first)
    pool = pool[keep].sort_values(SOLUTION_KEY, kind="stable", ignore_index=True)
    return pool.assign(is_correct=pool["is_correct"].fillna(False).astype(bool))


def _doubt(negative: list[float]) -> float:
    p = np.asarray(negative, float)
    return float((1 - np.abs(2 * p - 1)).max()) if len(p) else 0.0


class Strategy(Protocol):
    """A way to choose."""

    def select(self, pool: pd.DataFrame, per_problem: int, seed: int) -> pd.DataFrame:
        """Choose samples to label.

        Args:
            pool: Candidates.
            per_problem: Samples per problem, or as many as there are.
            seed: Decides what is chosen at random.

        Returns:
            Keys problem_id and sample_id, ordered.
        """
        ...


class Uniform(UserSettings):
    """Candidates at random: the paper's control."""

    strategy: Literal["uniform"] = "uniform"

    def select(self, pool: pd.DataFrame, per_problem: int, seed: int) -> pd.DataFrame:
        """See ``Strategy``. The first ones of a random order that each problem has."""
        return _top(_ranked(pool, np.zeros(len(pool)), seed, "problem"), per_problem)


class Convincing(UserSettings):
    """Mostly convincing wrong answers (4.2): the best scored wrong ones, then the best scored of what remains, right or wrong.

    0.8 within each problem is the paper's; 1 is a plain top-K of convincing wrong answers; 0 looks at the score alone. Where
    the share of a problem's choice is not a whole number, problems are rounded up and down at random so that it is met over all
    of them. With one sample per problem, four problems in five give a convincing wrong one, the fifth gives its best
    remaining one.
    """

    strategy: Literal["convincing"] = "convincing"
    wrong_share: float = Field(0.8, ge=0, le=1, description="share of the choice kept for wrong answers")
    scope: Scope = Field("problem", description="rank within each problem, or all together with the same total (2.4)")

    def select(self, pool: pd.DataFrame, per_problem: int, seed: int) -> pd.DataFrame:
        """See ``Strategy``. If there are too few wrong answers, others take their places."""
        return self.take(pool, _size(pool, per_problem, self.scope), seed)

    def take(self, pool: pd.DataFrame, size: int, seed: int) -> pd.DataFrame:
        """Keys of ``size`` candidates of each problem, or of all problems, depending on the scope.

        Args:
            pool: Candidates with ``score`` and ``is_correct``, a row per sample.
            size: Samples to take of each group.
            seed: Decides ties and rounding.
        """
        ranked = _ranked(pool, pool["score"].to_numpy(), seed, self.scope)
        wrong = ranked[~ranked["is_correct"]]
        first = wrong[_place(wrong).to_numpy() < self._wrong(wrong["group"], size, seed)]
        remaining = ranked.drop(first.index)
        return _keys(pd.concat([first, _filled(remaining, first["group"].value_counts().to_dict(), size)]))

    def _wrong(self, groups: "pd.Series[str]", size: int, seed: int) -> NDArray[np.int64]:
        """Wrong answers in a choice of ``size`` from each group; it grows with ``size`` by 0 or 1, so choices stay nested."""
        up = {group: seed_for(seed, "rounded-up", group) % _GRAIN / _GRAIN for group in groups.unique()}
        return np.floor(self.wrong_share * size + np.array([up[group] for group in groups], float) + 1e-9).astype(int)


class Uncertain(UserSettings):
    """Uncertainty sampling: the solutions whose least certain step has a score nearest to 1/2."""

    strategy: Literal["uncertain"] = "uncertain"
    scope: Scope = Field("problem", description="rank within each problem, or all together with the same total")

    def select(self, pool: pd.DataFrame, per_problem: int, seed: int) -> pd.DataFrame:
        """See ``Strategy``. The greatest ``doubt`` comes first."""
        return self.take(pool, _size(pool, per_problem, self.scope), seed)

    def take(self, pool: pd.DataFrame, size: int, seed: int) -> pd.DataFrame:
        """Keys of ``size`` candidates of each problem, or of all problems, depending on the scope.

        Args:
            pool: Candidates with ``doubt``, a row per sample.
            size: Samples to take of each group.
            seed: Decides ties.
        """
        return _top(_ranked(pool, pool["doubt"].to_numpy(), seed, self.scope), size)


class Blend(UserSettings):
    """Another strategy's choice, and a share at random: these labels also cover samples that the selector would not choose."""

    strategy: Literal["blend"] = "blend"
    of: Annotated[Convincing | Uncertain, Field(discriminator="strategy")] = Convincing()
    uniform_share: float = Field(0.5, ge=0, le=1, description="share of the choice drawn at random from what remains")

    def select(self, pool: pd.DataFrame, per_problem: int, seed: int) -> pd.DataFrame:
        """See ``Strategy``. The other strategy's choice, filled up at random to the whole size, in the other's scope.

        The share is of the whole choice. Where problems have too few samples, a larger choice gains only a few, and neither
        part may shrink.
        """
        size = _size(pool, per_problem, self.of.scope)
        directed = size - int(self.uniform_share * size + 0.5 + 1e-9)
        first = self.of.take(pool, directed, seed)
        remaining = without(pool, first)
        ranked = _ranked(remaining, np.zeros(len(remaining)), seed, self.of.scope)
        n_first = first["problem_id"].value_counts().to_dict() if self.of.scope == "problem" else {"all": len(first)}
        return _keys(pd.concat([first, _filled(ranked, n_first, size)]))


Selection = Annotated[Uniform | Convincing | Uncertain | Blend, Field(discriminator="strategy")]


def without(pool: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    """The candidates that remain after a round.

    Args:
        pool: Candidates.
        keys: problem_id and sample_id of those that were chosen.
    """
    return pool[~pd.MultiIndex.from_frame(pool[SOLUTION_KEY]).isin(pd.MultiIndex.from_frame(keys[SOLUTION_KEY]))]


def chosen(solutions: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    """The solutions with the given keys, in their order.

    Args:
        solutions: A table with problem_id and sample_id.
        keys: problem_id and sample_id of the rows.
    """
    wanted = pd.MultiIndex.from_frame(keys[SOLUTION_KEY])
    return solutions[pd.MultiIndex.from_frame(solutions[SOLUTION_KEY]).isin(wanted)]


def _size(pool: pd.DataFrame, per_problem: int, scope: Scope) -> int:
    """How many are taken from a group: one problem, or all problems together."""
    return per_problem if scope == "problem" else int(pool["problem_id"].value_counts().clip(upper=per_problem).sum())


def _ranked(pool: pd.DataFrame, value: NDArray[np.float64], seed: int, scope: Scope) -> pd.DataFrame:
    """The pool with a column ``group``, greatest ``value`` first; each sample's own seed settles ties."""
    keys = zip(pool["problem_id"], pool["sample_id"], strict=True)
    ties = np.fromiter((seed_for(seed, "select", pid, sid) for pid, sid in keys), np.uint64, len(pool))
    return pool.assign(group=pool["problem_id"] if scope == "problem" else "all").iloc[np.lexsort((ties, -value))]


def _place(ranked: pd.DataFrame) -> "pd.Series[int]":
    """Each row's place in its group, from 0."""
    return ranked.groupby("group").cumcount()


def _filled(ranked: pd.DataFrame, n_taken: Mapping[Any, int], size: int) -> pd.DataFrame:
    """The first rows of each group that make ``size`` with the ``n_taken`` that are taken of it."""
    free = np.array([size - n_taken.get(group, 0) for group in ranked["group"]], int)
    return ranked[_place(ranked).to_numpy() < free]


def _top(ranked: pd.DataFrame, size: int) -> pd.DataFrame:
    return _keys(ranked[_place(ranked) < size])


def _keys(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values(SOLUTION_KEY, kind="stable", ignore_index=True)[SOLUTION_KEY]
