"""How much there is in PRM800K tables: the count table of Lightman et al. 2023, D (85.1 % and 13.2 % end correct).

In: tables as `stepscale.formats.prm800k.reading.read` gives them. Out: one row for each phase (or round of labelling) and one for
all. A solution ends correct where the labeler finished it (``finish`` "solution"); a step counts as correct rated +1 or 0,
over every rated completion.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from stepscale.errors import InputError
from stepscale.formats.contract import Tables

_KEY = ["problem_id", "sample_id"]
_BALANCE = {"negative": -1, "neutral": 0, "positive": 1}


def counts(tables: Tables) -> pd.DataFrame:
    """Rows "phase 1", "phase 2", "both"; columns records, dropped, problems, solutions, step_labels, and the shares in
    [0, 1] ends_correct and correct_steps (null of a phase without any).

    A phase 1 record has no generation. Raises InputError for tables that were not read from PRM800K.
    """
    phase = _generations(tables).isna().map({True: "phase 1", False: "phase 2"})
    return _count(tables, phase, ["phase 1", "phase 2"], "both").drop(columns=[*_BALANCE])


def counts_by_round(tables: Tables) -> pd.DataFrame:
    """The same for each round of labelling (``generation``; "phase 1" without one) and for "all", with the balance of ratings.

    Further columns: the shares of step labels that are negative, neutral and positive.
    """
    generations = _generations(tables)
    names = {number: f"round {number}" for number in sorted(generations.dropna().unique())}
    first = ["phase 1"] if generations.isna().any() else []
    return _count(tables, generations.map(names).fillna("phase 1"), [*first, *names.values()], "all")


def _generations(tables: Tables) -> "pd.Series[int]":
    if tables.records is None:
        raise InputError("these tables hold no PRM800K records; count tables that were read with format 'prm800k'")
    return tables.records["generation"]


def _count(tables: Tables, group: "pd.Series[str]", names: Sequence[str], together: str) -> pd.DataFrame:
    """A row for each of ``names``, which are values of ``group`` (one a record), and one for all ``together``."""
    assert tables.records is not None  # _generations has looked
    records = tables.records[_KEY].assign(group=group.to_numpy())
    solutions = tables.solutions[[*_KEY, "finish"]].merge(records, on=_KEY)
    labels = tables.step_labels[[*_KEY, "rating"]].merge(records, on=_KEY)
    dropped = records[tables.records["dropped"].notna().to_numpy()]
    rows: dict[str, Mapping[str, object]] = {}
    for name in (*names, together):
        of_records, of_dropped, of_solutions, of_labels = (
            frame if name == together else frame[frame["group"] == name]
            for frame in (records, dropped, solutions, labels)
        )
        rated = of_labels["rating"].dropna()
        rows[name] = {
            "records": len(of_records),
            "dropped": len(of_dropped),
            "problems": of_solutions["problem_id"].nunique(),
            "solutions": len(of_solutions),
            "step_labels": len(rated),
            "ends_correct": (of_solutions["finish"] == "solution").mean() if len(of_solutions) else None,
            "correct_steps": (rated >= 0).mean() if len(rated) else None,
            **{column: (rated == rating).mean() if len(rated) else None for column, rating in _BALANCE.items()},
        }
    return pd.DataFrame.from_dict(rows, orient="index")
