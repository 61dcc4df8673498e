"""What the report says about the labeled pool."""

import pandas as pd

from stepscale.labeling.contract import label_table
from stepscale.studies.verifiers.labeled_pool import pool_part

SOLUTIONS = pd.DataFrame(
    {
        "problem_id": ["p", "p", "q", "q"],
        "sample_id": [0, 1, 0, 1],
        "steps": [["a", "b"], ["a", "b", "c"], ["a", "b", "c"], ["a"]],
        "is_correct": pd.array([True, False, None, False], dtype="boolean"),
    }
)


def row(ratings: list[list[int]] | None, values: list[list[float]] | None = None) -> dict[str, str]:
    [table] = pool_part(SOLUTIONS, label_table(SOLUTIONS, "x", ratings, values)).tables
    return dict(table.rows[0])


def test_a_solution_is_judged_to_its_end_or_to_its_first_negative_step() -> None:
    cells = row([[1, 1], [1, -1], [0], []])
    assert cells["problems"] == "2" and cells["solutions"] == "4" and cells["steps"] == "9"
    assert cells["right answers"] == "1 (25.0%)"
    assert cells["solutions not judged to their end"] == "2 (50.0%)"
    assert cells["steps judged, of those that came to judgment"] == "5 (71.4%)"


def test_values_of_all_steps_judge_all() -> None:
    cells = row(None, [[0.5, 0.5], [0.5] * 3, [0.0] * 3, [1.0]])
    assert cells["solutions not judged to their end"] == "0 (0.0%)"
    assert cells["steps judged, of those that came to judgment"] == "9 (100.0%)"


def test_a_sibling_is_no_step_of_the_solution() -> None:
    labels = label_table(SOLUTIONS, "x", [[1, 1], [1], [], []])
    sibling = labels.iloc[[2]].assign(rating=-1, is_chosen=False, completion=1)
    [table] = pool_part(SOLUTIONS, pd.concat([labels, sibling], ignore_index=True)).tables
    assert table.rows[0]["solutions not judged to their end"] == "3 (75.0%)"
