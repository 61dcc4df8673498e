"""Samples of which there are few a problem are measured; what they cannot tell stays unmeasured."""

import numpy as np
import pandas as pd
import pytest

from stepscale.parameters import ReportBlock, SearchBlock
from stepscale.pipelines.reporting.nodes import measure

COUNTS = {"per_problem": 4, "problems_per_shard": 10}


@pytest.mark.parametrize(("samples", "told"), [(2, set()), (4, {"A1"})])
def test_how_leads_grow_is_told_from_two_budgets_beyond_one_sample(samples: int, told: set[str]) -> None:
    names = [f"p{i}" for i in range(10)]
    key = pd.DataFrame([(p, s) for p in names for s in range(samples)], columns=["problem_id", "sample_id"])
    right = (key["sample_id"] == 0) | (key["problem_id"] < "p3")
    problems = pd.DataFrame({"problem_id": names, "problem": "?", "answer": "1", "level": 1, "split": "test"})
    solutions = key.assign(
        steps=[["a"]] * len(key),
        answer=np.where(right, "1", "2"),
        is_correct=right,
        finish="solution",
        mean_logprob=-1.0,
    )
    prm, orm = (
        key.assign(verifier=name, negative=[[0.1 if r else 0.9] for r in right], neutral=[[0.0]] * len(key))
        for name in ("prm", "orm")
    )
    report = ReportBlock(budgets=(1, 2, 4), bootstrap=100)
    search = SearchBlock.model_validate({"samples": COUNTS, "heldout_samples": COUNTS})
    curves, _, quintiles, _, claims = measure(problems, solutions, prm, orm, report, search, 0)
    assert curves["n"].max() == samples and len(quintiles)
    assert {claim.id for claim in claims} == {"A2", "A6"} | told
