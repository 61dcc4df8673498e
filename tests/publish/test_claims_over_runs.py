"""Claims over several runs: settled by runs and the problems of each, and only where every run measured them."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from stepscale.estimators.intervals import bootstrap_interval
from stepscale.estimators.quantities import quantity
from stepscale.publish.claims_over_runs import claims_over_runs
from stepscale.report.claims import settle


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
