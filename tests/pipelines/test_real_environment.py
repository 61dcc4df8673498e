"""Every pipeline that `make real` names runs on a tiny model; a model that is too weak is said first."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from stepscale.lab.short_problems import STEPS, write_problems

SMALL: dict[str, dict[str, Any]] = {
    "problems": {"valid_share": 0.3},
    "generator": {"fine_tuning": None},
    "pool": {"train": {"per_problem": 2, "problems_per_shard": 10}},
    "search": {"samples": {"per_problem": 4, "problems_per_shard": 10}},
    "report": {"budgets": [1, 2, 4], "bootstrap": 200},
}


@pytest.fixture
def weak(project: Path, model_of: Callable[..., Path]) -> Path:
    """The environment with a tiny random model and small numbers."""
    write_problems(project / "data" / "01_raw" / "short_problems")
    texts = ["Some friends have pens. Ben has 3. Kim gets as many as Ben and 8 more.", "Answer: 24\n"] * 3
    model = model_of(texts, longest=2048)
    file = project / "conf" / "real" / "parameters.yml"
    stated = yaml.safe_load(file.read_text())
    for block, values in SMALL.items():
        stated[block] |= values
    for split, n in (("train", 18), ("test", 12)):
        stated["problems"][split]["limit"] = n
    for block in ("generator", "verifiers"):
        stated[block]["base"] = str(model)
    stated["tree_search"] |= {"problems": 12, "budgets": [4]}
    file.write_text(yaml.safe_dump(stated))
    return project


@pytest.mark.e2e
def test_the_real_environment_runs_whole_and_says_first_that_the_model_is_too_weak(
    run_in: Callable[..., Any], weak: Path
) -> None:
    done = run_in(weak, "--env", "real")
    assert done.exit_code == 0, done.output
    data = weak / "data" / "real"
    assert set(pd.read_parquet(data / "03_primary" / "problems.parquet")["level"]) == set(STEPS)
    first = json.loads((data / "08_reporting" / "summary.json").read_text())["lines"][0]
    assert first.startswith("TOO SMALL FOR A CLAIM: 0 of 12 test problems have a right solution among 4 samples")
    assert "the pool holds 0 right solutions of 36" in first
    assert json.loads((data / "06_models" / "prm" / "stepscale_verifier.json").read_text())["kind"] == "prm"
    labels = pd.read_parquet(data / "05_model_input" / "step_labels.parquet")
    assert set(labels["labeler"]) == {"symbolic"} and (labels["rating"] == -1).all()
