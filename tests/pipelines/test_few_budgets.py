"""Samples of which there are few a problem are measured; what they cannot tell stays unmeasured."""

import numpy as np
import pandas as pd
import pytest

from stepscale.formats.tables import curves as checked
from stepscale.parameters import ReportBlock, SearchBlock
from stepscale.studies.best_of_n.measure import measure_best_of_n, score_splits

COUNTS = {"per_problem": 4, "problems_per_shard": 10}


@pytest.mark.parametrize(
    ("samples", "neutral", "expected"), [(2, 0.05, {"A2"}), (4, 0.05, {"A1", "A2"}), (4, 0.0, {"A1"})]
)
def test_how_leads_grow_is_told_from_two_budgets_beyond_one_sample_and_what_neutral_is_by_who_knows_it(
    samples: int, neutral: float, expected: set[str]
) -> None:
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
        key.assign(verifier=name, negative=[[0.1 if r else 0.9] for r in right], neutral=[[neutral]] * len(key))
        for name in ("prm", "orm")
    )
    report = ReportBlock(budgets=(1, 2, 4), bootstrap=100)
    search = SearchBlock.model_validate({"samples": COUNTS, "heldout_samples": COUNTS})
    got = measure_best_of_n(score_splits(problems, solutions, prm, orm, report, search), report, 0)
    curves, tables = got["curves"], got["tables"]
    assert curves["n"].max() == samples and len(tables["quintiles"]) and "heldout_curves" not in tables
    assert {claim.id for claim in got["claims"]} == {"A6"} | expected
    assert set(tables["scoring_rules"]["neutral_as"]) == ({"positive", "negative"} if neutral else {"positive"})
    unlike = problems.assign(split=["heldout" if name >= "p6" else "test" for name in problems["problem_id"]])
    got = measure_best_of_n(score_splits(unlike, solutions, prm, orm, report, search), report, 0)
    curves, heldout, claims = got["curves"], got["tables"]["heldout_curves"], got["claims"]
    assert set(heldout["data"]) == {"heldout"} and set(heldout["label"]) == set(curves["label"])
    assert set(heldout["n_problems"]) == {4} and set(heldout["n"]) == set(curves["n"]) and len(checked(heldout))
    best = heldout[(heldout["label"] == "PRM") & (heldout["n"] == samples)]["accuracy"].item()
    (a5,) = [claim for claim in claims if claim.id == "A5"]
    assert best == 1.0 and a5.n_problems == 4
