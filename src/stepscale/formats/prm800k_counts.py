"""How much there is in PRM800K tables: the count table of Lightman et al. 2023, D (85.1 % and 13.2 % end correct).

In: tables as `stepscale.formats.prm800k.read` gives them. Out: one row for each phase and one for both. A solution ends
correct where the labeler finished it (``finish`` "solution"); a step counts as correct rated +1 or 0, over every rated
completion.
"""

from collections.abc import Mapping

import pandas as pd

from stepscale.errors import InputError
from stepscale.formats.contract import Tables

_KEY = ["problem_id", "sample_id"]


def counts(tables: Tables) -> pd.DataFrame:
    """Rows "phase 1", "phase 2", "both"; columns records, dropped, problems, solutions, step_labels, and the shares in
    [0, 1] ends_correct and correct_steps (null of a phase without any).

    A phase 1 record has no generation. Raises InputError for tables that were not read from PRM800K.
    """
    if tables.records is None:
        raise InputError("these tables hold no PRM800K records; count tables that were read with format 'prm800k'")
    phase = tables.records[_KEY].assign(
        phase=tables.records["generation"].isna().map({True: "phase 1", False: "phase 2"})
    )
    solutions = tables.solutions[[*_KEY, "finish"]].merge(phase, on=_KEY)
    labels = tables.step_labels[[*_KEY, "rating"]].merge(phase, on=_KEY)
    dropped = phase[tables.records["dropped"].notna().to_numpy()]
    rows: dict[str, Mapping[str, object]] = {}
    for name in ("phase 1", "phase 2", "both"):
        of_records, of_dropped, of_solutions, of_labels = (
            frame if name == "both" else frame[frame["phase"] == name] for frame in (phase, dropped, solutions, labels)
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
        }
    return pd.DataFrame.from_dict(rows, orient="index")
