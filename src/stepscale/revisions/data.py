"""What a revision model and its ORM learn from (Snell et al. 2024, 6, H and I).

In: problems with graded solutions, many samples per problem. Out: for the revision model, solutions with a ``prompt`` that
stands in the problem's place, as ``generation.finetune`` takes them: loss on the right solution alone. For its ORM, examples
made from the revision model's own chains, with or without the earlier attempts. Knows nothing about tokens or models.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from stepscale.errors import InputError
from stepscale.formats.tables import SOLUTION_KEY
from stepscale.revisions.edit_distance import nearest
from stepscale.revisions.prompt import LengthOf, RevisionLayout
from stepscale.seeds import seed_for
from stepscale.user_settings import UserSettings
from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.examples import Example

_Sample = tuple[Any, int, Sequence[str]]  # row of the table, sample id, steps


class RevisionData(UserSettings):
    """How revision data are made."""

    most_wrong: int = Field(4, ge=0, description="wrong attempts before the right one: uniform in 0 to this number")
    per_problem: int | None = Field(
        None, ge=1, description="right samples of a problem taken, drawn by its id; null: all"
    )
    only_with_wrong: bool = Field(
        False,
        description="leave out problems without a wrong sample: they show no attempt to revise (rare in the paper)",
    )
    layout: RevisionLayout = RevisionLayout()


def revision_examples(
    problems: pd.DataFrame, solutions: pd.DataFrame, config: RevisionData, seed: int, length_of: LengthOf | None = None
) -> pd.DataFrame:
    """The right solutions to imitate, each after wrong attempts at its problem.

    The number of wrong attempts is uniform in 0..most_wrong, capped by the wrong samples there are. Samples that are cut off,
    state no answer or are not graded are left out; so are, with ``only_with_wrong``, problems all of whose samples left are
    right. Each draw is named by problem and sample. Where ``layout.max_tokens`` is too little the oldest attempts are left out.

    Args:
        problems: With their texts.
        solutions: Graded samples.
        config: How many wrong attempts are shown, and how they are laid out.
        seed: Of the run.
        length_of: Tokens of a prompt; needed only with ``layout.max_tokens``.

    Returns:
        Solutions with the columns ``prompt`` (text in the problem's place) and ``context``: sample ids of the wrong attempts in
        the prompt, in order. The last is the nearest of the problem's wrong samples by character edit distance between whole
        solutions (the lowest sample id of equally near ones). The others are drawn from the rest without repetition.

    Raises:
        InputError: No sample is right.
    """
    texts = dict(zip(problems["problem_id"], problems["problem"], strict=True))
    solutions = solutions.reset_index(drop=True)
    rows_of_right, prompts, contexts = [], [], []
    for problem_id, of_problem in _valid(solutions).groupby("problem_id", sort=False):
        if problem_id not in texts:
            raise InputError(f"problem_id {problem_id!r} has solutions but is not in the problems table; ingest it too")
        is_right = of_problem["is_correct"].astype(bool)
        if config.only_with_wrong and is_right.all():
            continue
        wrong = _Wrong(of_problem[~is_right])
        right = of_problem[is_right]
        parts = zip(right.index, right["sample_id"], right["steps"], strict=True)
        for index, sample_id, steps in _subset(list(parts), str(problem_id), config.per_problem, seed):
            rows = wrong.context(str(problem_id), int(sample_id), steps, config.most_wrong, seed)
            attempts = [wrong.steps[row] for row in rows]
            prompt, n_shown = config.layout.fitted(texts[problem_id], attempts, length_of)
            rows_of_right.append(index)
            prompts.append(prompt)
            contexts.append([wrong.sample_ids[row] for row in rows[len(rows) - n_shown :]])
    if not rows_of_right:
        raise InputError(
            "no finished right solution (only_with_wrong: of a problem with a wrong one) to make revision data from; sample"
            " more or use an abler generator"
        )
    shown_right = solutions.loc[rows_of_right].reset_index(drop=True)
    return shown_right.assign(prompt=prompts, context=pd.Series(contexts, dtype=object))


def _valid(solutions: pd.DataFrame) -> pd.DataFrame:
    """Finished, answered and graded samples, in the order of problems and samples."""
    is_complete = (solutions["finish"] == "solution") & solutions["answer"].notna() & solutions["is_correct"].notna()
    return solutions[is_complete].sort_values(SOLUTION_KEY, kind="stable")


class _Wrong:
    """The wrong samples of one problem."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.sample_ids = [int(i) for i in rows["sample_id"]]
        self.steps = [list(steps) for steps in rows["steps"]]
        self._texts = ["\n".join(steps) for steps in self.steps]

    def context(self, problem_id: str, sample_id: int, right: Sequence[str], most: int, seed: int) -> list[int]:
        """The wrong attempts that are shown before one right solution: random ones, then the nearest to it.

        Args:
            problem_id: Of the problem.
            sample_id: Of the right solution.
            right: Its steps.
            most: How many there may be; their number is drawn from 0 to this.
            seed: Of the run.

        Returns:
            Rows of ``steps``, in the order in which they are shown.
        """
        rng = np.random.default_rng(seed_for(seed, "revision-context", problem_id, sample_id))
        n = min(int(rng.integers(most + 1)), len(self.steps))
        if n == 0:
            return []
        last = nearest("\n".join(right), self._texts)
        other_rows = [row for row in range(len(self.steps)) if row != last]
        return [*(other_rows[i] for i in rng.permutation(len(other_rows))[: n - 1]), last]


def _subset(right: list[_Sample], problem_id: str, most: int | None, seed: int) -> list[_Sample]:
    """At most ``most`` of a problem's right samples, drawn by its id, in their order."""
    if most is None or len(right) <= most:
        return right
    rng = np.random.default_rng(seed_for(seed, "revision-examples", problem_id))
    return [right[i] for i in np.sort(rng.choice(len(right), most, replace=False))]


def revision_trajectories(problems: pd.DataFrame, chains: pd.DataFrame, history: bool) -> list[Trajectory]:
    """What a verifier reads of each attempt of a chains table.

    Args:
        problems: Texts by problem_id.
        chains: A chains table.
        history: Whether the earlier attempts that were shown are read too.

    Raises:
        InputError: The problems table lacks a problem of the chains.
    """
    texts = dict(zip(problems["problem_id"], problems["problem"], strict=True))
    column = chains["prompt"] if history else chains["problem_id"].map(texts)
    if column.isna().any():
        raise InputError(
            "chains of problems that are not in the problems table; give the problems the chains were made of"
        )
    return [Trajectory(text, tuple(steps)) for text, steps in zip(column, chains["steps"], strict=True)]


def revision_orm_examples(problems: pd.DataFrame, chains: pd.DataFrame, history: bool) -> list[Example]:
    """Outcome examples from graded chains of the revision model itself, one per attempt that ended with an answer.

    Every step's target is whether the final answer is right, as for any ORM.

    Args:
        problems: Texts by problem_id.
        chains: A graded chains table.
        history: Whether the earlier attempts that were shown are read too.

    Raises:
        InputError: Nothing is graded.
    """
    graded = chains[(chains["finish"] == "solution") & chains["answer"].notna() & chains["is_correct"].notna()]
    graded = graded[graded["steps"].map(len) > 0]
    if graded.empty:
        raise InputError("chains hold no graded attempt; grade their answers first")
    read = revision_trajectories(problems, graded, history)
    rows = zip(graded["problem_id"], read, graded["is_correct"], strict=True)
    return [Example(pid, text, (float(bool(right)),) * len(text.steps)) for pid, text, right in rows]
