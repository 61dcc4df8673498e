"""Solve or verify by hand: what settings cost, what they buy, and how they are matched."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from stepscale.errors import InputError
from stepscale.formats.checking import check
from stepscale.parameters.solve_or_verify import SolveOrVerifyBlock
from stepscale.studies.solve_or_verify.claims import quantities
from stepscale.studies.solve_or_verify.figures import solve_or_verify_part
from stepscale.studies.solve_or_verify.measure import BEST, WEIGHTED, Sizes, measure, verify_settings
from stepscale.studies.solve_or_verify.tables import JUDGEMENTS, TABLES

OPTIONS = {
    "training": {"problems": 2, "per_problem": 1, "max_new_tokens": 9, "fine_tuning": {}},
    "problems": 4,
    "samples": [1, 2],
    "judgments": [1, 2],
    "solve": [1, 2, 4, 8, 99],
    "problems_per_shard": 2,
}
BLOCK = SolveOrVerifyBlock.model_validate(OPTIONS)
N_PROBLEMS, N_SAMPLES = 8, 8
SIZES = Sizes(generator=10, critic=5, prompts={f"p{i}": 3 for i in range(N_PROBLEMS)})


def samples(right: float = 0.4) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        {
            "problem_id": f"p{i}",
            "sample_id": j,
            "answer": "1" if (is_right := bool(rng.random() < right)) else f"{2 + j}",
            "is_correct": is_right,
            "tokens": [1] * 4,
            "steps": ["a"],
        }
        for i in range(N_PROBLEMS)
        for j in range(N_SAMPLES)
    ]
    return pd.DataFrame(rows).astype({"is_correct": "boolean"})


def perfect(solutions: pd.DataFrame) -> pd.DataFrame:
    """Two judgments, always right, of the first two samples."""
    first = solutions[solutions["sample_id"] < 2]
    table = first[["problem_id", "sample_id"]].assign(
        verdicts=[[int(right)] * 2 for right in first["is_correct"]],
        written=[[6, 8]] * len(first),
        question_tokens=7,
    )
    return check(table.reset_index(drop=True), JUDGEMENTS)


def test_a_question_is_read_once_and_every_token_written_counts() -> None:
    by_key = {
        (one.label, one.samples, one.judgments): one
        for one in verify_settings(samples(), perfect(samples()), SIZES, BLOCK, 0)
    }
    assert set(by_key) == {(how, s, v) for how in (BEST, WEIGHTED) for s in (1, 2) for v in (1, 2)}
    assert (by_key[BEST, 1, 1].flops == 2 * 10 * (3 + 4) + 2 * 5 * (7 + 6)).all()
    assert (by_key[BEST, 2, 2].flops == 2 * 10 * (3 + 8) + 2 * 5 * 2 * (7 + 14)).all()


def test_a_perfect_critic_finds_every_right_sample_and_an_unreadable_one_none() -> None:
    solutions = samples()
    pair = solutions[solutions["sample_id"] < 2].groupby("problem_id")["is_correct"].max().astype(float).to_numpy()
    judged = perfect(solutions)
    sharp = {(o.label, o.samples, o.judgments): o for o in verify_settings(solutions, judged, SIZES, BLOCK, 0)}
    assert np.allclose(sharp[BEST, 2, 1].accuracy, pair)
    blind = judged.assign(verdicts=[[-1, -1]] * len(judged))
    flat = {(o.label, o.samples, o.judgments): o for o in verify_settings(solutions, blind, SIZES, BLOCK, 0)}
    assert np.allclose(flat[BEST, 2, 2].accuracy, sharp[BEST, 1, 1].accuracy)


def test_settings_are_compared_at_no_more_flops_than_the_vote_and_shown() -> None:
    solutions = samples()
    tables = measure(solutions, perfect(solutions), SIZES, BLOCK, 100, 0)
    for name, table in tables.items():
        check(table, TABLES[name])
    votes = tables["grid"][tables["grid"]["judgments"] == 0]
    assert votes["samples"].tolist() == [1, 2, 4, 8]  # 99 is more than there are
    assert tables["matched"]["solve_samples"].tolist() == [
        4,
        8,
    ]  # one sample with one judgment costs more than two samples
    assert len(tables["quantities"]) == 2
    part = solve_or_verify_part(tables)
    assert len(part.summary) == 2 and part.summary[0].startswith("solve or verify: solve - verify at the FLOPs of 4 ")
    assert len(part.figures[0].views[0].panels[0].series) == 3 and len(part.tables[0].rows) == 2


def test_the_claim_has_a_side_at_either_end_and_none_without_matches() -> None:
    solutions = samples()
    matched = measure(solutions, perfect(solutions), SIZES, BLOCK, 100, 0)["matched"]
    sides = quantities(matched, 0.5)
    assert sides["value"].tolist() == [-matched["difference"].iloc[0], matched["difference"].iloc[-1]]
    assert (sides["low"] <= sides["value"]).all() and (sides["value"] <= sides["high"]).all()
    assert sides["name"].tolist() == [
        "solve - verify at the FLOPs of 4 samples",
        "verify - solve at the FLOPs of 8 samples",
    ]
    assert quantities(matched.iloc[:0], 0.0).empty


def test_a_critic_that_mostly_cannot_be_read_settles_nothing() -> None:
    row = {"solve_samples": 4, "flops": 1.0, "difference": -0.2, "low": -0.3, "high": -0.1, "n_problems": 60}
    sides = quantities(pd.DataFrame([row]), 0.51)
    assert set(sides["verdict"]) == {"not read"} and set(sides["unread"]) == {0.51}


def test_fewer_than_thirty_problems_settle_neither_side() -> None:
    row = {"solve_samples": 4, "flops": 1.0, "difference": -0.2, "low": -0.3, "high": -0.1}
    few, enough = (quantities(pd.DataFrame([row | {"n_problems": n}]), 0.0) for n in (29, 30))
    assert few["verdict"].tolist() == ["undecided"] * 2
    assert enough["verdict"].tolist() == ["wins", "loses"]


def test_samples_without_tokens_have_no_price() -> None:
    bare = samples().assign(tokens=[[] for _ in range(N_PROBLEMS * N_SAMPLES)])
    with pytest.raises(InputError, match="no tokens"):
        measure(bare, perfect(bare), SIZES, BLOCK, 100, 0)


@pytest.mark.parametrize("critic", [{"base": "m", "judgments": 3}, {"base": "m", "temperature": 0}])
def test_a_critic_leaves_the_number_of_judgments_to_the_study(critic: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=r"critic\."):
        SolveOrVerifyBlock.model_validate(OPTIONS | {"critic": critic})
