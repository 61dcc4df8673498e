"""The page of results: every number from the run's tables, nothing where nothing was measured."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from stepscale.estimators.intervals import Interval
from stepscale.publish.figures import DRAWINGS
from stepscale.publish.page import main, own_figure, page
from stepscale.publish.tables import saved_factor
from stepscale.report.claims import CLAIMS, settle
from stepscale.studies.data_loop.comparison import HEALTH, MEASURES
from stepscale.studies.supervision.ablations import COLUMNS as ABLATION_COLUMNS
from stepscale.studies.supervision.data_efficiency import APART
from stepscale.studies.supervision.supervision_claims import RULES
from stepscale.supervision.points import BLIND


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """The tables of a run that measured best-of-N and revisions alone."""
    folder = tmp_path / "data" / "08_reporting"
    folder.mkdir(parents=True)
    held = settle("A1", {"PRM - ORM": Interval(*np.asarray([0.08, 0.02, 0.14]), 300)}, seeds=1)
    (folder / "claims.json").write_text(json.dumps([asdict(held if c.id == "A1" else c) for c in CLAIMS]))
    (folder / "report.html").write_text(
        "<dl><dt>git revision</dt><dd>abc123</dd><dt>machine</dt><dd>A &amp; B</dd></dl>"
    )
    rows = [
        {"label": label, "n": n, "accuracy": top * (0.5 if n == 1 else 1), "low": 0.1, "high": 0.9}
        for label, top in (("PRM", 0.69), ("ORM", 0.61), ("Majority", 0.633))
        for n in (1, 256)
    ]
    pd.DataFrame(rows).to_parquet(folder / "curves.parquet")
    units = [{**row, "unit": unit} for row in rows for unit in ("generations", "tokens", "FLOPs")]
    pd.DataFrame(units).to_parquet(folder / "revision_curves.parquet")
    pd.DataFrame(columns=["label", "n", "accuracy"]).to_parquet(folder / "soft_prm_curves.parquet")
    return tmp_path / "data"


def test_the_table_has_every_claim_with_its_numbers_and_nothing_of_what_was_not_measured(
    finished: Path, tmp_path: Path
) -> None:
    rows = [line for line in page(finished, "kedro run", tmp_path / "figures").splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + len(CLAIMS)
    ours = "69.0 [10.0, 90.0] / 61.0 [10.0, 90.0] / 63.3 [10.0, 90.0] at N=256"
    assert f"{ours}; PRM - ORM = +0.080 [+0.020, +0.140] | held | 300 | 1 |" in rows[1]
    assert all("|  | not measured |  |  |" in row for row in rows[2:])


def test_a_part_below_zero_by_its_own_interval_stands_beside_the_bound_that_allows_for_all_parts(
    finished: Path, tmp_path: Path
) -> None:
    below, above = Interval(*np.asarray([-0.075, -0.133, -0.017]), 60), Interval(*np.asarray([0.08, 0.02, 0.14]), 300)
    a6 = settle("A6", {"below": below, **{str(i): above for i in range(10)}}, seeds=1)
    (finished / "08_reporting" / "claims.json").write_text(
        json.dumps([asdict(a6 if c.id == "A6" else c) for c in CLAIMS])
    )
    text = page(finished, "kedro run", tmp_path / "figures")
    told = "below = -0.075 [-0.133, -0.017] (1 of 11 parts; upper bound allowing for 11: +0.009)"
    assert f"{told} | inconclusive | 60 | 1 |" in text


def test_what_stands_beside_the_papers_figures_has_its_interval(finished: Path, tmp_path: Path) -> None:
    tables = finished / "08_reporting"
    lead = Interval(*np.asarray([0.05, 0.01, 0.09]), 100)
    settled = {name: settle(name, {"the lead": lead}, seeds=1) for name in ("A4", "A5")}
    (tables / "claims.json").write_text(json.dumps([asdict(settled.get(c.id, c)) for c in CLAIMS]))
    assert own_figure(asdict(settled["A5"]), finished) == "", "without held-out curves"
    rows = [
        ("PRM", 64, 0.7, 0.6, 0.8),
        ("ORM", 64, 0.5, 0.4, 0.61),
        ("Majority", 64, 0.62, 0.5, 0.7),
        ("PRM", 1, 0, 0, 0),
    ]
    pd.DataFrame(rows, columns=["label", "n", "accuracy", "low", "high"]).to_parquet(tables / "heldout_curves.parquet")
    rules = [
        {"aggregation": how, "neutral as": sign, "n": 64, "accuracy": at, "low": at - 0.1, "high": at + 0.1}
        for (how, sign), at in zip(RULES, (0.7, 0.6, 0.5, 0.4), strict=True)
    ]
    (tables / "scoring_table.json").write_text(json.dumps(rules))
    shown = "70.0 [60.0, 80.0] / 60.0 [50.0, 70.0] / 50.0 [40.0, 60.0] / 40.0 [30.0, 50.0] at N=64"
    assert own_figure({"id": "A2"}, finished) == shown, "the four rules in the paper's order"
    measured = {
        "ratio of slopes": (0.59, 0.2, 1.4),
        "labels saved": (1.1, 0.2, "inf"),
        "slope of the arm": (0.1, 0.0, 0.2),
    }
    named = ("estimate", "low", "high")
    counts = {"n_problems": 100, "seeds": 3}
    saved = [{"measure": name} | dict(zip(named, numbers, strict=True)) | counts for name, numbers in measured.items()]
    (tables / "labels_saved.json").write_text(json.dumps(saved))
    text = page(finished, "kedro run", tmp_path / "figures")
    assert "| 70.0 [60.0, 80.0] / 50.0 [40.0, 61.0] / 62.0 [50.0, 70.0] at N=64; the lead = +0.050" in text
    assert "| ratio of slopes: 0.59 [0.20, 1.40]; labels saved: 1.10 [0.20, ∞]; the lead = +0.050" in text
    assert "](figures/heldout_curves.svg)" in text and (tmp_path / "figures" / "heldout_curves.svg").is_file()


def test_ablations_and_the_loop_have_a_table_of_their_own(finished: Path, tmp_path: Path) -> None:
    assert "decide no claim" not in page(finished, "kedro run", tmp_path / "figures")
    tables = finished / "08_reporting"
    ours = ("Uncertainty sampling", 4, 32, 0.6, 0.5, 0.7, "Process", -0.01, -0.04, 0.02, 200, 3)
    pd.DataFrame([ours], columns=list(ABLATION_COLUMNS)).to_parquet(tables / "supervision_ablations.parquet")
    last = {"difference": "last round of Random", "n": 16, "estimate": 0.005, "low": -0.03, "high": 0.04}
    last |= {"n_problems": 200, "seeds": 1}
    (tables / "loop_differences.json").write_text(json.dumps([last]))
    text = page(finished, "kedro run", tmp_path / "figures")
    assert "| Uncertainty sampling - Process, 4 a problem | 32 | -0.010 [-0.040, +0.020] | 200 | 3 |" in text
    assert "| last round of Random | 16 | +0.005 [-0.030, +0.040] | 200 | 1 |" in text


def test_the_selectors_of_the_loop_have_intervals_in_their_table_and_a_band_in_their_figure(
    finished: Path, tmp_path: Path
) -> None:
    rows = [("Random", r, name, 0.9, 0.8, 0.95, 80, 40, 1) for r in (1, 2) for name in MEASURES]
    table = pd.DataFrame(rows, columns=list(HEALTH))
    table.to_parquet(finished / "08_reporting" / "loop_health_by_round.parquet")
    text = page(finished, "kedro run", tmp_path / "figures")
    assert "AUROC, audit |" in text and text.count("| Random | 2 | 0.900 [0.800, 0.950] |") == 1
    assert text.count("| 80 | 80 | 40 | 1 |") == 2
    drawn = (tmp_path / "figures" / "loop_health_by_round.svg").read_bytes()
    table.assign(low=0.9, high=0.9).to_parquet(finished / "08_reporting" / "loop_health_by_round.parquet")
    page(finished, "kedro run", tmp_path / "without")
    assert drawn != (tmp_path / "without" / "loop_health_by_round.svg").read_bytes()


def test_verifiers_and_labelers_are_told_with_their_intervals(finished: Path, tmp_path: Path) -> None:
    tables = finished / "08_reporting"
    bounded = {"step_auroc": 0.9, "step_auroc_low": 0.87, "step_auroc_high": 0.925}
    (tables / "verifier_metrics.json").write_text(
        json.dumps({"prm": {"n_problems": 150.0, **bounded}, "soft_prm": {"brier": 0.1}})
    )
    agreed = {"n_problems": 1.0, "missed": 0.04, "missed_low": 0.02, "missed_high": 0.07}
    (tables / "labeler_agreement.json").write_text(json.dumps(agreed))
    text = page(finished, "kedro run", tmp_path / "figures")
    assert "| metric | PRM | SOFT PRM |" in text and "| n problems | 150 |  |" in text
    assert "| step auroc | 0.900 [0.870, 0.925] |  |" in text and "| brier |  | 0.100 |" in text
    assert "| n problems | 1 |" in text and "| missed | 0.040 [0.020, 0.070] |" in text


def test_supervision_stands_in_numbers_beside_choosing_blindly(finished: Path, tmp_path: Path) -> None:
    tables = finished / "08_reporting"
    row = {"label": "Process", "per_problem": 16, "labelled": 15.84, "n": 16, "accuracy": 0.7, "low": 0.6, "high": 0.8}
    row |= {"over_blind": 0.1, "over_blind_low": 0.05, "over_blind_high": 0.15, "n_problems": 200, "seeds": 3}
    blind = {**row, "label": BLIND, "n": 1, "accuracy": 0.572, "low": 0.51, "high": 0.63}
    pd.DataFrame([row, blind, blind]).to_parquet(tables / "supervision_by_size.parquet")
    saved = {"measure": "ratio of slopes", "estimate": 0.5, "low": "-inf", "high": "inf", "n_problems": 200, "seeds": 3}
    (tables / "labels_saved.json").write_text(json.dumps([saved, saved | {"measure": f"ratio of slopes{APART}"}]))
    shared = {"per_problem": 16, "overlap": 0.54, "low": 0.46, "high": 0.63, "n_problems": 40, "seeds": 3}
    (tables / "label_overlap.json").write_text(json.dumps([shared]))
    text = page(finished, "kedro run", tmp_path / "figures")
    assert "| Process | 16 | 15.8 | 16 | 70.0% [60.0%, 80.0%] | +10.0 [+5.0, +15.0] | 200 | 3 |" in text
    assert text.count(f"| {BLIND} |  |  | 1 | 57.2% [51.0%, 63.0%] |  | 200 |  |") == 1
    assert "| ratio of slopes | 0.500 [-∞, ∞] | 200 | 3 |" in text and "| 16 | 54.0% [46.0%, 63.0%] | 40 | 3 |" in text
    assert own_figure({"id": "A4"}, finished) == "ratio of slopes: 0.50 [-∞, ∞]", "the further fit is for information"
    assert BLIND.encode() in (tmp_path / "figures" / "supervision_by_size.svg").read_bytes()


def test_figures_are_drawn_of_what_there_is_and_are_the_same_again(finished: Path, tmp_path: Path) -> None:
    text = page(finished, "kedro run", tmp_path / "figures")
    drawn = {path.name: path.read_bytes() for path in (tmp_path / "figures").iterdir()}
    assert set(drawn) == {"curves.svg", "revision_curves.svg", "revision_curves_by_flops.svg"}
    assert b"in millions" in drawn["revision_curves_by_flops.svg"]
    assert all(f"(figures/{name})" in text for name in drawn)
    assert all(b"Majority" in svg and len(svg) < 100_000 for svg in drawn.values())
    page(finished, "kedro run", tmp_path / "again")
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()} == drawn


def test_the_command_tells_revision_and_command_and_refuses_an_unfinished_run(finished: Path, tmp_path: Path) -> None:
    figures = ["--figures", str(tmp_path / "figures")]
    told = CliRunner().invoke(main, [str(finished), "--command", "kedro run --env thorough", *figures])
    assert told.exit_code == 0 and "git revision: abc123" in told.output and "machine: A & B" in told.output
    assert "Of `kedro run --env thorough`" in told.output
    refused = CliRunner().invoke(main, [str(tmp_path), *figures])
    assert refused.exit_code == 1 and "report.html is not there" in refused.output


def test_every_drawing_has_a_file_of_its_own() -> None:
    assert len({one.name for one in DRAWINGS}) == len(DRAWINGS)


def test_the_larger_model_is_a_star_on_the_line_of_its_bin(finished: Path, tmp_path: Path) -> None:
    tables = finished / "08_reporting"
    place = {"of": "search", "bins": "oracle", "bin": 1}
    points = [{**place, "n": n, "accuracy": 0.5, "low": 0.4, "high": 0.6, "n_problems": 9} for n in (1, 64)]
    pd.DataFrame([*points, *({**point, "bins": "predicted"} for point in points)]).to_parquet(
        tables / "flops_match_curves.parquet"
    )
    star = {**place, "version": "v1", "counted": "generations", "budget": 15.8, "larger": 0.55}
    assert "beyond what was measured" in next(one.caption for one in DRAWINGS if one.marks)
    others = [{**star, "version": "iclr"}, {**star, "bin": 0}, {**star, "of": "revisions"}]
    for name, rows in (("one", [star]), ("more", [star, *others]), ("none", others)):
        pd.DataFrame(rows).to_parquet(tables / "flops_match.parquet")
        assert "the larger model at equal FLOPs" in page(finished, "kedro run", tmp_path / name)
    one, more, none = ((tmp_path / name / "flops_match_curves.svg").read_bytes() for name in ("one", "more", "none"))
    assert one == more and len(one) > len(none)


def test_the_served_policy_stands_beside_best_of_n_weighted(finished: Path, tmp_path: Path) -> None:
    lead = {"at": "cap", "generations": 4.0, "difference": 0.03, "low": 0.01, "high": 0.05}
    told = {
        "budgets": [{"budget": 4, "leads": [lead, {**lead, "at": "mean spending", "generations": 3.52, "low": -0.01}]}]
    }
    path = finished / "08_reporting" / "served_policy.json"
    path.write_text(json.dumps(told))
    text = page(finished, "kedro run", tmp_path / "figures")
    assert "| 4 | cap, 4 | +0.030 [+0.010, +0.050] | wins |" in text
    assert "| 4 | mean spending, 3.5 | +0.030 [-0.010, +0.050] | undecided |" in text
    for without in ({}, {"budgets": [{"budget": 4}]}):
        path.write_text(json.dumps(without))
        assert "Does the served policy win?" not in page(finished, "kedro run", tmp_path / "figures")


def test_what_is_saved_lost_and_won_is_told_with_its_interval_and_verdict(finished: Path, tmp_path: Path) -> None:
    tables = finished / "08_reporting"
    saved = {"policy": "compute-optimal, predicted bins", "factor": 1.6, "low": 0.9, "high": 3.25, "status": "matched"}
    saved |= {"accuracy": 0.7, "error": 0.0004, "n": 64}
    none = {"n": 128, "factor": 0.0, "low": 0.0, "status": "never matched"}
    rows = [{**saved, **changes, "unit": unit} for unit in ("generations", "FLOPs") for changes in (none, {})]
    pd.DataFrame(rows).to_parquet(tables / "search_savings.parquet")
    pd.DataFrame([{**saved, "unit": "generations", "error": np.nan, "status": "at least"}]).to_parquet(
        tables / "revision_savings.parquet"
    )
    picked = {"bins": "oracle", "unit": "generations", "bin": 1, "budget": 64, "strategy": "beam"}
    pd.DataFrame([{**picked, "fold": fold} for fold in (0, 1)]).to_parquet(tables / "search_chosen.parquet")
    changed = {"rate": 0.1, "low": 0.05, "high": 0.2, "n": 90}
    pd.DataFrame(
        [{**changed, "change": "lost", "position": None, "paper": 0.38}, {**changed, "change": "lost", "position": 1}]
    ).to_parquet(tables / "revision_changes.parquet")
    gap = {"accuracy": 0.7, "difference": 0.03, "verdict": "wins"}
    bounds = {"difference_low": 0.01, "difference_high": 0.05}
    online = {"unit": "generations", "budget": 16.0, "cost": 11.94, "error": 0.002, "other": "uniform"}
    in_flops = {**online, "unit": "FLOPs", "budget": 1.23e8, "cost": 98765432.0}
    pd.DataFrame([{**online, **gap, **bounds}, {**in_flops, **gap, **bounds}]).to_parquet(
        tables / "online_policy.parquet"
    )
    leads = [
        {**gap, "strategy": "beam", "n": n, "unit": "FLOPs", "minus": "rival", "low": 0.01, "high": 0.05}
        for n in (8, 16)
    ]
    leads += [{**lead, "strategy": "lookahead", "n": lead["n"] - 2} for lead in leads]  # spends less of the same budget
    pd.DataFrame(leads).to_parquet(tables / "revision_search_leads.parquet")
    late = {"bin": [0, 0, 5], "position": pd.array([None, 4, None], "Int64"), "shown": 3.25, "low": 3.0, "high": 3.5}
    pd.DataFrame({**late, "all_shown": 0.64, "all_low": 0.5, "all_high": 0.75, "n_attempts": 200}).to_parquet(
        tables / "revision_contexts.parquet"
    )
    text = page(finished, "kedro run", tmp_path / "figures")
    assert text.count("| 3.25 [3.00, 3.50] | 64.0% [50.0%, 75.0%] | 200 |") == 2  # by position it is not told
    policy, factor = "| compute-optimal, predicted bins", "1.60x [0.90, 3.25]"
    assert f"{policy} | best-of-N weighted | 64 | 70.0% ± 0.04% | {factor} |  | {factor} |" in text
    unmatched = "never matched [0.00, 3.25]"
    assert f"{policy} | best-of-N weighted | 128 | 70.0% ± 0.04% | {unmatched} |  | {unmatched} |" in text
    assert f"{policy} | parallel best-of-N | 64 | 70.0% | at least {factor} |  |  |" in text
    assert saved_factor(finished, "search_savings", saved["policy"]) == unmatched, "at the largest budget"
    assert saved_factor(finished, "revision_chosen", saved["policy"]) == ""
    assert "| oracle bin, 1 the easiest | N = 64, half A | N = 64, half B |" in text and "| 1 | beam | beam |" in text
    assert "Which search for which difficulty" in text and "Which sequential" not in text
    assert text.count("right answers turned wrong | 10.0% [5.0%, 20.0%] | 38% | 90 |") == 1
    assert "| generations | 16 (11.9 spent) | 70.0% ± 0.2% | uniform | +0.030 [+0.010, +0.050] | wins |" in text
    assert "| FLOPs | 1.23e+08 (9.88e+07 spent) | 70.0% ± 0.2% | uniform |" in text
    assert text.count("| beam | FLOPs | rival | +0.030 [+0.010, +0.050] | wins |") == 1  # at the largest budget alone
    assert text.count("| lookahead | FLOPs | rival |") == 1
