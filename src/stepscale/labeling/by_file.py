"""People as the labeler: a file of their labels in PRM800K's format, matched to our solutions by problem and steps.

In: a JSONL file as PRM800K's interface (or ours) leaves it. Out: the labels of those solutions that were labeled. A
record labels a solution if the steps it chose, and then the last one it rated or one rated -1, are the solution's own first
steps. Rated alternatives to these steps stay siblings.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path
from typing import Any

import pandas as pd

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.formats import read, tables
from stepscale.formats.contract import problem_key
from stepscale.formats.ratings import NEGATIVE

logger = logging.getLogger(__name__)

Beginning = tuple[str, tuple[str, ...]]  # a problem's key and the steps up to the last labeled one
Row = dict[str, Any]


class FileLabeler:
    """A Labeler that looks labels up in a PRM800K file; looking up spends no tokens.

    Quality control, screening and unfinished records are left out, as in the paper (Lightman et al. 2023, D).

    Args:
        path: The file, JSONL.
        name: Stands for records that name no labeler.
        left_out: Labelers whose records are left out: those who agree too little with known labels (2.4).

    Raises:
        InputError: The file is missing or a line of it is bad.
    """

    def __init__(self, path: str | Path, name: str = "human", left_out: Iterable[str] = ()) -> None:
        self.name, self.path = name, Path(path)
        if not self.path.exists():
            raise InputError(
                f"{path} is not there: nobody has labeled yet; python -m stepscale label --to {path} opens the page"
            )
        self._records: dict[Beginning, dict[str, list[Row]]] = defaultdict(dict)
        for rows in _records(self.path, name):
            for steps in _beginnings(rows) if rows[0]["labeler"] not in left_out else ():
                self._records[rows[0]["problem_id"], steps][rows[0]["labeler"]] = rows

    def label(self, problems: pd.DataFrame, solutions: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
        """The step_labels of the solutions that the file labels, by each of its labelers; of two records the longer one.

        Args:
            problems: Problems of the solutions.
            solutions: Solutions to label.
            ledger: Unused: reading a file costs no tokens.

        Returns:
            A row per step and labeler.

        Raises:
            InputError: It labels none of them.
        """
        keys = {pid: problem_key(text) for pid, text in zip(problems["problem_id"], problems["problem"], strict=True)}
        labels: list[Row] = []
        matched = 0
        for problem_id, sample_id, steps in solutions[["problem_id", "sample_id", "steps"]].itertuples(index=False):
            rows = self._ratings_of(keys[problem_id], tuple(steps))
            matched += bool(rows)
            labels += [row | {"problem_id": problem_id, "sample_id": sample_id} for row in rows]
        if not labels:
            raise InputError(
                f"{self.path}: none of its records labels one of these {len(solutions)} solutions, which wait for labels; "
                f"python -m stepscale label --to {self.path} asks for them (with problem and steps unchanged)"
            )
        n_waiting = len(solutions) - matched
        logger.info("%s labels %d of %d solutions; %d wait for labels", self.path, matched, len(solutions), n_waiting)
        return tables.step_labels(pd.DataFrame(labels, dtype=object))

    def _ratings_of(self, problem: str, steps: tuple[str, ...]) -> list[Row]:
        by_labeler: dict[str, list[Row]] = {}
        for n in range(len(steps), 0, -1):
            for labeler, rows in self._records.get((problem, steps[:n]), {}).items():
                by_labeler.setdefault(labeler, _of_solution(rows, steps))
        return [row for rows in by_labeler.values() for row in rows]


def _records(path: Path, name: str) -> list[list[Row]]:
    """The labels of each record (solution and labeler), in order of step and completion."""
    labels = read(str(path), "prm800k").step_labels
    labels = labels.assign(labeler=labels["labeler"].fillna(name)).sort_values(["step", "completion"], kind="stable")
    labels = labels.astype(object).where(labels.notna(), None)  # plain values
    groups = labels.groupby(["problem_id", "sample_id", "labeler"], sort=False)
    return [[{str(k): v for k, v in row.items()} for row in rows.to_dict("records")] for _, rows in groups]


def _beginnings(rows: list[Row]) -> list[tuple[str, ...]]:
    """First parts of solutions that a record labels completely.

    The chosen steps, then any step rated last; or the chosen steps up to one for which another step was rated -1, then that.
    """
    last = rows[-1]["step"]
    chosen: dict[int, str] = {row["step"]: row["text"] for row in rows if row["is_chosen"]}
    before = [chosen[step] for step in takewhile(chosen.__contains__, range(last))]
    return [
        (*before[: row["step"]], row["text"])
        for row in rows
        if row["step"] <= len(before) and (row["step"] == last or row["rating"] == NEGATIVE)
    ]


def _of_solution(rows: list[Row], steps: tuple[str, ...]) -> list[Row]:
    """The record's labels as those of a solution: its own last labeled step is the chosen one, once."""
    last = _last_labeled(rows, steps)
    end = next(row["completion"] for row in rows if row["step"] == last and row["text"] == steps[last])
    return [
        row | {"is_chosen": row["completion"] == end} if row["step"] == last else row
        for row in rows
        if row["step"] <= last
    ]


def _last_labeled(rows: list[Row], steps: tuple[str, ...]) -> int:
    """The solution's first step rated -1, else the record's last step."""
    on_path = [row for row in rows if row["step"] < len(steps) and row["text"] == steps[row["step"]]]
    return int(next((row["step"] for row in on_path if row["rating"] == NEGATIVE), rows[-1]["step"]))
