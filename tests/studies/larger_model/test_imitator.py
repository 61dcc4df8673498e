"""The perfect imitator in the larger model's place, beside a run's searches at equal FLOPs."""

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from stepscale.errors import InputError
from stepscale.lab.problems import make_problems
from stepscale.studies.larger_model.imitator import against_imitator, imitator_right, main

LAB_BASE = Path(__file__).resolve().parents[3] / "data" / "01_raw" / "lab_base"
BUDGETS = (1, 16, 64, 256)
PROBLEMS = make_problems(40, "test", 1001)
RIGHT = imitator_right(PROBLEMS, 0)


def tables(accuracy: pd.Series) -> dict[str, pd.DataFrame]:
    """A run whose searches have this accuracy by problem at every budget; pass@1 rises within the 40 problems."""
    rows = [
        {"problem_id": name, "strategy": "best-of-N", "method": "closed form", "budget": n, "accuracy": accuracy[name]}
        for name in PROBLEMS["problem_id"][::-1]
        for n in BUDGETS
    ]
    costs = dict.fromkeys(("generations", "tokens", "flops", "generator_flops"), 1.0)
    searches = pd.DataFrame(rows).assign(chosen_by="PRM", sequential=None, parallel=None, error=0.0, **costs)
    samples = pd.DataFrame(
        {"problem_id": name, "sample_id": j, "answer": "1", "is_correct": j < i // 8, "score": 0.5, "search_score": 0.5}
        for i, name in enumerate(PROBLEMS["problem_id"])
        for j in range(4)
    )
    return {"problems": PROBLEMS, "scored_samples": samples, "search_accuracy": searches}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The data folder of a run that is always right."""
    rooms = {"problems": "03_primary", "scored_samples": "08_reporting", "search_accuracy": "08_reporting"}
    for name, table in tables(RIGHT * 0 + 1).items():
        (tmp_path / rooms[name]).mkdir(exist_ok=True)
        table.to_parquet(tmp_path / rooms[name] / f"{name}.parquet")
    return tmp_path


def test_searches_that_are_right_where_the_imitator_is_are_level_with_it_on_every_problem() -> None:
    rows = against_imitator(tables(RIGHT), RIGHT, 14.0, 0)
    assert rows["larger"].nunique() > 1, "bins differ, so a problem in the place of another would show"
    assert rows[["difference", "low", "high"]].abs().max().max() == pytest.approx(0, abs=1e-9)
    assert sorted(rows["budget"].round(1).unique()) == [15.8, 63.4, 257.8]


def test_searches_that_are_always_right_lead_by_what_the_imitator_misses() -> None:
    rows = against_imitator(tables(RIGHT * 0 + 1), RIGHT, 14.0, 0).query("bin == 0")
    assert 0 < RIGHT.mean() < 1 and not rows["beyond"].any()
    assert rows["difference"].tolist() == pytest.approx([1 - RIGHT.mean()] * 3)


def test_the_command_tells_levels_and_bins_and_the_models_beside(run: Path) -> None:
    result = CliRunner().invoke(main, [str(run), "--model", str(LAB_BASE)])
    assert result.exit_code == 0, result.output
    imitator, base, beyond, *rows = result.output.splitlines()
    assert imitator.startswith(f"perfect imitator: {RIGHT.mean():.1%} [") and "of 40 problems (by level 1: " in imitator
    assert "lab_base, greedily: " in base
    assert beyond.endswith(f" of the {int((RIGHT == 0).sum())} that the imitator misses")
    assert [line.split()[0] for line in rows] == ["bin", *(str(b) for b in range(6) for _ in range(3))]


def test_problems_of_another_world_are_refused() -> None:
    with pytest.raises(InputError, match=r"problem 'x' is not of the lab .*; name a run of the lab"):
        imitator_right(pd.DataFrame({"problem_id": ["x"], "problem": ["What is 1+1?"], "answer": ["2"]}), 0)


def test_what_is_not_there_is_one_line(run: Path, tmp_path: Path) -> None:
    absent = CliRunner().invoke(main, [str(tmp_path / "nowhere")])
    assert absent.exit_code == 1 and absent.output.count("\n") == 1 and "is not there" in absent.output
    PROBLEMS[:5].to_parquet(run / "03_primary" / "problems.parquet")
    lacking = CliRunner().invoke(main, [str(run)])
    assert (
        lacking.exit_code == 1 and lacking.output.count("\n") == 1 and "which problems.parquet lacks" in lacking.output
    )
    (run / "08_reporting" / "scored_samples.parquet").write_bytes(b"PAR1")
    damaged = CliRunner().invoke(main, [str(run)])
    assert damaged.exit_code == 1 and damaged.output.count("\n") == 1 and "it cannot be read" in damaged.output
