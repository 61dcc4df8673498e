"""Claims are settled by their intervals, by one rule."""

from dataclasses import asdict

import numpy as np
import pytest

from stepscale.errors import InputError
from stepscale.estimators.closed_form import best_of_n_per_problem
from stepscale.estimators.intervals import Interval, bootstrap_interval, paired_interval, verdict
from stepscale.estimators.quantities import power, quantity
from stepscale.report.claims import CLAIMS, settle
from stepscale.report.part import Part
from stepscale.report.report_page import ReportPage, claim_lines, deciding_part
from stepscale.studies.best_of_n.leads import (
    a1_quantities,
    deciding_budget,
    leads_at_all_samples,
    shows_growth,
    slope_weights,
)
from stepscale.studies.rollouts.claims import b9_quantities

NS = [1, 2, 4, 8, 16]


def interval(low: float, high: float, n_problems: int | None = None) -> Interval:
    return Interval(np.array((low + high) / 2), np.array(low), np.array(high), n_problems)


@pytest.mark.parametrize(
    ("bounds", "status", "decided_by"),
    [
        ([(0.01, 0.05), (0.02, 0.03)], "held", "first"),
        ([(0.01, 0.05), (-0.01, 0.03)], "inconclusive", "second"),
        ([(0.01, 0.05), (-0.04, -0.01)], "did not hold", "second"),
        ([(-0.09, 0.05), (-0.04, -0.01)], "did not hold", "second"),
        ([(0.0, 0.05), (0.02, 0.03)], "inconclusive", "first"),
    ],
)
def test_a_claim_holds_when_every_interval_is_above_zero(bounds, status: str, decided_by: str) -> None:
    sizes = {"first": 300, "second": 60}
    quantities = {name: interval(*b, sizes[name]) for name, b in zip(sizes, bounds, strict=True)}
    claim = settle("A1", quantities, seeds=1)
    assert (claim.status, claim.decided_by, claim.n_problems) == (status, decided_by, sizes[decided_by])


def test_one_of_many_quantities_just_below_zero_does_not_refute_a_claim_as_one_of_one_does() -> None:
    below, above = interval(-0.09, -0.005), interval(0.01, 0.05)
    many = {"below": below, **{str(i): above for i in range(10)}}
    assert settle("A6", {"below": below}, 1).status == "did not hold"
    claim = settle("A6", many, 1)
    assert (claim.status, claim.decided_by, claim.parts) == ("inconclusive", "below", 11)
    assert claim.high is not None and claim.high_among is not None and claim.high < 0 < claim.high_among
    assert deciding_part(claim) == f"1 of 11 parts; upper bound allowing for 11: {claim.high_among:+.3f}"


def test_an_interval_below_its_own_estimate_refutes_no_more_easily_among_many() -> None:
    odd = Interval(np.array(0.001), np.array(-0.02), np.array(-0.001))
    assert settle("B2", {"odd": odd, "above": interval(0.01, 0.05)}, 1).high_among == pytest.approx(-0.001)


def test_the_note_on_parts_is_what_the_status_goes_by() -> None:
    low, above = interval(-0.09, -0.04), interval(0.01, 0.05)
    refuted = settle("A1", {"low": low, "above": above}, 1)
    assert refuted.status == "did not hold" and refuted.high_among is not None and -0.04 < refuted.high_among < 0
    assert deciding_part(refuted).startswith("1 of 2 parts; upper bound allowing for 2: -0.0")
    assert deciding_part(settle("A1", {"above": above, "too": above}, 1)) == "1 of 2 parts"
    alone = settle("A1", {"low": low}, 1)
    assert deciding_part(alone) == "" and alone.high_among == pytest.approx(-0.04)
    assert deciding_part(CLAIMS[0]) == "", "not measured"


def test_of_true_claims_few_are_refuted_however_many_parts_they_have() -> None:
    """Means of 100 standard normal values, eleven a claim, all truly zero: refuted in about 2.5 % of 4000 claims."""
    means = np.random.default_rng(0).normal(0, 0.1, (4000, 11))
    refuted = sum(
        settle("A6", {str(i): interval(m - 0.196, m + 0.196) for i, m in enumerate(row)}, 1).status == "did not hold"
        for row in means
    )
    assert 0.015 < refuted / len(means) < 0.035


def test_the_table_names_all_sixteen_claims_and_says_what_was_not_measured() -> None:
    part = Part(name="best-of-n", title="", claims=(settle("A1", {"lead": interval(0.1, 0.2)}, 3),))
    rows = [asdict(claim) for claim in ReportPage([part], {}).claims]
    assert [row["id"] for row in rows] == [f"A{i}" for i in range(1, 7)] + [f"B{i}" for i in range(1, 11)]
    assert {
        "id",
        "claim",
        "status",
        "estimate",
        "low",
        "high",
        "high_among",
        "parts",
        "n_problems",
        "seeds",
        "paper",
    } <= set(rows[0])
    assert [row["status"] for row in rows] == ["held"] + ["not measured"] * (len(CLAIMS) - 1)
    assert rows[1]["estimate"] is None


def curves(prm: list[float], orm: list[float], majority: list[float]) -> dict[str, np.ndarray]:
    noise = np.random.default_rng(0).normal(0, 0.05, (200, 1))
    return {
        name: np.array(c) + noise * i
        for i, (name, c) in enumerate({"PRM": prm, "ORM": orm, "Majority": majority}.items())
    }


def test_a1_holds_for_leads_that_widen() -> None:
    values = curves([0.3, 0.4, 0.5, 0.6, 0.7], [0.3, 0.38, 0.45, 0.51, 0.56], [0.3, 0.3, 0.35, 0.4, 0.42])
    assert settle("A1", a1_quantities(values, NS, 500, 0), 1).status == "held"


def test_a1_does_not_hold_where_the_lead_over_the_orm_shrinks() -> None:
    tail = [0.66, 0.66]  # at 32 and 64 samples, of which a quarter decides
    values = curves(
        [0.3, 0.6, 0.66, 0.66, 0.66, *tail], [0.3, 0.38, 0.5, 0.6, 0.65, *tail], [0.3, 0.3, 0.35, 0.4, 0.42, *tail]
    )
    quantities = a1_quantities(values, [*NS, 32, 64], 500, 0)
    claim = settle("A1", quantities, 1)
    assert float(quantities["PRM - ORM at N=16"].mean) == pytest.approx(0.01, abs=0.01)
    assert claim.status == "did not hold"
    assert claim.decided_by == "growth of PRM - ORM per doubling of N"


def test_growth_is_the_gain_of_a_straight_line_per_doubling() -> None:
    line = [0.3 + 0.04 * i for i in range(5)]
    values = {"PRM": np.tile(line, (9, 1)), "ORM": np.full((9, 5), 0.3), "Majority": np.full((9, 5), 0.2)}
    assert float(a1_quantities(values, NS, 100, 0)["growth of PRM - ORM per doubling of N"].mean) == pytest.approx(0.04)


def test_a_lead_that_is_the_same_from_two_samples_on_does_not_grow() -> None:
    """At N = 1 every method is pass@1, so the lead there is zero and no part of its growth."""
    ns = [2**i for i in range(9)]
    lead = np.array([0.0] + [0.1] * 8)
    prm, baseline = np.tile(0.3 + lead, (50, 1)), np.full((50, 9), 0.3)
    a1 = a1_quantities({"PRM": prm, "ORM": baseline, "Majority": baseline}, ns, 100, 0)
    grown = [
        value for name, value in (a1 | b9_quantities(prm, baseline, ns, 100, 0)).items() if name.startswith("growth")
    ]
    assert len(grown) == 2  # A1's over the majority, and the one over the ORM that A1 and B9 share
    for interval in grown:
        assert (interval.mean, interval.low, interval.high) == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)
    assert float(a1["PRM - ORM at N=64"].mean) == pytest.approx(0.1)


def test_growth_is_not_told_from_one_budget_beyond_a_single_sample() -> None:
    rows = np.full((9, 2), 0.3)
    with pytest.raises(InputError, match="two budgets of N >= 2"):
        a1_quantities({"PRM": rows, "ORM": rows, "Majority": rows}, [1, 2], 100, 0)
    with pytest.raises(InputError, match="two budgets of N >= 2"):
        b9_quantities(rows, rows, [1, 2], 100, 0)
    assert shows_growth([1, 2, 4]) and shows_growth([2, 4]) and not shows_growth([1, 4])


@pytest.mark.parametrize("bound", [0.0, 2.7755575615628914e-17, -2.7755575615628914e-17, 1e-12, -1e-12])
def test_floating_point_noise_settles_no_claim(bound: float) -> None:
    """A loss that is exactly 0 where the easiest fifth is all right comes out as -2.8e-17 from sums of floats."""
    loss = Interval(np.array(bound), np.array(bound), np.array(bound), 60)
    assert settle("A6", {"loss": loss}, 1).status == "inconclusive"
    assert settle("A6", {"loss": loss, "lead": interval(0.01, 0.05, 60)}, 1).status == "inconclusive"
    assert verdict(bound, bound, 30) == "undecided"


def test_the_slope_of_an_accuracy_that_is_always_one_settles_nothing() -> None:
    ns = [1, 2, 4, 8, 16, 32]
    flat = np.full((60, len(ns)), 1.0) - np.random.default_rng(0).integers(0, 2, (60, len(ns))) * 2e-16
    loss = bootstrap_interval(-(flat @ slope_weights(ns)))
    assert settle("A6", {"loss": loss}, 1).status == "inconclusive"


@pytest.mark.parametrize("claim_id", [claim.id for claim in CLAIMS])
@pytest.mark.parametrize("low", [0.01, -0.05])
def test_fewer_than_thirty_problems_settle_no_claim(claim_id: str, low: float) -> None:
    few = settle(claim_id, {"lead": interval(low, low + 0.02, 29)}, 1)
    assert (few.status, few.n_problems) == ("inconclusive", 29)
    assert deciding_part(few) == "too few problems (29, and a claim needs 30)"
    enough = settle(claim_id, {"lead": interval(low, low + 0.02, 30)}, 1)
    assert (enough.status, enough.reason) == ("held" if low > 0 else "did not hold", "")


def test_equal_differences_of_few_problems_have_an_interval_of_no_width_and_settle_nothing() -> None:
    sure = paired_interval(np.ones(10), np.zeros(10))
    assert (sure.low, sure.high) == (1, 1)
    assert settle("B10", {"lead": sure}, 1).status == "inconclusive"
    assert settle("B10", {"lead": paired_interval(np.ones(40), np.zeros(40))}, 1).status == "held"


def test_a_part_of_enough_problems_refutes_a_claim_whose_other_part_has_too_few() -> None:
    few, above, below = interval(0.3, 0.4, 10), interval(0.01, 0.05, 60), interval(-0.05, -0.04, 60)
    claim = settle("B5", {"few": few, "above": above}, 1)
    assert (claim.status, claim.decided_by, claim.n_problems) == ("inconclusive", "few", 10)
    assert deciding_part(claim).startswith("too few problems (10, and a claim needs 30); 1 of 2 parts")
    refuted = settle("B5", {"few": few, "below": below}, 1)
    assert (refuted.status, refuted.decided_by, refuted.reason) == ("did not hold", "below", "")


@pytest.mark.parametrize(
    ("ns", "decided"),
    [
        ([1, 2, 4, 8, 16, 32, 64, 128, 256], 64),
        ([1, 2, 4, 8, 16], 4),
        ([1, 10, 100, 1000, 1860], 100),
        ([1, 2, 4, 8], 4),
        ([1, 2, 4], 4),
        ([1, 2], 2),
        ([1], 1),
    ],
)
def test_leads_are_decided_at_a_quarter_of_the_samples_and_never_at_a_single_one(ns: list[int], decided: int) -> None:
    assert deciding_budget(ns) == decided


def test_the_lead_with_all_samples_is_reported_and_decides_nothing() -> None:
    """The PRM is ahead at 4 samples and behind at 16: the claim is decided at the first, and shows both."""
    values = curves([0.3, 0.5, 0.7, 0.5, 0.2], [0.3, 0.45, 0.55, 0.5, 0.4], [0.3, 0.35, 0.4, 0.4, 0.4])
    beside = leads_at_all_samples(values, NS, 100, 0)
    claim = settle("A1", a1_quantities(values, NS, 100, 0), 1, beside)
    assert (claim.status, claim.parts) == ("held", 5)
    quantities = {row.name: row for row in claim.quantities}
    at_all = quantities["PRM - ORM at N=16"]
    assert at_all.estimate == pytest.approx(-0.2, abs=0.02) and not at_all.decides and at_all.power is None
    assert [row.decides for row in claim.quantities] == [True] * 5 + [False] * 3


def test_a_mean_over_subsets_has_a_smaller_spread_than_one_choice_among_all() -> None:
    """That is why a quarter decides: with all S samples a problem's accuracy is 0 or 1."""
    rng = np.random.default_rng(0)
    right = rng.random((200, 64)) < rng.random((200, 1))
    leads = best_of_n_per_problem(right + rng.normal(0, 1, right.shape), right, [16, 64])
    leads -= best_of_n_per_problem(right + rng.normal(0, 2, right.shape), right, [16, 64])
    quarter, whole = leads.std(axis=0)
    assert quarter < 0.7 * whole


@pytest.mark.parametrize(("bounds", "status"), [((-0.01, 0.05), "held"), ((-0.03, 0.05), "inconclusive")])
def test_a_part_with_a_margin_should_lie_above_minus_that(bounds: tuple[float, float], status: str) -> None:
    claim = settle("B10", {"lead": quantity(interval(*bounds, 60), above=-0.02)}, 1)
    assert (claim.status, claim.above, claim.low) == (status, -0.02, pytest.approx(bounds[0]))
    assert deciding_part(claim) == "to exceed -0.020"
    below = settle("B10", {"lead": quantity(interval(-0.09, -0.03, 60), above=-0.02)}, 1)
    assert (below.status, below.high_among) == ("did not hold", pytest.approx(-0.03))


def test_a_part_whose_precondition_is_not_met_settles_nothing_and_has_no_power() -> None:
    nothing = Interval(*np.full((3,), np.nan), 200)
    claim = settle("B3", {"saved": quantity(nothing, 2.0, 1.0, unmet="one of the curves is flat")}, 1)
    assert (claim.status, claim.reason, claim.power) == ("inconclusive", "one of the curves is flat", 0.0)
    assert (claim.estimate, claim.low, claim.high, claim.high_among) == (None,) * 4, "JSON has no NaN"
    assert "B3 inconclusive: saved, one of the curves is flat" in claim_lines([claim])[0]
    refuted = {"saved": quantity(nothing, unmet="flat"), "below": interval(-0.05, -0.04, 60)}
    assert settle("B3", refuted, 1).status == "did not hold"


def test_an_inconclusive_claim_says_how_likely_this_run_was_to_hold_it() -> None:
    noisy = bootstrap_interval(np.random.default_rng(0).normal(0.0, 0.5, 100))
    claim = settle("B4", {"rise": quantity(noisy, 0.05)}, 1)
    assert claim.status == "inconclusive" and claim.effect == 0.05
    assert claim.power == pytest.approx(power([quantity(noisy, 0.05)])) and 0.1 < claim.power < 0.3
    assert claim_lines([claim])[0].split(" (")[0].endswith(f", power {claim.power:.0%}")
    few = settle("B4", {"rise": quantity(bootstrap_interval(np.ones(10)), 0.05)}, 1)
    assert few.power == 0, "ten problems hold nothing"


def test_an_unknown_claim_or_one_without_quantities_is_refused() -> None:
    for claim_id, quantities in (("C1", {"lead": interval(0.1, 0.2)}), ("A1", {})):
        with pytest.raises(InputError, match="claims are A1"):
            settle(claim_id, quantities, 1)
