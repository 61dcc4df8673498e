"""How much there is in PRM800K tables: the count table of Lightman et al. 2023, D (85.1 % and 13.2 % end correct).

In: tables read from PRM800K. Out: one row for each phase (or round of labeling) and one for all. A solution ends
correct where the labeler finished it (``finish`` "solution"); a step counts as correct rated +1 or 0, over every rated
completion.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from stepscale.errors import InputError
from stepscale.formats.contract import Tables
from stepscale.formats.declarations import Column, Table, share
from stepscale.formats.tables import SOLUTION_KEY, validator

_BALANCE = {"negative": -1, "neutral": 0, "positive": 1}
_WITH_GIVE_UP = "ends_correct_with_give_up"

RELEASE_COUNTS = Table(  # the rows' names are those of the rounds
    "release_counts",
    {
        **{name: Column("int64", low=0) for name in ("records", "dropped", "problems", "solutions", "step_labels")},
        "ends_correct": share("of the solutions that end right", nullable=True),
        "correct_steps": share("of step labels that are positive or neutral", nullable=True),
        **{name: share("of step labels", nullable=True) for name in _BALANCE},
    },
    key=(),
)
release_counts = validator(RELEASE_COUNTS)


def counts(tables: Tables) -> pd.DataFrame:
    """Counts by phase; a phase 1 record has no generation.

    Args:
        tables: Read from PRM800K.

    Returns:
        Rows "phase 1", "phase 2", "both"; columns records, dropped, problems, solutions, step_labels, and the shares
        in [0, 1] ends_correct (of the solutions in the tables), correct_steps and ends_correct_with_give_up (given-up
        records count as wrong ends, also where the reader dropped them). Shares of nothing are null.

    Raises:
        InputError: The tables were not read from PRM800K.
    """
    phase = _generations(tables).isna().map({True: "phase 1", False: "phase 2"})
    return _count(tables, phase, ["phase 1", "phase 2"], "both").drop(columns=[*_BALANCE])


def counts_by_round(tables: Tables) -> pd.DataFrame:
    """Counts by round of labeling (``generation``; "phase 1" without one).

    Args:
        tables: Read from PRM800K.

    Returns:
        As `counts`, the last row "all", with the shares of step labels that are negative, neutral and positive in place
        of ends_correct_with_give_up.

    Raises:
        InputError: The tables were not read from PRM800K.
    """
    generations = _generations(tables)
    names = {number: f"round {number}" for number in sorted(generations.dropna().unique())}
    first = ["phase 1"] if generations.isna().any() else []
    table = _count(tables, generations.map(names).fillna("phase 1"), [*first, *names.values()], "all")
    return table.drop(columns=_WITH_GIVE_UP)


def _generations(tables: Tables) -> "pd.Series[int]":
    if tables.records is None:
        raise InputError("these tables hold no PRM800K records; count tables that were read with format 'prm800k'")
    return tables.records["generation"]


def _count(tables: Tables, group: "pd.Series[str]", names: Sequence[str], all_name: str) -> pd.DataFrame:
    """A row for each of ``names``, which are values of ``group`` (one per record), and one named ``all_name``."""
    assert tables.records is not None  # _generations has looked
    records = tables.records[[*SOLUTION_KEY, "dropped"]].assign(group=group.to_numpy())
    solutions = tables.solutions[[*SOLUTION_KEY, "finish"]].merge(records, on=SOLUTION_KEY)
    labels = tables.step_labels[[*SOLUTION_KEY, "rating"]].merge(records, on=SOLUTION_KEY)
    rows = {
        name: _row(
            *(frame if name == all_name else frame[frame["group"] == name] for frame in (records, solutions, labels))
        )
        for name in (*names, all_name)
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def _row(records: pd.DataFrame, solutions: pd.DataFrame, labels: pd.DataFrame) -> Mapping[str, object]:
    rated = labels["rating"].dropna()
    finished = int((solutions["finish"] == "solution").sum())
    given_up = int((records["dropped"] == "give_up").sum())
    n_ends = len(solutions) + given_up
    return {
        "records": len(records),
        "dropped": int(records["dropped"].notna().sum()),
        "problems": solutions["problem_id"].nunique(),
        "solutions": len(solutions),
        "step_labels": len(rated),
        "ends_correct": finished / len(solutions) if len(solutions) else None,
        "correct_steps": (rated >= 0).mean() if len(rated) else None,
        **{column: (rated == rating).mean() if len(rated) else None for column, rating in _BALANCE.items()},
        _WITH_GIVE_UP: finished / n_ends if n_ends else None,
    }
