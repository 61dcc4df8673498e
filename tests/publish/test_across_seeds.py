"""One verdict from several runs: over runs and the problems of each, differences by problem, an unfinished run named."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from stepscale.estimators.intervals import bootstrap_interval, nested_interval
from stepscale.estimators.quantities import quantity
from stepscale.publish.across_seeds import main, measured
from stepscale.publish.claims_over_runs import claims_over_runs
from stepscale.report.claims import settle

N_PROBLEMS, N_SAMPLES = 30, 4


def finished_run(folder: Path, seed: int, knows: float = 1.0) -> Path:
    """A run whose PRM knows on a share of the problems, whose ORM never does, and whose first sample alone is right."""
    problem_ids = [f"lab-{seed}-{i}" for i in range(N_PROBLEMS)]
    key = pd.DataFrame(
        [(problem, sample) for problem in problem_ids for sample in range(N_SAMPLES)],
        columns=["problem_id", "sample_id"],
    )
    right = key["sample_id"] == 0
    known = key["problem_id"].isin(problem_ids[: round(knows * N_PROBLEMS)])
    tables = {
        "03_primary/problems": pd.DataFrame(
            {"problem_id": problem_ids, "problem": "?", "answer": "1", "level": 1, "split": "test"}
        ),
        "07_model_output/test_solutions": key.assign(
            steps=[["a"]] * len(key),
            answer=np.where(right, "1", "2"),
            is_correct=right,
            finish="solution",
            mean_logprob=-1.0,
        ),
        "07_model_output/prm_scores": scores(key, "prm", np.where(right == known, 0.1, 0.9)),
        "07_model_output/orm_scores": scores(key, "orm", np.where(right, 0.9, 0.1)),
    }
    for name, table in tables.items():
        path = folder / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(path)
    return folder


def scores(key: pd.DataFrame, verifier: str, negative: np.ndarray) -> pd.DataFrame:
    return key.assign(verifier=verifier, negative=[[float(p)] for p in negative], neutral=[[0.0]] * len(key))


def test_runs_are_scored_as_their_reports_score_them(tmp_path: Path) -> None:
    folder = finished_run(tmp_path / "0", 0)
    path = folder / "07_model_output" / "prm_scores.parquet"
    table = pd.read_parquet(path)
    misled = [[0.9 if end < 0.5 else 0.0, end] for (end,) in table["negative"]]  # by its first step, but for the last
    table.assign(negative=misled, neutral=[[0.0, 0.0]] * len(table)).to_parquet(path)
    found = {}
    for how in ("product", "last"):
        told = CliRunner().invoke(main, [str(folder), "--largest", "4", "--resamples", "50", "--aggregation", how])
        assert told.exit_code == 0, told.output
        found[how] = next(line for line in told.output.splitlines() if line.startswith("PRM "))
    assert "1.000 [1.000" in found["last"] and "1.000" not in found["product"]


def test_all_seeds_are_compared_problem_by_problem(tmp_path: Path) -> None:
    folders = [str(finished_run(tmp_path / str(seed), seed)) for seed in (0, 1)]
    told = CliRunner().invoke(main, [*folders, "--largest", "4", "--resamples", "50"])
    assert told.exit_code == 0, told.output
    lines = told.output.splitlines()
    assert any(line.startswith("PRM ") and "1.000 [1.000, 1.000] by seed: 1.000, 1.000" in line for line in lines)
    assert any(line.startswith("PRM - ORM") and "+1.000 [+1.000, +1.000]" in line for line in lines)
    assert any(line.startswith("ORM - Majority") and "+0.000 [+0.000, +0.000]" in line for line in lines)
    verdict = json.loads(lines[-1])
    assert (verdict["id"], verdict["n_problems"], verdict["seeds"]) == ("A1", 2 * N_PROBLEMS, 2)
    assert verdict["status"] != "held"  # the ORM does not lead the majority


def test_runs_that_differ_widen_the_interval_as_their_problems_alone_would_not(tmp_path: Path) -> None:
    shares = (0.4, 0.7, 1.0)
    folders = [finished_run(tmp_path / str(i), i, knows) for i, knows in enumerate(shares)]
    runs, claim = measured(folders, (1, 2, 4), 1000)
    found = [run["PRM"][:, -1] for run in runs]
    assert [own.mean() for own in found] == pytest.approx(shares)
    between, pooled = nested_interval(found, 1000), bootstrap_interval(np.concatenate(found), 1000)
    assert float(between.high - between.low) > 1.5 * float(pooled.high - pooled.low)
    assert (claim.n_problems, claim.seeds, claim.parts) == (3 * N_PROBLEMS, 3, 5)
    told = CliRunner().invoke(main, [*map(str, folders), "--largest", "4", "--resamples", "1000"])
    shown = f"{float(between.mean):.3f} [{float(between.low):.3f}, {float(between.high):.3f}]"
    assert f"{shown} by seed: 0.400, 0.700, 1.000" in told.output


def test_a_run_that_is_not_finished_is_named_with_the_command_that_finishes_it(tmp_path: Path) -> None:
    folder = finished_run(tmp_path / "0", 0)
    (folder / "07_model_output" / "orm_scores.parquet").unlink()
    told = CliRunner().invoke(main, [str(folder)])
    assert told.exit_code == 1
    assert "orm_scores.parquet is not there: run `kedro run" in told.output


def written_claims(folder: Path, shift: float, error: float, flat: bool = False) -> Path:
    """A run whose report has B3, a saving of ``shift`` doublings; and B4 only in runs with a name of one letter."""
    saved = quantity(
        bootstrap_interval(shift + error * 10 * standardized(100), 2000),
        effect=2.0,
        above=1.0,
        unmet="one of the curves is flat" if flat else "",
    )
    claims = [settle("B3", {"log2 of times fewer": saved}, 1)]
    if len(folder.name) == 1:
        claims.append(settle("B4", {"rise": saved}, 1))
    path = folder / "08_reporting" / "claims.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps([asdict(claim) for claim in claims]))
    return folder


def standardized(n: int) -> np.ndarray:
    """[n] values with mean 0 and standard deviation 1."""
    values = np.random.default_rng(0).normal(size=n)
    return (values - values.mean()) / values.std()


def test_every_claim_that_all_runs_measured_is_settled_over_runs_and_problems(tmp_path: Path) -> None:
    alike = [written_claims(tmp_path / f"alike {i}", 2.0, 0.1) for i in range(3)]
    (claim,) = claims_over_runs(alike, 4000)
    assert (claim.id, claim.status, claim.seeds, claim.n_problems, claim.effect) == ("B3", "held", 3, 300, 2.0)
    width = claim.high - claim.low
    assert claim.estimate == pytest.approx(2.0) and width == pytest.approx(2 * 1.96 * 0.1 / 3**0.5, rel=0.1)
    unlike = [written_claims(tmp_path / f"unlike {i}", 2.0 + change, 0.1) for i, change in enumerate((-1.0, 0.0, 1.0))]
    (spread,) = claims_over_runs(unlike, 4000)
    assert spread.status == "inconclusive" and spread.high - spread.low > 4 * width, "runs that differ tell less"
    assert 0 < spread.power < 1
    some = [written_claims(tmp_path / name, 2.0, 0.1) for name in ("a", "b c")]
    assert [claim.id for claim in claims_over_runs(some, 200)] == ["B3"], "B4 is in one of them alone"


def test_a_precondition_that_one_run_does_not_meet_keeps_the_claim_open(tmp_path: Path) -> None:
    runs = [written_claims(tmp_path / f"run {i}", 2.0, 0.1, flat=i == 1) for i in range(3)]
    (claim,) = claims_over_runs(runs, 200)
    assert (claim.status, claim.reason, claim.power) == ("inconclusive", "one of the curves is flat", 0)


def test_the_command_prints_every_claim_of_the_runs_reports(tmp_path: Path) -> None:
    folders = [finished_run(written_claims(tmp_path / str(i), 2.0, 0.1), i) for i in range(2)]
    printed = CliRunner().invoke(main, [*map(str, folders), "--largest", "4", "--resamples", "200"])
    assert printed.exit_code == 0, printed.output
    assert "B3 held: log2 of times fewer = +2.000 [" in printed.output and "B4 held: rise" in printed.output
    assert json.loads(printed.output.splitlines()[-1])["id"] == "A1"
