"""Solutions scored some problems at a time: the same rows in the same order, whatever the parts."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import pytest

from stepscale.cost import Ledger
from stepscale.pipelines.test_time_search import nodes
from stepscale.verifiers.contract import StepScores, Trajectory


class Lengths:
    """Scores a step by its length; steps past the fourth are not read."""

    name = "lengths"

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        ledger.add(self.name, "verify", len(trajectories), parameters=1)
        return [self.one(t) for t in trajectories]

    def one(self, trajectory: Trajectory) -> StepScores:
        lengths = np.array([len(step) / 100 for step in trajectory.steps], np.float32)
        return StepScores(lengths, 0 * lengths, max(0, len(lengths) - 4))


@pytest.mark.parametrize("longest", [3, 5])
def test_parts_change_nothing(monkeypatch: pytest.MonkeyPatch, longest: int) -> None:
    ids = [f"p{i}" for i in (0, 2, 1, 0, 1, 2, 2, 0)]
    steps = [[f"{i}" * (n + 1) for n in range(1 + i % longest)] for i in range(8)]
    solutions = pd.DataFrame({"problem_id": ids, "sample_id": range(8), "steps": steps}, index=[5] * 8)
    problems = pd.DataFrame({"problem_id": ["p0", "p1", "p2"], "problem": ["a", "b", "c"]})
    tables = []
    for size in (1, 3, 100):
        monkeypatch.setattr(nodes, "_SOLUTIONS_PER_PART", size)
        tables.append(nodes._score(partial(Lengths), problems, solutions))
    for table in tables:
        pd.testing.assert_frame_equal(table, tables[-1])
    assert tables[0]["sample_id"].tolist() == list(range(8))
    assert nodes._score(partial(Lengths), problems, solutions[:0]).empty
