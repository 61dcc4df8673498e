"""Claims about search on made-up accuracies where the right verdict is known."""

import numpy as np
import pytest

from stepscale.errors import InputError
from stepscale.estimators.cross_validation import fold_of
from stepscale.estimators.curve import Curve, curve
from stepscale.estimators.strategy_results import StrategyResults
from stepscale.report.claims import settle
from stepscale.search.plan import SearchPlan
from stepscale.studies.search.claims import b1_quantities, b2_quantities, b3_quantities
from stepscale.studies.search.measure import of_the_paper
from stepscale.studies.strategies.policy_tables import times_fewer

PROBLEMS, BUDGETS, RESAMPLES = 200, (1, 2, 4, 8, 16, 32, 64), 300
BINS = np.arange(PROBLEMS) % 5 + 1
SEARCHED = (4, 16, 64)
BASE, BEAMS, AHEAD = "weighted", {n: ["beam a", "beam b"] for n in SEARCHED}, {n: ["lookahead"] for n in SEARCHED}


def results(beam=lambda n, b: 0.0 * b, lookahead: float = 0.0, noise: float = 0.02) -> StrategyResults:
    """Best-of-N weighted rises by 0.05 a doubling; ``beam(n, bins)`` is beam search's lead over it, ``lookahead`` its lead over
    beam search.
    """
    rng, n_budgets = np.random.default_rng(0), len(BUDGETS)
    base = 0.3 + 0.05 * np.log2(BUDGETS)[:, None] + rng.normal(0, 0.1, PROBLEMS)[None]
    accuracy = np.full((4, n_budgets, PROBLEMS), np.nan)
    accuracy[0] = base
    for k, n in enumerate(BUDGETS):
        if n in SEARCHED:
            for s, over in ((1, 0.0), (2, 0.0), (3, lookahead)):
                accuracy[s, k] = base[k] + beam(n, BINS) + over + rng.normal(0, noise, PROBLEMS)
    ids = tuple(f"p{i}" for i in range(PROBLEMS))
    return StrategyResults((BASE, "beam a", "beam b", "lookahead"), BUDGETS, ids, accuracy)


def weighted() -> Curve:
    """The same best-of-N weighted up to 256 samples."""
    ns = [2**i for i in range(9)]
    skill = np.random.default_rng(0).normal(0, 0.1, PROBLEMS)
    return curve(0.3 + 0.05 * np.log2(ns) + skill[:, None], ns, RESAMPLES, 0)


def fading(start: float, end: float):
    """A lead that goes from ``start`` at 4 generations to ``end`` at 64, the same in all bins."""
    return lambda n, bins: np.interp(np.log2(n), [2, 6], [start, end]) + 0.0 * bins


@pytest.mark.parametrize(
    ("lead", "lookahead", "noise", "status"),
    [
        (fading(0.1, 0.0), -0.02, 0.02, "held"),
        (fading(0.1, -0.05), 0.0, 0.02, "held"),
        (fading(-0.1, -0.2), 0.0, 0.02, "did not hold"),
        (fading(0.05, 0.1), 0.0, 0.02, "did not hold"),
        (fading(0.1, 0.0), 0.05, 0.02, "did not hold"),
        (fading(0.1, 0.1), 0.0, 0.2, "inconclusive"),
    ],
)
def test_b1_wants_beams_ahead_at_small_budgets_a_lead_that_shrinks_and_lookahead_no_better(
    lead, lookahead, noise, status
) -> None:
    quantities = b1_quantities(results(lead, lookahead, noise), BASE, BEAMS, AHEAD, RESAMPLES, 0)
    claim = settle("B1", quantities, 1)
    assert (claim.status, claim.n_problems) == (status, PROBLEMS), quantities


def test_b1_measures_the_mean_of_the_beam_searches() -> None:
    quantities = b1_quantities(results(fading(0.1, 0.0), noise=0.0), BASE, BEAMS, AHEAD, RESAMPLES, 0)
    assert float(quantities["beam - best-of-N weighted at N=4"].mean) == pytest.approx(0.1)
    assert float(quantities["the same at N=4 - at N=64"].mean) == pytest.approx(0.1)


def test_settings_that_are_one_search_at_a_budget_count_once_there() -> None:
    results_table = results(fading(0.1, 0.0), noise=0.0)
    results_table.accuracy[2, BUDGETS.index(4)] -= 0.1  # the second setting is worse at 4
    both, once = BEAMS, {**BEAMS, 4: ["beam a"]}
    leads = [
        float(next(iter(b1_quantities(results_table, BASE, budgets, AHEAD, 50, 0).values())).mean)
        for budgets in (both, once)
    ]
    assert leads == pytest.approx([0.05, 0.1])


def test_b1_needs_lookahead_and_two_budgets() -> None:
    with pytest.raises(InputError, match="lookahead"):
        b1_quantities(results(), BASE, BEAMS, {}, RESAMPLES, 0)


@pytest.mark.parametrize(
    ("by_bin", "noise", "status"),
    [
        ([-0.1, -0.1, 0.1, 0.1, 0.0], 0.02, "held"),
        ([0.1, 0.1, -0.1, -0.1, 0.0], 0.02, "did not hold"),
        ([0.05, 0.05, 0.05, 0.05, 0.05], 0.2, "inconclusive"),
    ],
)
def test_b2_wants_beams_to_gain_more_on_bins_3_and_4_and_a_strategy_for_each_bin_to_pay(by_bin, noise, status) -> None:
    results_table = results(lambda n, bins: np.asarray(by_bin)[bins - 1], noise=noise)
    quantities = b2_quantities(results_table, BASE, BEAMS, BINS, RESAMPLES, 0)
    assert settle("B2", quantities, 1).status == status, quantities
    assert [budgets.n_problems for budgets in quantities.values()] == [PROBLEMS, PROBLEMS * 4 // 5], (
        "bin 5 is in neither group"
    )


def test_b2_is_sure_that_a_lead_which_is_the_same_everywhere_is_no_greater_in_the_middle() -> None:
    results_table = results(lambda n, bins: 0.1 + 0.0 * bins, noise=0.0)
    *_, gap = b2_quantities(results_table, BASE, BEAMS, BINS, RESAMPLES, 0).values()
    assert [gap.mean, gap.low, gap.high] == pytest.approx([0, 0, 0], abs=1e-12)


@pytest.mark.parametrize(
    ("lead", "doublings", "status"),
    [(0.1, 2.0, "held"), (0.05, 1.0, "inconclusive"), (-0.1, 0.0, "did not hold"), (0.0, 0.0, "did not hold")],
)
def test_b3_wants_more_than_twice_fewer_generations_under_both_kinds_of_bins(lead, doublings, status) -> None:
    """A lead of 0.1 is two doublings of the baseline; searches that are behind are not chosen."""
    results_table = results(lambda n, bins: lead + 0.0 * bins)
    quantities = b3_quantities(
        results_table, weighted(), SEARCHED, {"oracle": BINS, "predicted": BINS[::-1]}, RESAMPLES, 0
    )
    claim = settle("B3", quantities, 1)
    assert (claim.status, claim.n_problems, claim.effect) == (status, PROBLEMS, 2.0), quantities
    assert claim.estimate == pytest.approx(doublings, abs=0.15) and claim.power > 0.99


def test_b3_tells_what_each_budget_is_as_accurate_as() -> None:
    results_table = results(lambda n, bins: 0.1 + 0.0 * bins, noise=0.0)
    (part,) = b3_quantities(results_table, weighted(), SEARCHED, {"oracle": BINS}, RESAMPLES, 0).values()
    assert part.note == "4 as accurate as 16.0 (4.00x); 16 as accurate as 64.0 (4.00x); 64 as accurate as 256.0 (4.00x)"


def test_a_saving_is_told_as_a_factor_and_as_what_it_is_at_least() -> None:
    results_table = results(lambda n, bins: 0.1 + 0.0 * bins, noise=0.0)
    kinds = {"oracle": BINS, "predicted": BINS[::-1]}
    claim = settle("B3", b3_quantities(results_table, weighted(), SEARCHED, kinds, RESAMPLES, 0), 1)
    sentence = "4.0x, at least 4.0x (oracle bins); 4.0x, at least 4.0x (predicted bins)"
    assert times_fewer([claim], "B3") == {"B3": sentence} and times_fewer([claim], "B6") == {}


def test_b3_is_not_settled_where_best_of_n_is_flat() -> None:
    flat = curve(np.full((PROBLEMS, 9), 0.5), [2**i for i in range(9)], RESAMPLES, 0)
    claim = settle("B3", b3_quantities(results(), flat, SEARCHED, {"oracle": BINS}, RESAMPLES, 0), 1)
    assert (claim.status, claim.estimate, claim.power) == ("inconclusive", None, 0)
    assert claim.reason == "not matched, for one of the curves is flat"


def test_b3_did_not_hold_where_the_policy_chooses_what_does_worse_elsewhere() -> None:
    """At the largest budget beams do better on one half of each bin and best-of-N on the other, so every choice misleads."""
    results_table = results(noise=0.0)
    half = fold_of(results_table.ids, BINS)
    results_table.accuracy[1:, 6] = np.where(half == 0, 1.0, 0.5)
    results_table.accuracy[0, 6] = np.where(half == 0, 0.5, 1.0)
    quantities = b3_quantities(results_table, weighted(), SEARCHED, {"oracle": BINS, "predicted": BINS}, RESAMPLES, 0)
    assert settle("B3", quantities, 1).status == "did not hold", quantities


def test_the_papers_claims_choose_among_the_papers_methods() -> None:
    methods = (
        {"method": "beam", "width": 4},
        {"method": "dvts", "width": 4},
        {"method": "lookahead", "width": 4, "k": 1},
    )
    plan = SearchPlan.model_validate(
        {"problems": 10, "problems_per_shard": 5, "budgets": [4, 16], "strategies": methods}
    )
    beam, dvts, lookahead = (name for name, _ in plan.named)
    accuracy = np.stack([np.full((2, 3), i / 4) for i in range(4)])
    results = StrategyResults(
        (BASE, beam, dvts, lookahead), (4, 16), ("a", "b", "c"), accuracy, {"tokens": accuracy + 1}
    )
    chosen = of_the_paper(results, plan)
    assert chosen.strategies == (BASE, beam, lookahead)
    assert chosen.accuracy[:, 0, 0].tolist() == [0.0, 0.25, 0.75] and chosen.costs["tokens"].shape == (3, 2, 3)
