"""The table of ablations, by hand and where something is missing."""

import pandas as pd
import pytest
from learning_points import points_table

from stepscale.errors import InputError
from stepscale.studies.supervision.ablations import ablation_table
from stepscale.studies.supervision.tables import ABLATIONS


def points(arm: str, sizes: list[int], right: int) -> pd.DataFrame:
    """Two seeds on ten problems, the first ``right`` of which are solved."""
    rows = [(arm, s, k, 4, f"p{i}", float(i < right)) for s in sizes for k in range(2) for i in range(10)]
    return points_table(rows)


def test_an_ablation_is_measured_against_the_arm_it_varies_at_the_same_labels() -> None:
    both = pd.concat([points("Process", [1, 2], 5), points("Top-K", [2], 7)])
    [row] = ablation_table(both, {"Top-K": ["Process"], "Never trained": ["Process"]}, 4).to_dict("records")
    assert list(row) == list(ABLATIONS.columns)
    assert (row["label"], row["per_problem"], row["against"]) == ("Top-K", 2, "Process")
    assert row["accuracy"] == pytest.approx(0.7) and row["lead"] == pytest.approx(0.2)
    assert row["low"] < 0.7 < row["high"] and row["lead_low"] <= 0.2 <= row["lead_high"]
    assert (row["n_problems"], row["seeds"]) == (10, 2)


def test_the_lead_is_paired_by_problem() -> None:
    both = pd.concat([points("Process", [2], 5), points("Same", [2], 5)])
    [row] = ablation_table(both, {"Same": ["Process"]}, 4).to_dict("records")
    assert (row["lead_low"], row["lead_high"]) == (0, 0) and row["low"] < row["high"]


def test_a_size_the_other_arm_lacks_is_refused() -> None:
    both = pd.concat([points("Process", [1], 5), points("Top-K", [2], 7)])
    with pytest.raises(InputError, match="finish its cells"):
        ablation_table(both, {"Top-K": ["Process"]}, 4)
