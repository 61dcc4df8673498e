"""People as the labeler: a file of their labels in PRM800K's format, matched to our solutions by problem and steps.

In: a JSONL file as PRM800K's interface (or ours) leaves it. Out: the labels of those solutions that somebody labelled. A
record labels a solution if the steps it chose, and the last one it rated, are the solution's own first steps; alternatives
that were rated on the way stay siblings.
"""

import logging
from collections import defaultdict
from pathlib import Path
from typing import Any

import pandas as pd

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.formats import read, tables
from stepscale.formats.contract import problem_key

logger = logging.getLogger(__name__)

Beginning = tuple[str, tuple[str, ...]]  # a problem's key and the steps up to the last labelled one
Row = dict[str, Any]


class FileLabeler:
    """A Labeler that looks labels up in a PRM800K file; they spend no tokens here.

    ``name`` stands for records that name no labeler. Quality control, screening and unfinished records are left out, as in
    the paper (Lightman et al. 2023, D). Raises InputError if the file is missing or a line is bad.
    """

    def __init__(self, path: str | Path, name: str = "human") -> None:
        self.name, self.path = name, Path(path)
        self._records: dict[Beginning, dict[str, list[Row]]] = defaultdict(dict)
        for rows in _records(self.path, name):
            for steps in _beginnings(rows):
                self._records[rows[0]["problem_id"], steps][rows[0]["labeler"]] = rows

    def label(self, problems: pd.DataFrame, solutions: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
        """The step_labels of the solutions that the file labels, by each of its labelers; of two records the longer one.

        Raises InputError if it labels none of them.
        """
        keys = {pid: problem_key(text) for pid, text in zip(problems["problem_id"], problems["problem"], strict=True)}
        labels: list[Row] = []
        matched = 0
        for problem_id, sample_id, steps in solutions[["problem_id", "sample_id", "steps"]].itertuples(index=False):
            rows = self._of(keys[problem_id], tuple(steps))
            matched += bool(rows)
            labels += [row | {"problem_id": problem_id, "sample_id": sample_id} for row in rows]
        if not labels:
            raise InputError(
                f"{self.path}: none of its records labels one of these {len(solutions)} solutions; label the solutions that "
                "were selected, with the text of problem and steps unchanged"
            )
        logger.info("%s labels %d of %d solutions", self.path, matched, len(solutions))
        return tables.step_labels(pd.DataFrame(labels, dtype=object))

    def _of(self, problem: str, steps: tuple[str, ...]) -> list[Row]:
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
    """The beginnings of solutions that a record labels: the chosen steps, then any step rated last."""
    last = rows[-1]["step"]
    chosen = {row["step"]: row["text"] for row in rows if row["is_chosen"] and row["step"] < last}
    if len(chosen) != last:
        return []  # a step without any label lies in between: whose beginning it is cannot be told
    before = tuple(chosen[step] for step in range(last))
    return [(*before, row["text"]) for row in rows if row["step"] == last]


def _of_solution(rows: list[Row], steps: tuple[str, ...]) -> list[Row]:
    """The record's labels as those of a solution: its own last labelled step is the chosen one, once."""
    last = rows[-1]["step"]
    chosen = next(row["completion"] for row in rows if row["step"] == last and row["text"] == steps[last])
    return [row | {"is_chosen": row["completion"] == chosen} if row["step"] == last else row for row in rows]
