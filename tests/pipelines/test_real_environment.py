"""Every pipeline that `make real` names runs on a model with a chat template; a model that is too weak is said first."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from transformers import AutoTokenizer

from stepscale.lab.short_problems import STEPS, write_problems

CHAT = "{% for m in messages %}<{{ m.role }}>{{ m.content }}</s>{% endfor %}<assistant>"
SMALL: dict[str, dict[str, Any]] = {
    "problems": {"valid_share": 0.3},
    "generator": {"fine_tuning": None, "sampling": {"temperature": 0.7, "top_p": 1.0, "max_new_tokens": 60}},
    "pool": {
        "train": {"per_problem": 2, "problems_per_shard": 10},
        "labeler": {"kind": "rollouts", "per_step": 2, "problems_per_shard": 10},
    },
    "search": {"samples": {"per_problem": 4, "problems_per_shard": 10}},
    "report": {"budgets": [1, 2, 4], "aggregation": "last", "bootstrap": 200},
}


@pytest.fixture
def weak(project: Path, model_of: Callable[..., Path]) -> Path:
    """The environment with a tiny random model and small numbers."""
    write_problems(project / "data" / "01_raw" / "short_problems")
    texts = ["Some friends have pens. Ben has 3. Kim gets 8 more than Ben.", "<user><assistant>", "Answer: 24\n"] * 3
    model = model_of(texts, longest=2048)
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(model)
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
    made = weak / "data" / "real"
    assert set(pd.read_parquet(made / "03_primary" / "problems.parquet")["level"]) == set(STEPS)
    first = json.loads((made / "08_reporting" / "summary.json").read_text())["lines"][0]
    assert first.startswith("TOO SMALL FOR A CLAIM: 0 of 12 test problems have a right solution among 4 samples")
    assert "the pool holds 0 right solutions of 36" in first
    assert json.loads((made / "06_models" / "prm" / "stepscale_verifier.json").read_text())["kind"] == "soft_prm"
