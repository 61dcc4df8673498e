"""Majority and best-of-N weighted, each alone, against the larger model."""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from stepscale.studies.larger_model.one_method import differences, main

IDS = [f"p{i}" for i in range(40)]
BUDGETS = (1, 16, 64, 256)


def rows(method: str, accuracy: float) -> list[dict[str, object]]:
    """The method's accuracy at budget n is n / 256 of ``accuracy``."""
    return [
        {
            "problem_id": name,
            "strategy": method,
            "budget": n,
            "small": accuracy * n / 256,
            "larger": 0.25,
            "bin": 1 + i // 8,
        }
        for i, name in enumerate(IDS)
        for n in BUDGETS
    ]


def run(folder: Path) -> Path:
    """The data folder of a run in which majority is never right, best-of-N weighted always, and the larger model at times."""
    costs = dict.fromkeys(("generations", "tokens", "flops", "generator_flops"), 1.0)
    searches = pd.DataFrame(
        {"problem_id": name, "strategy": method, "method": "closed form", "budget": n, "accuracy": accuracy}
        for method, accuracy in (("majority", 0.0), ("best-of-N weighted", 1.0))
        for name in IDS
        for n in BUDGETS
    ).assign(chosen_by="PRM", sequential=None, parallel=None, error=0.0, **costs)
    samples = pd.DataFrame(
        {"problem_id": name, "sample_id": j, "answer": "1", "is_correct": j < i // 8, "score": 0.5, "search_score": 0.5}
        for i, name in enumerate(IDS)
        for j in range(4)
    )
    answers = pd.DataFrame(
        {
            "problem_id": name,
            "sample_id": 0,
            "steps": ["1"],
            "answer": "1",
            "is_correct": i >= 8,
            "tokens": [1],
            "logprobs": [0.0],
            "finish_reason": "stop",
        }
        for i, name in enumerate(IDS)
    ).assign(prefill_tokens=1.0, decode_tokens=1.0, flops=1.0, generation_flops=1.0)
    for room, name, table in (
        ("08_reporting", "search_accuracy", searches),
        ("08_reporting", "scored_samples", samples),
        ("07_model_output", "larger_answers", answers),
    ):
        (folder / room).mkdir(exist_ok=True)
        table.to_parquet(folder / room / f"{name}.parquet")
    (folder / "05_model_input").mkdir()
    (folder / "05_model_input" / "model_sizes.json").write_text(json.dumps({"size_ratio": 14.0}))
    return folder


def test_each_method_is_taken_at_the_measured_budget_nearest_to_equal_flops() -> None:
    made = pd.DataFrame(rows("majority", 0.5) + rows("best-of-N weighted", 1.0))
    table = differences([made, made], 14.0, 0)
    assert table.groupby("r")["budget"].first().to_dict() == {0.16: 256, 0.79: 64, 22.0: 16}
    overall = table.query("bin == 0").set_index(["method", "r"])
    assert overall.loc[("majority", 0.16), "difference"] == pytest.approx(0.25)
    assert overall.loc[("best-of-N weighted", 22.0), "difference"] == pytest.approx(16 / 256 - 0.25)
    assert set(overall["n_problems"]) == {80} and set(table.query("bin == 3")["n_problems"]) == {16}


def test_the_command_tells_who_is_right_by_bin(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [str(run(tmp_path))])
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()[1:]]
    majority = [line for line in lines if line[0] == "majority"]
    assert len(lines) == 2 * 3 * 6 and len(majority) == 3 * 6
    assert {line[6] for line in majority if line[3] == "0"} == {"-0.8"}


def test_a_run_without_a_larger_model_is_one_line(tmp_path: Path) -> None:
    folder = run(tmp_path)
    (folder / "07_model_output" / "larger_answers.parquet").unlink()
    result = CliRunner().invoke(main, [str(folder)])
    assert result.exit_code == 1 and result.output.count("\n") == 1 and "is not there" in result.output
