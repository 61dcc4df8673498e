"""Arms beside choosing blindly: pass@1 of the very samples they choose among, paired by problem."""

import numpy as np
import pandas as pd
import pytest
from learning_points import points_table

from stepscale.studies.supervision.blind import LEAD, compared_with_blind
from stepscale.supervision.points import BLIND, BY_ANSWER, PROCESS, by_size

ALONE = [i / 19 for i in range(20)]  # pass@1 of each problem


def points(leads: dict[str, float], budgets: tuple[int, ...] = (1, 8)) -> pd.DataFrame:
    """Arms that lie so far above pass@1 on every problem at N = 8, two sizes and seeds."""
    rows = [
        (arm, size, seed, n, f"p{i:02}", alone + (lead if n > 1 else 0.0))
        for arm, lead in leads.items()
        for size in (1, 4)
        for seed in range(2)
        for n in budgets
        for i, alone in enumerate(ALONE)
    ]
    return points_table(rows)


def test_pass_at_1_is_a_flat_line_over_all_labels_with_its_interval() -> None:
    table = points({PROCESS: 0.1, BY_ANSWER: 0.0})
    table = table.assign(selector=np.where(table["arm"] == PROCESS, 1.0, 0.0))  # its labels reach further
    got = compared_with_blind(table, by_size(table, 8, 200, 0), 8, 200, 0)
    blind = got[got["label"] == BLIND]
    assert blind["labeled"].tolist() == [1, 5] and blind["per_problem"].tolist() == [1, 4]
    assert blind["accuracy"].tolist() == pytest.approx([0.5, 0.5])
    assert (blind["low"] < 0.5).all() and (blind["high"] > 0.5).all() and set(blind["n"]) == {1}
    assert set(blind["n_problems"]) == {20} and got["label"].iloc[-1] == BLIND, "arms come first"


def test_each_arm_has_its_lead_over_it_problem_by_problem() -> None:
    table = points({PROCESS: 0.1, BY_ANSWER: 0.0})
    got = compared_with_blind(table, by_size(table, 8, 200, 0), 8, 200, 0).set_index("label")
    assert got.loc[PROCESS, list(LEAD)].to_numpy(float) == pytest.approx(0.1)
    assert got.loc[BY_ANSWER, list(LEAD)].to_numpy(float) == pytest.approx(0.0)
    assert got.loc[BLIND, list(LEAD)].isna().all(axis=None)


def test_without_points_of_one_sample_there_is_nothing_to_set_beside() -> None:
    table = points({PROCESS: 0.1}, budgets=(8,))
    got = compared_with_blind(table, by_size(table, 8, 50, 0), 8, 50, 0)
    assert set(got["label"]) == {PROCESS} and got[list(LEAD)].isna().all(axis=None)
