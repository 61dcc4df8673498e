"""The FLOPs-matched comparison: the papers' multipliers, and stars by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.estimators.compute_optimal import compute_optimal
from stepscale.estimators.cost_optimal import cost_optimal
from stepscale.estimators.flops_match import RATIOS, InFlops, budget_multiplier, flops_match, matched_difference
from stepscale.estimators.strategy_results import StrategyResults

BINS = np.repeat([1, 2], 20)


def optimal(accuracy, budgets=(1, 4, 16, 64)):
    ids = tuple(f"p{i}" for i in range(40))
    return compute_optimal(StrategyResults(("a",), budgets, ids, np.asarray(accuracy, float)[None]), BINS, 300)


def test_multipliers_by_hand() -> None:
    assert budget_multiplier(14, 0.16, "v1") == pytest.approx(14 + 3 * 13 / 0.16)
    assert budget_multiplier(14, 22, "v1") == pytest.approx(14 + 39 / 22)
    assert budget_multiplier(14, 0.40, "iclr") == pytest.approx(14 + 1.5 * 13 / 0.40)


@given(st.floats(1, 100), st.sampled_from(range(3)))
def test_both_versions_allow_about_the_same_at_their_own_ratios(m, i) -> None:
    v1, iclr = (budget_multiplier(m, RATIOS[version][i], version) for version in ("v1", "iclr"))
    assert v1 == pytest.approx(iclr, rel=0.02)


@given(st.floats(1.01, 50), st.floats(0.01, 50))
def test_total_flops_are_equal(m, r) -> None:
    pretraining, inference = 6.0, 2.0 * r  # per parameter and pretraining token
    assert pretraining + budget_multiplier(m, r, "v1") * inference == pytest.approx(m * (pretraining + inference))
    inference = 4.0 * r
    assert pretraining + budget_multiplier(m, r, "iclr") * inference == pytest.approx(m * (pretraining + inference))


def test_stars_over_curves_by_hand() -> None:
    easy, hard = np.array([0.5, 0.7, 0.8, 1.0]), np.array([0.0, 0.0, 0.1, 0.2])
    accuracy = np.concatenate([np.tile(easy, (20, 1)), np.tile(hard, (20, 1))]).T
    larger = np.concatenate([np.tile([1, 0], 10), np.ones(20)])
    table = flops_match(optimal(accuracy), BINS, larger, 4.0, "v1", [0.75, 1e9])
    by = {(row.bin, row.r): row for row in table.itertuples()}
    star = by[1, 0.75]
    assert (star.budget, star.small, star.larger) == pytest.approx((16, 0.8, 0.5))
    assert star.difference == pytest.approx(0.3) and star.low <= 0.3 <= star.high
    assert by[2, 0.75].difference == pytest.approx(-0.9)
    assert by[1, 1e9].budget == pytest.approx(4) and by[1, 1e9].small == pytest.approx(0.7)
    assert by[0, 0.75].difference == pytest.approx((0.3 - 0.9) / 2)
    assert not table["beyond"].any()


@pytest.mark.parametrize(
    ("in_a_bin", "better"), [(30, ["larger", "small", "larger"]), (29, ["larger"] + 2 * ["inconclusive"])]
)
def test_who_is_better_is_said_of_thirty_problems_or_more(in_a_bin: int, better: list[str]) -> None:
    bins, ids = np.repeat([1, 2], in_a_bin), tuple(f"p{i}" for i in range(2 * in_a_bin))
    accuracy = np.tile(np.where(bins == 1, 0.8, 0.1), (4, 1))
    policy = compute_optimal(StrategyResults(("a",), (1, 4, 16, 64), ids, accuracy[None]), bins, 300)
    table = flops_match(policy, bins, np.where(bins == 1, 0.5, 1.0), 4.0, "v1", [0.75])
    assert table.sort_values("bin")["better"].tolist() == better


def test_a_budget_beyond_the_curve_is_marked_and_takes_its_last_point() -> None:
    accuracy = np.tile([0.1, 0.2, 0.3, 0.4], (40, 1)).T
    table = flops_match(optimal(accuracy), BINS, np.zeros(40), 14.0, "v1", [0.16])
    assert table["beyond"].all()
    assert table["small"].to_numpy() == pytest.approx(np.full(3, 0.4))


def test_the_difference_is_paired_by_problem() -> None:
    rng = np.random.default_rng(0)
    right = (rng.random(40) < 0.5).astype(float)
    accuracy = np.tile(right, (4, 1))  # the small model solves exactly what the larger one does
    got = matched_difference(optimal(accuracy), BINS, right, [1, 2], 10.0)
    assert (got.mean, got.low, got.high) == pytest.approx((0, 0, 0))


def test_the_larger_model_must_have_answered_all() -> None:
    with pytest.raises(InputError, match="39 answers for 40 problems"):
        flops_match(optimal(np.zeros((4, 40))), BINS, np.zeros(39), 14.0, "v1")
    with pytest.raises(InputError, match="M >= 1"):
        budget_multiplier(0.5, 1, "v1")


def with_costs(generator, verifier, generation, accuracy=(0.2, 0.4, 0.6, 0.8)):
    """One strategy in both bins, chosen both ways; FLOPs of generator and verifier at each budget, the same for all problems."""
    ids = tuple(f"p{i}" for i in range(40))
    shape = lambda values: np.repeat(np.array(values, float)[None, :, None], 40, axis=2)  # noqa: E731
    whole = np.add(generator, verifier)
    costs = {"flops": shape(whole), "generator_flops": shape(generator)}
    results = StrategyResults(("a",), (1, 4, 16, 64), ids, shape(accuracy), costs)
    by_flops = cost_optimal(results, BINS, "a", "flops", 300, unlimited=True)
    return compute_optimal(results, BINS, 300), InFlops(by_flops, np.broadcast_to(generation, 40))


def test_in_flops_the_verifier_is_paid_out_of_the_same_budget() -> None:
    # the verifier costs three times the generator
    got, in_flops = with_costs((10, 40, 160, 640), (30, 120, 480, 1920), 10.0)
    table = flops_match(got, BINS, np.full(40, 0.5), 4.0, "v1", [0.75], in_flops=in_flops)
    by = {(row.bin, row.counted): row for row in table.itertuples()}
    paper, ledger = by[1, "generations"], by[1, "FLOPs"]
    assert (paper.budget, paper.small) == pytest.approx((16, 0.6))
    assert (paper.flops, paper.verifier_flops) == pytest.approx((640, 480))
    assert (ledger.budget, ledger.small) == pytest.approx((160, 0.4))  # 16 generations' FLOPs buy 4 that are judged
    assert (ledger.flops, ledger.verifier_flops) == pytest.approx((160, 120))
    assert ledger.difference == pytest.approx(-0.1) and by[0, "FLOPs"].difference == pytest.approx(-0.1)
    iclr = flops_match(got, BINS, np.zeros(40), 4.0, "iclr", [0.375], in_flops=in_flops)
    assert iclr.query("counted == 'FLOPs'")["budget"].tolist() == pytest.approx(
        [320] * 3
    )  # a verifier as large is granted


def test_each_bin_is_granted_what_its_own_generations_cost() -> None:
    got, in_flops = with_costs((10, 40, 160, 640), (0, 0, 0, 0), np.where(BINS == 1, 10.0, 2.5))
    table = flops_match(got, BINS, np.zeros(40), 4.0, "v1", [0.75], in_flops=in_flops)
    by = {row.bin: row for row in table.query("counted == 'FLOPs'").itertuples()}
    assert (by[1].small, by[2].small, by[0].small) == pytest.approx((0.6, 0.4, 0.5))
    assert by[0].budget == pytest.approx(100) and by[1].verifier_flops == 0


def test_a_resample_is_granted_what_its_own_problems_generations_cost() -> None:
    """Accuracies are the same for all problems and costs are not: no resample may tell another difference."""
    ids, budgets, prices = tuple(f"p{i}" for i in range(40)), (1, 4, 16, 64), np.linspace(5.0, 15.0, 40)
    accuracy, spent = np.tile([0.2, 0.4, 0.6, 0.8], (40, 1)).T[None], (np.array(budgets)[:, None] * prices)[None]
    results = StrategyResults(("a",), budgets, ids, accuracy, {"flops": spent, "generator_flops": spent})
    by_flops = InFlops(cost_optimal(results, BINS, "a", "flops", 300, unlimited=True), prices)
    table = flops_match(
        compute_optimal(results, BINS, 300), BINS, np.zeros(40), 4.0, "v1", [0.75, 9 / 4], in_flops=by_flops
    )
    got = table.query("counted == 'FLOPs'")
    assert len(got) == 6 and got["low"].to_numpy() == pytest.approx(got["high"].to_numpy())
    assert got.query("r == 0.75")["small"].to_numpy() == pytest.approx(np.full(3, 0.6))


def test_in_flops_what_is_granted_is_spent_as_generations_are_and_more_than_was_measured_is_beyond() -> None:
    """After four generations accuracy falls, and the budget is spent all the same."""
    got, in_flops = with_costs((10, 40, 160, 640), (0, 0, 0, 0), 10.0, accuracy=(0.2, 0.4, 0.3, 0.1))
    table = flops_match(got, BINS, np.zeros(40), 4.0, "v1", [0.75, 9 / 90], in_flops=in_flops)
    by = {row.r: row for row in table.query("counted == 'FLOPs' and bin == 1").itertuples()}
    assert (by[0.75].budget, by[0.75].small, by[0.75].flops) == pytest.approx((160, 0.3, 160))
    assert not by[0.75].beyond and by[0.1].beyond and by[0.1].budget == pytest.approx(940)


def test_the_larger_model_is_not_said_to_win_where_the_small_one_was_not_measured() -> None:
    accuracy = np.tile([0.1, 0.2, 0.3, 0.4], (40, 1)).T
    table = flops_match(optimal(accuracy), BINS, np.ones(40), 14.0, "v1", [0.16, 22]).query("bin == 0")
    assert table.set_index("r")["better"].to_dict() == {0.16: "inconclusive", 22: "larger"}
    near = flops_match(
        optimal(accuracy), BINS, np.ones(40), 1.25 * 14, "v1", [0.79 * 17.5 / 14]
    )  # 66 generations of 64
    assert not near["beyond"].any() and set(near.query("bin == 0")["better"]) == {"larger"}


def test_at_equal_size_nothing_is_granted() -> None:
    accuracy = np.tile([0.1, 0.2, 0.3, 0.4], (40, 1)).T
    table = flops_match(optimal(accuracy), BINS, np.zeros(40), 1.0, "v1")
    assert table["budget"].tolist() == [1.0] * 9 and table["small"].to_numpy() == pytest.approx(np.full(9, 0.1))
