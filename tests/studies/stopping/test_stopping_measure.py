"""Stopping rules beside the online policy: who pays for what, what was fitted where, and who wins in worlds where it is known."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from stepscale.estimators.cross_validation import fold_of
from stepscale.estimators.online_outcomes import Candidates, outcomes
from stepscale.estimators.stopping.prefixes import prefixes
from stepscale.estimators.stopping.replay import follow_rule
from stepscale.estimators.stopping.risk_control import RiskControlled
from stepscale.estimators.stopping.rules import COMPARED_RULES
from stepscale.formats.checking import check
from stepscale.search.plan import SearchPlan
from stepscale.studies.policy.stopping_rules import measure_stopping
from stepscale.studies.stopping.figures import beaten_counts, stopping_tables
from stepscale.studies.stopping.measure import FLOPS, GENERATIONS, TOKENS, Recorded, UnitPrices, compare_rules
from stepscale.studies.stopping.tables import TABLES
from stepscale.studies.strategies.accuracy import STRATEGY_ACCURACY
from stepscale.studies.strategies.samples import SCORED_SAMPLES

N_PROBLEMS, PLACES = 80, 8
SETTINGS = sum(map(len, COMPARED_RULES))
Tables = dict[str, pd.DataFrame]


@cache
def recorded(share_right: float, informative: bool, n_problems: int = N_PROBLEMS) -> Recorded:
    """Wrong samples agree on one answer; scores are perfect, or say nothing."""
    rng = np.random.default_rng(1)
    right = rng.random((n_problems, PLACES)) < share_right
    answers = np.where(right, 1, 2).astype(object)
    scores = np.where(right, 0.98, 0.01) if informative else rng.random(right.shape)
    mask = np.ones(right.shape, bool)
    ids = [f"p{i}" for i in range(n_problems)]
    pool = Candidates(answers, scores, right, mask, np.ones(right.shape))
    online, recorded_samples = outcomes(ids, pool, {}, 8), prefixes(ids, pool, 8)
    n, none = np.broadcast_to(np.arange(1.0, PLACES + 1), right.shape), np.empty((n_problems, 0))
    prices = {GENERATIONS: UnitPrices(n, n, none), FLOPS: UnitPrices(30 * n, 10 * n, none)}
    halves = fold_of(ids, np.ones(n_problems, np.int64), 0)
    return Recorded(halves, (online, online), (recorded_samples, recorded_samples), prices)


@cache
def compared(share_right: float, informative: bool, n_problems: int = N_PROBLEMS) -> Tables:
    tables = compare_rules(recorded(share_right, informative, n_problems), "prm", 200, 0)
    return {name: check(table, TABLES[name]) for name, table in tables.items()}


def test_rules_without_a_verifier_do_not_pay_for_one() -> None:
    rows = compared(0.6, True)["stopping"].set_index(["rule", "setting", "unit"])["cost"]
    for family in COMPARED_RULES:
        per_sample = 30 if family[0].needs_scores else 10
        for rule in family:
            key = rule.label, rule.setting
            assert rows[(*key, FLOPS)] == pytest.approx(per_sample * rows[(*key, GENERATIONS)])


def test_what_is_fitted_is_fitted_on_the_other_half() -> None:
    recording = recorded(0.6, True)
    risk = compared(0.6, True)["stopping_risk"].set_index(["setting", "half"])
    rule = RiskControlled(alpha=0.2)
    for half, name in enumerate("AB"):
        elsewhere = recording.prefixes[half].on(np.flatnonzero(recording.halves != half))
        assert risk.loc[(rule.setting, name), "threshold"] == rule.fitted(elsewhere).threshold
    assert (risk["n_problems"].groupby(level=0).sum() == N_PROBLEMS).all()


def test_a_rule_that_learns_nothing_reaches_what_it_reaches_on_all_problems() -> None:
    recording, rule = recorded(0.6, True), COMPARED_RULES[0][0]
    rows = compared(0.6, True)["stopping"].query("unit == 'generations'").set_index(["rule", "setting"])
    alone = follow_rule(recording.prefixes[0], rule, PLACES)
    row = rows.loc[(rule.label, rule.setting)]
    assert (row["accuracy"], row["cost"]) == pytest.approx((alone.accuracy.mean(), alone.n_samples.mean()))


def test_a_perfect_verifier_beats_votes_of_counts_and_a_blind_one_loses_to_them() -> None:
    by_world = {}
    for informative in (True, False):
        rows = compared(0.35 if informative else 0.7, informative)["stopping"]
        by_world[informative] = rows[rows["unit"] == GENERATIONS].set_index(["rule", "setting"])
    votes = "adaptive consistency", "threshold 0.95"
    assert by_world[True].loc[votes, "verdict"] == "wins" and by_world[True].loc[votes, "factor"] > 1
    assert by_world[False].loc[votes, "difference"] < 0
    few = compared(0.35, True, n_problems=29)["stopping"]
    assert set(few["verdict"].dropna()) == {"undecided"}, "29 problems settle nothing"
    part, where, _ = stopping_tables(*compared(0.7, False).values())
    assert len(part.rows) == SETTINGS and len(where.rows) == 2
    assert sum(int(where.rows[0][outcome]) for outcome in ("wins", "undecided", "loses", "not measured")) == SETTINGS


def test_the_report_names_the_rules_that_beat_the_online_policy() -> None:
    rows = compared(0.7, False)["stopping"]
    outcome = rows.assign(verdict=np.where(rows["setting"] == "share 0.6", "loses", "wins"), difference=-0.02)
    first = stopping_tables(outcome, compared(0.7, False)["stopping_risk"])[1].rows[0]
    assert first["loses to"] == "doubling until agreement, share 0.6" and first["loses"] == "1"
    assert beaten_counts(outcome)[0].endswith(f"at equal generations: wins {SETTINGS - 1}, loses 1")
    words = first["the online policy, rule by rule"].split(". ")
    assert len(words) == rows["rule"].nunique() and "adaptive consistency: wins at every setting" in words
    [doubling] = [sentence for sentence in words if sentence.startswith("doubling until agreement: ")]
    assert "loses at share 0.6" in doubling and "wins at share" in doubling


def test_the_lab_pays_in_generations_tokens_and_flops() -> None:
    rng = np.random.default_rng(0)
    ids, places = [f"p{i}" for i in range(12)], 4
    samples = pd.DataFrame([(i, k) for i in ids for k in range(places)], columns=["problem_id", "sample_id"])
    right = rng.random(len(samples)) < 0.6
    samples["answer"], samples["is_correct"] = np.where(right, "1", "2"), pd.array(right, "boolean")
    samples["score"] = samples["search_score"] = np.where(right, 0.9, 0.2)
    plan = SearchPlan.model_validate(
        {"problems": 10, "problems_per_shard": 1, "budgets": [4], "strategies": [{"method": "beam", "width": 2}]}
    )
    [(name, _, beam)] = plan.searches
    candidates = samples.rename(columns={"sample_id": "slot"}).assign(strategy=beam.strategy)
    rows = [
        (i, strategy, "closed form", n, 0.5, float(n), read * n, 3.0 * read * n)
        for i in ids
        for strategy, read in (("best-of-N weighted", 20.0), ("majority", 10.0))
        for n in (1, 2, 4)
    ]
    rows += [(i, name, "beam", 4, 0.5, 4.0, 90.0, 270.0) for i in ids]
    columns = ["problem_id", "strategy", "method", "budget", "accuracy", "generations", "tokens", "flops"]
    accuracy = check(pd.DataFrame(rows, columns=columns).assign(generator_flops=1.0), STRATEGY_ACCURACY)
    measured = measure_stopping(check(samples, SCORED_SAMPLES), candidates, accuracy, plan, 100, 0)
    table = check(measured["tables"]["stopping"], TABLES["stopping"]).set_index(["unit", "rule", "setting"])["cost"]
    assert set(table.index.get_level_values(0)) == {GENERATIONS, TOKENS, FLOPS}
    counted = "doubling until agreement", "share 0.9"
    generations = table[(GENERATIONS, *counted)]
    assert generations == 4.0 and table[(TOKENS, *counted)] == 40.0 and table[(FLOPS, *counted)] == 120.0
    assert len(measured["rules"]) == SETTINGS and measured["rules"]["adaptive consistency, threshold 0.8"] == {
        "threshold": 0.8
    }
