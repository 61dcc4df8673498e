"""A verifier of known scores on small benchmarks, and on the published ProcessBench where it is at hand."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from search_fakes import FakeVerifier

from stepscale.errors import InputError
from stepscale.formats import read
from stepscale.formats.processbench import first_errors
from stepscale.studies.step_benchmarks import commands
from stepscale.studies.step_benchmarks.figures import step_benchmarks_part
from stepscale.studies.step_benchmarks.measure import measure_benchmarks, score_benchmark

Row = dict[str, Any]


def wrong(text: str) -> float:
    """P(negative) of a step is written in it."""
    return float(text)


VERIFIER = FakeVerifier(lambda problem, steps: 1 - wrong(steps[-1]))


def processbench(part: str, number: int, label: int, *negative: float) -> Row:
    steps = [str(p) for p in negative]
    return {
        "id": f"{part}-{number}",
        "problem": f"{part} {number}",
        "steps": steps,
        "label": label,
        "final_answer_correct": label < 0,
    }


def prmbench(name: str, number: int, errors: list[int], *negative: float) -> Row:
    steps = [str(p) for p in negative]
    return {
        "modified_question": f"q {number}",
        "modified_process": steps,
        "error_steps": errors,
        "classification": name,
    }


def hard2verify(number: int, labels: list[int], *negative: float) -> Row:
    return {"question": f"h {number}", "model_response_by_step": [str(p) for p in negative], "human_labels": labels}


PROCESSBENCH = [
    processbench("gsm8k", 0, -1, 0.1, 0.6),
    processbench("gsm8k", 1, 1, 0.2, 0.8),
    processbench("math", 0, 0, 0.65, 0.1),
    processbench("math", 1, -1, 0.1, 0.65),
    processbench("math", 2, -1, 0.1, 0.9),
    processbench("math", 3, 1, 0.1, 0.9),
]
PRMBENCH = [
    prmbench("circular", 0, [2], 0.1, 0.9, 0.7),
    prmbench("redundency", 1, [1], 0.3, 0.2),
    prmbench("multi_solutions", 2, [], 0.1, 0.9),
]
HARD2VERIFY = [hard2verify(0, [1, 0, 0], 0.1, 0.9, 0.2), hard2verify(1, [1, 1], 0.1, 0.2), hard2verify(2, [1], 0.8)]


@pytest.fixture
def measured(tmp_path: Path) -> pd.DataFrame:
    return measure_benchmarks(
        {name: scored(tmp_path, name, rows) for name, rows in ALL_ROWS.items()}, "prm", "gsm8k", 200
    )


ALL_ROWS = {"processbench": PROCESSBENCH, "prmbench": PRMBENCH, "hard2verify": HARD2VERIFY}


def written(folder: Path, name: str, rows: list[Row]) -> Path:
    path = folder / f"{name}.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def scored(folder: Path, name: str, rows: list[Row]) -> Any:
    return score_benchmark(read(written(folder, name, rows), name), VERIFIER)


def value(table: pd.DataFrame, *key: str) -> float:
    columns = ["benchmark", "part", "chosen_on", "metric"]
    return float(table.set_index(columns).loc[key, "value"])


def test_processbench_by_part_and_the_mean_of_the_parts(measured: pd.DataFrame) -> None:
    assert value(measured, "processbench", "gsm8k", "fixed", "F1") == 0, "the right solution is called wrong"
    assert value(measured, "processbench", "math", "fixed", "error accuracy") == 1
    assert value(measured, "processbench", "math", "fixed", "correct accuracy") == 0
    assert value(measured, "processbench", "all", "fixed", "mean F1") == 0


def test_the_threshold_chosen_on_a_part_is_held_elsewhere_and_that_part_has_no_score(measured: pd.DataFrame) -> None:
    chosen = measured[measured["chosen_on"] == "gsm8k"]
    assert chosen["threshold"].nunique() == 1 and 0.6 < chosen["threshold"].iloc[0] < 0.8
    assert set(chosen.loc[chosen["benchmark"] == "processbench", "part"]) == {"math", "all"}
    assert value(measured, "processbench", "math", "gsm8k", "error accuracy") == 0.5
    assert value(measured, "processbench", "math", "gsm8k", "correct accuracy") == 0.5
    assert value(measured, "processbench", "all", "gsm8k", "mean F1") == 0.5


def test_prmscore_of_all_steps_together_of_each_class_and_of_each_dimension(measured: pd.DataFrame) -> None:
    # accepted right: 1 + 1 + 1; accepted wrong: 1; rejected wrong: 1; rejected right: 1 + 1
    f1, negative_f1 = 6 / (6 + 1 + 2), 2 / (2 + 2 + 1)
    assert value(measured, "prmbench", "all", "fixed", "F1") == pytest.approx(f1)
    assert value(measured, "prmbench", "all", "fixed", "negative F1") == pytest.approx(negative_f1)
    assert value(measured, "prmbench", "all", "fixed", "PRMScore") == pytest.approx((f1 + negative_f1) / 2)
    circular, redundant = (2 / 3 + 2 / 3) / 2, (2 / 3 + 0) / 2
    assert value(measured, "prmbench", "circular", "fixed", "PRMScore") == pytest.approx(circular)
    assert value(measured, "prmbench", "multi_solutions", "fixed", "PRMScore") == pytest.approx(2 / 3), "F1 alone"
    assert value(measured, "prmbench", "simplicity", "fixed", "mean PRMScore") == pytest.approx(
        (circular + redundant) / 2
    )
    assert "soundness" not in set(measured["part"]), "its classes are not all there"


def test_hard2verify_on_steps_solutions_and_first_errors(measured: pd.DataFrame) -> None:
    steps, solutions = 2 * (3 / 4) * (1 / 2) / (3 / 4 + 1 / 2), 2 * (1 / 2) * 1 / (1 / 2 + 1)
    assert value(measured, "hard2verify", "steps", "fixed", "balanced F1") == pytest.approx(steps)
    assert value(measured, "hard2verify", "steps", "fixed", "balanced accuracy") == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert value(measured, "hard2verify", "solutions", "fixed", "balanced F1") == pytest.approx(solutions)
    assert value(measured, "hard2verify", "first errors", "fixed", "F1") == pytest.approx(solutions)


def test_intervals_hold_their_values_and_count_problems(measured: pd.DataFrame) -> None:
    bounded = measured[measured["low"].notna()]
    assert (bounded["low"] <= bounded["value"] + 1e-9).all() and (bounded["value"] <= bounded["high"] + 1e-9).all()
    assert measured.loc[measured["part"] == "math", "n_problems"].unique().tolist() == [4]


def test_without_processbench_there_is_no_threshold_to_choose(tmp_path: Path) -> None:
    table = measure_benchmarks({"prmbench": scored(tmp_path, "prmbench", PRMBENCH)}, "prm", "gsm8k", 100)
    assert set(table["chosen_on"]) == {"fixed"} and set(table["threshold"]) == {0.5}


def test_a_part_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no part 'olympiadbench'.*gsm8k, math"):
        measure_benchmarks({"processbench": scored(tmp_path, "processbench", PROCESSBENCH)}, "prm", "olympiadbench")


def test_the_report_has_a_column_for_each_threshold(measured: pd.DataFrame) -> None:
    [table] = step_benchmarks_part(measured).tables
    heads = {"threshold fixed", "threshold chosen on gsm8k"}
    assert all(heads <= row.keys() for row in table.rows)
    first = table.rows[0]
    assert (
        first["part"] == "gsm8k" and first["threshold chosen on gsm8k"] == "" and "at 0.500" in first["threshold fixed"]
    )


def test_the_command_measures_any_verifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepscale.verifiers.open_verifier.load_verifier", lambda source, adapter: VERIFIER)
    path = str(written(tmp_path, "prmbench", PRMBENCH))
    call: Callable[..., Any] = CliRunner().invoke
    done = call(commands.step_benchmarks, ["folder", "--prmbench", path, "--to", str(tmp_path / "table.parquet")])
    assert done.exit_code == 0, done.output
    assert "benchmark prmbench; part all; metric PRMScore; threshold fixed 53.3%" in done.output
    assert len(pd.read_parquet(tmp_path / "table.parquet")) == done.output.count("\n")
    nothing = call(commands.step_benchmarks, ["folder"])
    assert nothing.exit_code == 2 and "give a benchmark" in nothing.output
    missing = call(commands.step_benchmarks, ["folder", "--prmbench", str(tmp_path / "no.jsonl")])
    assert missing.exit_code == 1 and missing.output.count("\n") == 1


@pytest.mark.parametrize(
    ("place", "fault"), [("", "path is ''"), ("file/table.parquet", "Not a directory|File exists"), (".", "a folder")]
)
def test_a_table_that_cannot_be_written_is_told_before_the_verifier_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    path = str(written(tmp_path, "prmbench", PRMBENCH))
    refused = CliRunner().invoke(commands.step_benchmarks, ["absent", "--prmbench", path, "--to", place])
    assert refused.exit_code == 1 and refused.output.count("\n") == 1
    assert re.search(fault, refused.output), refused.output


def test_a_verifier_that_knows_the_published_first_errors_is_perfect_and_one_that_accepts_all_has_an_f1_of_0(
    shared_data: Path,
) -> None:
    tables = read(shared_data / "processbench", "processbench")
    errors = dict(zip(map(tuple, tables.solutions["steps"]), first_errors(tables), strict=True))
    whole = {
        steps[: i + 1]: float(i == error) for steps, error in errors.items() for i in range(len(steps)) if i == error
    }
    for knows in (True, False):
        judge = FakeVerifier(lambda problem, steps, knows=knows: 1 - whole.get(tuple(steps), 0.0) * knows)
        table = measure_benchmarks({"processbench": score_benchmark(tables, judge)}, "prm", "gsm8k", 100)
        f1 = value(table, "processbench", "all", "fixed", "mean F1")
        assert f1 == (pytest.approx(1.0, abs=0.02) if knows else 0.0)
        counts = table.drop_duplicates("part").set_index("part")["n_solutions"]
        assert counts["gsm8k"] == 400 and counts["math"] == 1000 and np.isfinite(table["value"]).all()
