"""Each declared table takes what belongs in it, gives the declared dtypes back, and names table and column
otherwise.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from stepscale.errors import InputError
from stepscale.formats import checking, tables


def labels(**changes: object) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "problem_id": ["p", "p"],
            "sample_id": 0,
            "step": [0, 1],
            "completion": 0,
            "text": "x",
            "rating": [1, None],
            "value": None,
            "is_chosen": True,
            "labeler": None,
        }
    ).assign(**changes)


def solutions(steps: object, tokens: object = (), ends: object = ()) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "problem_id": ["p"],
            "sample_id": [0],
            "steps": [steps],
            "tokens": [tokens],
            "step_ends": [ends],
            "finish": "length",
        }
    )


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"rating": 2}, "rating"),
        ({"rating": 0.5}, "rating"),
        ({"value": 1.5}, "value"),
        ({"step": 0.5}, "step"),
        ({"step": -1}, "step"),
        ({"is_chosen": "no"}, "is_chosen"),
        ({"is_chosen": None}, "is_chosen"),
        ({"text": 3}, "text"),
        ({"text": None}, "text"),
        ({"flagged": "no"}, "flagged"),
    ],
)
def test_a_cell_of_the_wrong_kind_is_one_line_naming_table_and_column(changes: dict[str, object], column: str) -> None:
    with pytest.raises(InputError) as caught:
        tables.step_labels(labels(**changes))
    message = str(caught.value)
    assert message.startswith(f"step_labels: column '{column}'") and "\n" not in message


def test_a_missing_required_column_is_named() -> None:
    with pytest.raises(InputError, match="step_labels: column 'text' is missing"):
        tables.step_labels(labels().drop(columns="text"))


def test_missing_nullable_columns_are_added_as_nulls_and_others_kept() -> None:
    checked = tables.problems(pd.DataFrame({"extra": [7], "problem_id": ["a"], "problem": ["1+1"]}))
    assert list(checked) == [*tables.PROBLEMS.columns, "extra"]
    assert checked["answer"].isna().all() and str(checked["level"].dtype) == "Int64"


def test_a_repeated_key_is_named() -> None:
    with pytest.raises(InputError, match=r"step_labels: two rows have the key .*'step': 0"):
        tables.step_labels(labels(step=0))
    assert len(tables.step_labels(labels(step=0, labeler=["a", "b"]))) == 2


def test_no_problems_at_all_is_an_error_but_no_labels_is_not() -> None:
    with pytest.raises(InputError, match="problems: the table has no rows"):
        tables.problems(checking.empty(tables.PROBLEMS))
    assert tables.step_labels(checking.empty(tables.STEP_LABELS)).empty


@pytest.mark.parametrize("steps", ["a step", None, 3, [1, 2]])
def test_steps_are_lists_of_strings(steps: object) -> None:
    with pytest.raises(InputError, match="solutions: column 'steps'"):
        tables.solutions(solutions(steps))


def test_step_ends_are_one_a_step_or_none() -> None:
    assert tables.solutions(solutions(["a", "b"])).loc[0, "step_ends"] == []
    assert tables.solutions(solutions(["a", "b"], [5, 6, 7], [0, 2])).loc[0, "step_ends"] == [0, 2]
    with pytest.raises(InputError, match="column 'step_ends' has 1 entries where 'steps' has 2"):
        tables.solutions(solutions(["a", "b"], [5, 6, 7], [2]))


def test_tables_come_back_from_parquet_as_they_were(tmp_path: Path) -> None:
    saved = tables.solutions(solutions(["a", "b"], [5, 6, 7], [0, 2]))
    saved.to_parquet(tmp_path / "t.parquet")
    loaded = tables.solutions(pd.read_parquet(tmp_path / "t.parquet"))
    pd.testing.assert_frame_equal(loaded, saved)
    assert type(loaded.loc[0, "steps"]) is list and type(loaded.loc[0, "tokens"]) is list


def test_scores_hold_as_many_neutral_as_negative_and_curves_stay_in_bounds() -> None:
    rows = {"problem_id": ["p"], "sample_id": [0], "verifier": ["prm"], "negative": [[0.1, 0.2]]}
    assert len(tables.scores(pd.DataFrame({**rows, "neutral": [[0.0, 0.0]]}))) == 1
    with pytest.raises(InputError, match="scores: column 'neutral' has 1 entries"):
        tables.scores(pd.DataFrame({**rows, "neutral": [[0.0]]}))
    curve = {"data": "lab", "method": "majority", "n": [4], "accuracy": 1.5, "n_problems": 3, "seeds": 1}
    with pytest.raises(InputError, match="curves: column 'accuracy'"):
        tables.curves(pd.DataFrame(curve))


def test_every_table_has_a_pandera_schema_and_no_other_name_has() -> None:
    for name in ("problems", "solutions", "step_labels", "scores", "curves"):
        assert tables.schema(name).name == name
    with pytest.raises(InputError, match="no table is called 'labels'"):
        tables.schema("labels")


def test_a_hundred_thousand_rows_are_checked_in_half_a_second(tmp_path: Path) -> None:
    n = 100_000
    rows = {"problem_id": [f"p{i // 16}" for i in range(n)], "sample_id": [i % 16 for i in range(n)]}
    frame = pd.DataFrame(
        {**rows, "steps": [["a", "b"]] * n, "tokens": [[1, 2]] * n, "step_ends": [[0, 1]] * n, "finish": "x"}
    )
    tables.schema("solutions")  # pandera's import is not part of it
    start = time.process_time()
    tables.solutions(frame)
    assert time.process_time() - start < 0.5


def test_each_check_is_a_validator_of_the_kedro_catalog() -> None:
    from kedro.validation.core import ValidatorSpec, resolve_validator

    for name in ("problems", "solutions", "step_labels", "scores", "curves"):
        validator = resolve_validator(ValidatorSpec(f"stepscale.formats.tables.{name}"))
        with pytest.raises(InputError, match=f"{name}: "):
            validator.validate(pd.DataFrame({"other": [1]}))
    problems = resolve_validator(ValidatorSpec("stepscale.formats.tables.problems"))
    assert list(problems.validate(pd.DataFrame({"problem_id": ["a"], "problem": ["1"]}))) == list(
        tables.PROBLEMS.columns
    )


def test_importing_the_tables_does_not_import_pandera() -> None:
    code = "import sys, stepscale.formats.tables; sys.exit('pandera' in sys.modules or 'torch' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": "src"}, check=False).returncode
        == 0
    )
