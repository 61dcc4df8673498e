"""Real records through every pipeline: PRM800K and MATH-500, a small model folder, a PRM and an ORM, the report."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

Run = Callable[..., Any]


@pytest.mark.e2e
def test_prm800k_and_math_500_go_from_files_to_the_report(
    run_in: Run, project: Path, shared_data: Path, model_of: Callable[..., Path]
) -> None:
    test = shared_data / "math" / "math500.jsonl"
    train = shared_data / "prm800k" / "phase1_test.reconstructed.jsonl"
    texts = [json.loads(line)["problem"] for line in test.read_text().splitlines()]
    model = model_of(texts, longest=2048)
    changed = {
        "problems.train.path": train,
        "problems.train.limit": 12,
        "problems.test.path": test,
        "problems.test.limit": 6,
        "problems.valid_share": 0.3,
        "generator.base": model,
        "verifiers.base": model,
        "search.samples.per_problem": 2,
        "search.samples.problems_per_shard": 3,
        "generator.sampling.max_new_tokens": 24,
        "verifiers.prm.optimization.epochs": 1,
        "report.bootstrap": 100,
    }
    done = run_in(project, "--env", "math", "--params", ",".join(f"{key}={value}" for key, value in changed.items()))
    assert done.exit_code == 0, done.output

    data = project / "data" / "math"
    problems = pd.read_parquet(data / "03_primary" / "problems.parquet")
    assert problems["split"].value_counts()["test"] == 6
    assert not set(problems[problems["split"] == "test"]["problem"]) & set(
        problems[problems["split"] != "test"]["problem"]
    )
    labels = pd.read_parquet(data / "05_model_input" / "step_labels.parquet")
    assert set(labels["rating"].dropna()) == {-1, 0, 1}, "people's ratings, as they are in the files"
    assert set(labels["problem_id"]) <= set(problems["problem_id"])
    assert len(pd.read_parquet(data / "07_model_output" / "test_solutions.parquet")) == 6 * 2
    for name in ("prm_scores", "orm_scores"):
        assert len(pd.read_parquet(data / "07_model_output" / f"{name}.parquet")) == 6 * 2
    for name, kind in (("generator", "CausalLM"), ("prm", "TokenClassification"), ("orm", "TokenClassification")):
        assert json.loads((data / "06_models" / name / "config.json").read_text())["architectures"] == [
            f"LlamaFor{kind}"
        ]
    assert "step_auroc" in json.loads((data / "08_reporting" / "verifier_metrics.json").read_text())["prm"]
    assert 20_000 < (data / "08_reporting" / "report.html").stat().st_size < 2_000_000
    small, best = json.loads((data / "08_reporting" / "summary.json").read_text())["lines"][:2]
    assert small.startswith("TOO SMALL FOR A CLAIM: ") and "best-of-2 on 6 problems" in best
