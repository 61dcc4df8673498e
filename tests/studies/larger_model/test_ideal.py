"""The ideal imitator beside a run's searches, at equal FLOPs."""

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from stepscale.lab.problems import make_problems
from stepscale.studies.larger_model.ideal import against_ideal, ideal_answers_right, main

LAB_BASE = Path(__file__).resolve().parents[3] / "data" / "01_raw" / "lab_base"
BUDGETS = (1, 16, 64, 256)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run whose searches are right on all problems at N = 16 and more, and on none at N = 1."""
    problems = make_problems(40, "test", 1001)
    rows = [
        {"problem_id": name, "strategy": "best-of-N", "method": "closed form", "budget": n, "accuracy": float(n > 1)}
        for name in problems["problem_id"]
        for n in BUDGETS
    ]
    accuracy = pd.DataFrame(rows).assign(
        chosen_by="PRM", sequential=None, parallel=None, error=0.0, generations=1.0, tokens=1.0, flops=1.0
    )
    samples = pd.DataFrame(
        {"problem_id": name, "sample_id": j, "answer": "1", "is_correct": j < i % 5, "score": 0.5, "search_score": 0.5}
        for i, name in enumerate(problems["problem_id"])
        for j in range(4)
    )
    tables = {
        "03_primary/problems": problems,
        "08_reporting/scored_samples": samples,
        "08_reporting/search_accuracy": accuracy.assign(generator_flops=1.0),
    }
    for name, table in tables.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        table.to_parquet(tmp_path / f"{name}.parquet")
    return tmp_path


def read(run: Path) -> dict[str, pd.DataFrame]:
    return {file.stem: pd.read_parquet(file) for file in run.rglob("*.parquet")}


def test_small_minus_ideal_is_what_it_errs_on_where_searches_are_always_right(run: Path) -> None:
    tables = read(run)
    wrong = 1 - ideal_answers_right(tables["problems"], 0).mean()
    rows = against_ideal(tables, 14.0, 0).query("bin == 0")
    assert 0 < wrong < 1
    assert rows["difference"].iloc[0] == pytest.approx(wrong) and not rows["beyond"].any()
    assert rows["budget"].round(1).tolist() == [257.8, 63.4, 15.8]


def test_the_command_tells_levels_and_bins_and_the_models_beside(run: Path) -> None:
    problems = read(run)["problems"]
    right = ideal_answers_right(problems, 0).mean()
    result = CliRunner().invoke(main, [str(run), "--model", str(LAB_BASE)])
    assert result.exit_code == 0, result.output
    ideal, base, *table = result.output.splitlines()
    assert ideal.startswith(f"ideal imitator, greedily: {right:.1%} [") and "of 40 problems (by level 1: " in ideal
    assert "lab_base, greedily: " in base
    assert [line.split()[0] for line in table] == ["bin", *(str(b) for b in range(6) for _ in range(3))]


def test_a_folder_without_a_run_and_a_damaged_table_are_one_line(run: Path, tmp_path: Path) -> None:
    absent = CliRunner().invoke(main, [str(tmp_path / "nowhere")])
    assert absent.exit_code == 1 and absent.output.count("\n") == 1 and "is not there" in absent.output
    (run / "08_reporting" / "scored_samples.parquet").write_bytes(b"PAR1")
    damaged = CliRunner().invoke(main, [str(run)])
    assert damaged.exit_code == 1 and damaged.output.count("\n") == 1 and "it is damaged" in damaged.output
