"""MATH-shaped files and no labels: the generator's rollouts make the PRM that searches go by; through the real command."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from stepscale.formats import Tables, write
from stepscale.lab.problems import make_problems

Run = Callable[..., Any]
SMALL: dict[str, Any] = {
    "generator.base": "data/01_raw/lab_base",
    "generator.prompt": "<s>{problem}\n",
    "generator.samples_per_problem": 1,
    "generator.sampling": {"temperature": 0.7, "max_new_tokens": 120},
    "pool.train.per_problem": 2,
    "pool.labeler.per_step": 2,
    "pool.labeler.problems_per_shard": 7,
    "problems.valid_share": 0.3,
    "verifiers.base": "data/01_raw/lab_base",
    "verifiers.prompt": "<s>{problem}\n",
    "verifiers.prm.optimization.epochs": 1,
    "search.samples.per_problem": 4,
    "report.budgets": [1, 2, 4],
    "report.bootstrap": 100,
    "tree_search.problems": 12,
    "tree_search.budgets": [4],
    "tree_search.strategies": [{"method": "beam", "width": 2, "aggregation": "last"}],
}


@pytest.fixture
def small(project: Path) -> Path:
    """The environment on problems of the lab, in MATH's files, with the lab's base and small numbers."""
    for split, n in (("train", 15), ("test", 12)):
        write(Tables(problems=make_problems(n, split, 0)), project / f"{split}.jsonl", "math")
    file = project / "conf" / "math_rollouts" / "parameters.yml"
    values = yaml.safe_load(file.read_text())
    paths = {f"problems.{split}.path": f"{split}.jsonl" for split in ("train", "test")}
    for key, value in (SMALL | paths).items():
        *blocks, last = key.split(".")
        block = values
        for name in blocks:
            block = block.setdefault(name, {})
        block[last] = value
    file.write_text(yaml.safe_dump(values))
    return project


@pytest.mark.e2e
def test_a_prm_without_anybody_s_labels_leads_a_beam_search(run_in: Run, small: Path) -> None:
    done = run_in(small, "--env", "math_rollouts")
    assert done.exit_code == 0, done.output
    data = small / "data" / "math_rollouts"
    labels = pd.read_parquet(data / "05_model_input" / "step_labels.parquet")
    assert (
        labels["rating"].isna().all() and labels["value"].between(0, 1).all() and set(labels["labeler"]) == {"rollouts"}
    )
    assert set(labels.loc[labels["value"] % 1 != 0, "value"]) <= {0.5}, "two rollouts a step"
    splits = pd.read_parquet(data / "03_primary" / "problems.parquet").set_index("problem_id")["split"]
    assert set(labels["problem_id"].map(splits)) == {"train", "valid"}
    assert json.loads((data / "06_models" / "prm" / "stepscale_verifier.json").read_text())["kind"] == "soft_prm"
    claims = {claim["id"]: claim for claim in json.loads((data / "08_reporting" / "claims.json").read_text())}
    measured = {name for name, claim in claims.items() if claim["status"] != "not measured"}
    assert {"A1", "B2", "B3", "B8", "B9"} <= measured and not {"A3", "A4"} & measured
    curves = pd.read_parquet(data / "08_reporting" / "tables" / "rollouts" / "curves.parquet")
    assert (
        "PRM" not in set(curves["label"])
        and 100_000 < (data / "08_reporting" / "report.html").stat().st_size < 2_000_000
    )
    served = json.loads((data / "08_reporting" / "served_policy.json").read_text())
    assert served["aggregation"] == "last"

    shards = sorted((data / "02_intermediate" / "pool_label").glob("pool-rollouts-*.parquet"))
    times = {shard: shard.stat().st_mtime_ns for shard in shards}
    shards[1].unlink()
    again = run_in(small, "--env", "math_rollouts", "--to-nodes", "label_steps")
    assert again.exit_code == 0, again.output
    unchanged = [shard for shard in shards if shard.stat().st_mtime_ns == times[shard]]
    assert len(unchanged) == len(shards) - 1, "only the lost shard was made again"
    pd.testing.assert_frame_equal(pd.read_parquet(data / "05_model_input" / "step_labels.parquet"), labels)
