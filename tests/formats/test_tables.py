"""Each declared table takes what belongs in it, gives the declared dtypes back, and names table and column
otherwise.
"""

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest
from bounded_work import calls

from stepscale.errors import InputError
from stepscale.formats import checking, declarations, tables


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


def test_a_nul_character_in_a_problem_is_told_with_its_problem() -> None:
    with pytest.raises(InputError, match="problems: the text of 'b' holds a NUL character"):
        tables.problems(pd.DataFrame({"problem_id": ["a", "b"], "problem": ["1+1", "1\0+1"]}))


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


@pytest.mark.parametrize("column", ["negative", "neutral"])
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (2.0, "holds 2.0 in row 1, not a probability in [0, 1]; write a score of another scale as 'reward'"),
        (-0.01, "holds -0.01 in row 1, not a probability in [0, 1]"),
        (float("nan"), "holds NaN or infinity in row 1; score that step again"),
        (float("inf"), "holds NaN or infinity in row 1; score that step again"),
    ],
)
def test_a_step_score_that_is_no_probability_is_named(column: str, value: float, reason: str) -> None:
    rows = {"problem_id": ["p", "p"], "sample_id": [0, 1], "verifier": "prm"}
    lists = {"negative": [[0.0, 1.0], [0.5, 0.5]], "neutral": [[0.0, 0.0], [0.0, 0.0]]}
    lists[column][1][1] = value
    with pytest.raises(InputError) as caught:
        tables.scores(pd.DataFrame(rows | lists))
    assert str(caught.value).startswith(f"scores: column {column!r} {reason}")


def test_a_sum_of_probabilities_that_rounding_takes_beyond_the_bounds_is_a_step_score() -> None:
    rows = {"problem_id": ["p"], "sample_id": [0], "verifier": "prm", "negative": [[1.0000001, -1e-9]]}
    assert len(tables.scores(pd.DataFrame({**rows, "neutral": [[0.0, 0.0]]}))) == 1


def test_each_declared_table_is_a_pandera_schema() -> None:
    for table in (tables.PROBLEMS, tables.SOLUTIONS, tables.STEP_LABELS, tables.SCORES, tables.CURVES):
        assert isinstance(table, pa.DataFrameSchema) and table.unique == list(table.key)


def test_a_new_table_is_declared_in_a_few_lines() -> None:
    columns = {"strategy": declarations.Column("str"), "tokens": declarations.Column("int64", low=0)}
    costs = tables.validator(declarations.Table("costs", columns, key=["strategy"]))
    assert costs(pd.DataFrame({"strategy": ["beam"], "tokens": [3.0]}))["tokens"].tolist() == [3]
    with pytest.raises(InputError, match="costs: column 'tokens' holds -1 in row 1 where int64 >= 0 is needed"):
        costs(pd.DataFrame({"strategy": ["beam", "dvts"], "tokens": [3, -1]}, index=[7, 9]))


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("int64", [1, 2.5]),
        ("int64", [1, None]),
        ("int64", ["1", "2"]),
        ("int64", [0, True]),
        ("Int8", [0, 300]),
        ("float64", [0.5, "x"]),
        ("bool", [True, 1]),
        ("boolean", [None, "no"]),
        ("str", ["a", 3]),
        ("list[str]", [["a"], "b"]),
        ("list[int]", [[1], [0.5]]),
    ],
)
def test_the_row_of_a_wrong_cell_is_named_and_nothing_is_converted_at_a_loss(kind: Any, cells: list[object]) -> None:
    table = declarations.Table("t", {"key": declarations.Column("str"), "x": declarations.Column(kind)}, key=["key"])
    with pytest.raises(
        InputError, match=r"t: column 'x' holds .* in row [01] where .* is needed; correct it"
    ) as caught:
        checking.check(pd.DataFrame({"key": ["a", "b"], "x": pd.Series(cells, dtype=object)}), table)
    assert "\n" not in str(caught.value)


def test_a_column_that_is_there_twice_is_named() -> None:
    frame = pd.DataFrame([["a", "1", "2"]], columns=["problem_id", "problem", "problem"])
    with pytest.raises(InputError, match="problems: column 'problem' is there twice"):
        tables.problems(frame)


def test_a_check_calls_few_functions_for_each_row() -> None:
    def frame(n: int) -> pd.DataFrame:
        rows = {"problem_id": [f"p{i // 16}" for i in range(n)], "sample_id": [i % 16 for i in range(n)]}
        return pd.DataFrame(
            {**rows, "steps": [["a", "b"]] * n, "tokens": [[1, 2]] * n, "step_ends": [[0, 1]] * n, "finish": "x"}
        )

    few, many = frame(10_000), frame(20_000)
    tables.solutions(few)  # what is imported on first use
    assert calls(lambda: tables.solutions(many)) - calls(lambda: tables.solutions(few)) < 20 * 10_000


def test_what_a_program_keeps_frozen_is_counted_after_many_new_objects_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The count goes through all of them, and a small table is checked many times."""
    counted: list[bool] = []
    monkeypatch.setattr("gc.get_freeze_count", lambda: len(counted.append(True) or counted))
    tables.step_labels(labels())
    assert not counted
    with checking.collector_paused():
        kept = [[number] for number in range(200_000)]
    assert counted and kept


def test_a_frame_without_rows_is_the_caller_s_own() -> None:
    first = checking.empty(tables.STEP_LABELS)
    first["labeler"] = pd.Series([], dtype="float64")
    first["further"] = 1
    second = checking.empty(tables.STEP_LABELS)
    assert "further" not in second and second["labeler"].dtype == "str"
    assert tables.step_labels(second).dtypes.equals(second.dtypes)


def test_each_check_is_a_validator_of_the_kedro_catalog() -> None:
    pytest.importorskip("kedro", reason="kedro is an extra")
    from kedro.validation.core import ValidatorSpec, resolve_validator

    for name in ("problems", "solutions", "step_labels", "scores", "curves"):
        validator = resolve_validator(ValidatorSpec(f"stepscale.formats.tables.{name}"))
        with pytest.raises(InputError, match=f"{name}: "):
            validator.validate(pd.DataFrame({"other": [1]}))
    problems = resolve_validator(ValidatorSpec("stepscale.formats.tables.problems"))
    assert list(problems.validate(pd.DataFrame({"problem_id": ["a"], "problem": ["1"]}))) == list(
        tables.PROBLEMS.columns
    )


def test_the_room_is_imported_without_anything_heavy() -> None:
    """It is part of the small installation: pandas, pyarrow, orjson and pandera are enough."""
    code = (
        "import sys, stepscale.formats, stepscale.formats.tables, stepscale.formats.prm800k, stepscale.formats.splits\n"
        "from importlib import import_module\n"
        "[import_module(f'stepscale.formats.{name}') for name in stepscale.formats.registry._MODULES.values()]\n"
        "heavy = {'torch', 'mlflow', 'kedro', 'transformers', 'datasets', 'sklearn', 'math_verify'} & set(sys.modules)\n"
        "sys.exit(' '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_small_table_is_checked_without_a_look_at_each_frozen_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc, "get_freeze_count", lambda: pytest.fail("a count looks at each of them"))
    checking.check(labels(), tables.STEP_LABELS)
    assert gc.isenabled()


def test_damaged_notes_of_pandas_in_a_folder_of_tables_are_one_line(tmp_path: Path) -> None:
    from stepscale.formats import parquet

    file = tmp_path / "problems.parquet"
    problems = {"problem_id": ["p"], "problem": ["1+1?"], "answer": ["2"], "subject": None, "level": None}
    pd.DataFrame(problems | {"source": None, "split": "test"}).to_parquet(file)
    whole = file.read_bytes()
    assert parquet.read(tmp_path).problems["answer"].tolist() == ["2"]
    start = whole.index(b"ARROW:schema")  # of two copies of the notes, the one that is read
    refused = []
    for place in range(start, start + 300, 5):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            parquet.read(tmp_path)
        except InputError as error:
            refused.append(str(error))
    assert any("the notes of pandas in it are damaged" in message for message in refused)
    assert not any("\n" in message or str(file) not in message for message in refused)
