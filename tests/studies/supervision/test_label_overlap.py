"""What two arms labeled alike, by hand."""

import pandas as pd
import pytest

from stepscale.studies.supervision.label_overlap import label_overlap
from stepscale.supervision.points import ACTIVE, PROCESS, SELECTOR


def subset(arm: str, seed: int, *rows: tuple[str, int, int]) -> pd.DataFrame:
    """Rows of (problem, sample, size from which it is chosen)."""
    frame = pd.DataFrame(rows, columns=["problem_id", "sample_id", "per_problem"])
    return frame.assign(arm=arm, seed=seed)


def test_shares_are_of_the_arms_own_choice_with_the_same_seed_and_their_mean_over_seeds() -> None:
    selections = pd.concat(
        [
            subset(ACTIVE, 0, ("a", 0, 1), ("b", 0, 1), ("a", 1, 2), ("b", 1, 2)),
            subset(PROCESS, 0, ("a", 5, 1), ("b", 0, 1), ("a", 1, 2), ("b", 1, 2)),
            subset(ACTIVE, 1, ("a", 0, 1), ("b", 0, 1), ("a", 1, 2), ("b", 1, 2)),
            subset(PROCESS, 1, ("a", 8, 1), ("b", 8, 1), ("a", 9, 2), ("b", 9, 2)),
            subset(SELECTOR, 0, ("a", 5, 1), ("b", 0, 1)),
        ]
    )
    one, two = label_overlap(selections, ACTIVE, PROCESS, (1, 2), 500)
    assert (one["per_problem"], two["per_problem"]) == (1, 2)
    assert one["overlap"] == pytest.approx((1 / 2 + 0) / 2) and two["overlap"] == pytest.approx((3 / 4 + 0) / 2)
    assert (one["low"], one["high"]) == (0, 0.5), "problem a alone, or b alone"
    assert (one["n_problems"], one["seeds"], one["arm"], one["control"]) == (2, 2, ACTIVE, PROCESS)


def test_an_arm_that_chose_nothing_shares_nothing() -> None:
    assert label_overlap(subset(PROCESS, 0, ("a", 0, 1)), ACTIVE, PROCESS, (1,)) == []


def test_a_size_that_adds_no_sample_is_told_too() -> None:
    same = pd.concat([subset(arm, 0, ("a", 0, 1)) for arm in (ACTIVE, PROCESS)])
    assert [row["overlap"] for row in label_overlap(same, ACTIVE, PROCESS, (1, 8), 50)] == [1, 1]
