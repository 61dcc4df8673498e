"""Arms graded by their steps: what outcome labels by PRM_large win over final answers shows only there."""

import numpy as np
import pandas as pd
import pytest
from learning_points import points_table

from stepscale.studies.supervision.right_steps import right_steps_table
from stepscale.supervision.points import ACTIVE, BY_ANSWER, BY_LARGE, PROCESS

FAULTLESS = {PROCESS: 0.75, BY_LARGE: 0.5, BY_ANSWER: 0.25}


def points(arms: tuple[str, ...] = (PROCESS, BY_LARGE, BY_ANSWER)) -> pd.DataFrame:
    """All arms choose right answers alike; their steps differ."""
    table = points_table(
        [(arm, size, seed, 4, f"p{i}", 0.75) for arm in arms for size in (1, 2) for seed in range(2) for i in range(40)]
    )
    return table.assign(faultless=table["arm"].map(FAULTLESS | {ACTIVE: 0.0}))


def test_arms_alike_by_answer_differ_by_steps() -> None:
    got = right_steps_table(points(), n=4, resamples=50)
    assert got[["label", "against", "per_problem"]].values.tolist() == [
        [PROCESS, BY_LARGE, 1],
        [PROCESS, BY_LARGE, 2],
        [BY_LARGE, BY_ANSWER, 1],
        [BY_LARGE, BY_ANSWER, 2],
    ]
    np.testing.assert_allclose(got["accuracy"], [0.75, 0.75, 0.5, 0.5])
    np.testing.assert_allclose(got[["lead", "lead_low", "lead_high"]], 0.25)
    assert set(got["n_problems"]) == {40} and set(got["seeds"]) == {2}


def test_a_lead_is_paired_by_problem() -> None:
    table = points()
    hard = table["problem_id"].str[1:].astype(int) % 2 == 1
    got = right_steps_table(table.assign(faultless=table["faultless"] - 0.2 * hard), n=4, resamples=50)
    np.testing.assert_allclose(got[["lead", "lead_low", "lead_high"]], 0.25, atol=1e-12)
    assert (got["high"] - got["low"] > 0.01).all(), "accuracies spread over problems"


def test_without_ratings_of_the_test_samples_there_is_no_table() -> None:
    assert right_steps_table(points().assign(faultless=np.nan), n=4).empty


@pytest.mark.parametrize("other", [ACTIVE])
def test_other_arms_stay_out(other: str) -> None:
    assert other not in set(right_steps_table(points((*FAULTLESS, other)), n=4, resamples=50)["label"])
