"""Claims about revisions on made-up chains and ratios where the right verdict is known."""

import numpy as np
import pandas as pd
import pytest

from stepscale.errors import InputError
from stepscale.report.claims import settle
from stepscale.revisions.grid import split_name, splits
from stepscale.studies.revisions.claims import b4_quantities, b5_quantities, b6_quantities, b10_quantities

PROBLEMS, BUDGETS = 200, (1, 2, 4, 8, 16)
BINS = np.arange(PROBLEMS) % 5 + 1
RESAMPLES = 300


def chains(by_position: list[float]) -> pd.DataFrame:
    """Two chains a problem; a position's attempts are right for that share of the problems."""
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        [
            {"problem_id": f"p{i}", "chain": c, "position": k, "is_correct": bool(rng.random() < share)}
            for i in range(PROBLEMS)
            for c in range(2)
            for k, share in enumerate(by_position)
        ]
    )


def ratios(accuracy) -> pd.DataFrame:
    """A row a (problem, split, budget) of ``accuracy(bin, sequential, parallel)`` and a little noise of the problem."""
    noise = np.random.default_rng(0).normal(0, 0.05, PROBLEMS)
    rows = [
        {
            "problem_id": f"p{i}",
            "strategy": split_name(s, p),
            "budget": n,
            "sequential": s,
            "parallel": p,
            "accuracy": accuracy(BINS[i], s, p) + noise[i],
            "tokens": 10.0 * n,
            "flops": 100.0 * n,
        }
        for i in range(PROBLEMS)
        for n in BUDGETS
        for s, p in splits(n)
    ]
    return pd.DataFrame(rows)


def better(gain: float):
    """Sequential attempts are worth ``gain`` a doubling more than parallel ones."""
    return lambda b, s, p: 0.3 + 0.05 * np.log2(s * p) + gain * np.log2(s)


RISING = [0.2, 0.25, 0.3, 0.35, 0.4, 0.6, 0.6, 0.6]
FALLING = [0.5, 0.5, 0.5, 0.5, 0.55, 0.3, 0.3, 0.3]


@pytest.mark.parametrize(
    ("by_position", "gain", "status"),
    [
        (RISING, 0.02, "held"),
        (FALLING, 0.02, "did not hold"),
        (RISING, -0.02, "did not hold"),
        ([0.2, 0.25, 0.3, 0.35, 0.4, 0.4, 0.4, 0.4], 0.02, "inconclusive"),
    ],
)
def test_b4_wants_a_rise_within_and_beyond_the_trained_positions_and_sequential_ahead(
    by_position, gain, status
) -> None:
    quantities = b4_quantities(chains(by_position), {"verifier": ratios(better(gain))}, RESAMPLES, 0)
    claim = settle("B4", quantities, 1)
    assert claim.status == status, quantities
    if by_position is FALLING:
        assert claim.decided_by == "pass@1 of attempts 6 to 8 - of attempt 5"


def test_b4_needs_chains_that_go_past_the_trained_positions() -> None:
    with pytest.raises(InputError, match="longer than 5"):
        b4_quantities(chains(RISING[:5]), {}, RESAMPLES, 0)


def as_in_the_paper(b: int, s: int, p: int) -> float:
    """Easy problems want long chains, hard ones a balance."""
    n = np.log2(s * p)
    return 0.4 + 0.03 * np.log2(s) if b <= 2 else 0.2 + 0.05 * n - 0.03 * abs(np.log2(s / p))


@pytest.mark.parametrize(
    ("accuracy", "status"),
    [
        (as_in_the_paper, "held"),
        (better(0.02), "inconclusive"),
        (lambda b, s, p: as_in_the_paper(6 - b, s, p), "did not hold"),
    ],
)
def test_b5_wants_the_best_ratio_to_change_with_difficulty_as_in_the_paper(accuracy, status: str) -> None:
    quantities = b5_quantities(ratios(accuracy), BINS, RESAMPLES, 0)
    assert settle("B5", quantities, 1).status == status, quantities
    assert [quantity.n_problems for quantity in quantities.values()] == [PROBLEMS, PROBLEMS * 4 // 5], (
        "bin 3 is in neither half"
    )


def test_b5_is_sure_that_a_gain_which_is_the_same_everywhere_is_no_greater_on_easy_bins() -> None:
    *_, gap = b5_quantities(ratios(better(0.02)), BINS, RESAMPLES, 0).values()
    assert [gap.mean, gap.low, gap.high] == pytest.approx([0, 0, 0], abs=1e-12)


def test_b6_reads_the_saving_off_the_curves() -> None:
    # a sequential attempt is worth twice a parallel one: 2 in a chain do what 4 apart do, 4 what 16 do; 8 have no room
    got = b6_quantities(
        ratios(lambda b, s, p: 0.3 + 0.05 * (np.log2(p) + 2 * np.log2(s))), {"oracle": BINS}, RESAMPLES, 0
    )
    (saved,) = got.values()
    assert saved.mean == pytest.approx(1.5) and saved.n_problems == PROBLEMS
    assert "not matched at 8: the baseline is flat or not measured beyond 16, and 32 are needed" in saved.note
    assert settle("B6", got, 1).status == "held"


def test_b6_does_not_hold_where_one_kind_of_bins_never_matches() -> None:
    # at the largest budget parallel is best for almost all, yet each bin's halves mislead one another
    table = ratios(better(0.0))
    got = b6_quantities(table, {"oracle": BINS, "predicted": BINS}, RESAMPLES, 0)
    assert [float(part.mean) for part in got.values()] == pytest.approx([0, 0]), "once as many, no more, no less"
    assert settle("B6", got, 1).status == "did not hold"
    wrong = table.assign(
        accuracy=table["accuracy"].where(table["strategy"] != "parallel", table["accuracy"] + _by_half())
    )
    assert settle("B6", b6_quantities(wrong, {"oracle": BINS}, RESAMPLES, 0), 1).status == "did not hold"


def _by_half() -> pd.Series:
    """Parallel is 0.3 better in the problems of one half of each bin and 0.2 worse in the other: each half picks wrongly."""
    from stepscale.estimators.cross_validation import fold_of

    table = ratios(better(0.0))
    halves = dict(
        zip([f"p{i}" for i in range(PROBLEMS)], fold_of([f"p{i}" for i in range(PROBLEMS)], BINS), strict=True)
    )
    return table["problem_id"].map(halves).map({0: 0.3, 1: -0.2})


@pytest.mark.parametrize(("lead", "status"), [(0.02, "held"), (0.0, "held"), (-0.05, "did not hold")])
def test_b10_allows_one_point(lead: float, status: str) -> None:
    quantities = b10_quantities(ratios(lambda b, s, p: 0.4 + lead), ratios(lambda b, s, p: 0.4), RESAMPLES, 0)
    assert settle("B10", quantities, 1).status == status


def test_b10_is_inconclusive_where_problems_disagree() -> None:
    mixed = ratios(lambda b, s, p: 0.4)
    mixed["accuracy"] += mixed["problem_id"].map(lambda i: 0.3 if int(i[1:]) % 2 else -0.31)
    claim = settle("B10", b10_quantities(mixed, ratios(lambda b, s, p: 0.4), RESAMPLES, 0), 1)
    assert claim.status == "inconclusive"
