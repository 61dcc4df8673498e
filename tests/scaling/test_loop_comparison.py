"""Strategies of the loop: who is ahead at the end, and whether the last round took something away."""

import numpy as np
import pandas as pd
import pytest
from learning_points import points_table

from stepscale.scaling.loop_comparison import health_by_round, loop_differences

SIZES, SEEDS, PROBLEMS = (1, 5, 9), 2, 30


def points(by_strategy: dict[str, tuple[float, ...]], noise: float = 0.0) -> pd.DataFrame:
    """An accuracy a size and strategy, the same problems for all, at N = 4 and (higher by a tenth) 8."""
    easy = np.random.default_rng(0).normal(0, 0.1, PROBLEMS)
    rng = np.random.default_rng(1)
    rows = [
        (name, size, seed, n, f"p{i}", accuracy + easy[i] + (0.1 if n == 8 else 0) + rng.normal(0, noise))
        for name, levels in by_strategy.items() for size, accuracy in zip(SIZES, levels, strict=True)
        for seed in range(SEEDS) for n in (4, 8) for i in range(PROBLEMS)
    ]  # fmt: skip
    return points_table(rows)


def test_differences_at_the_end_and_over_the_last_round_are_the_ones_put_in() -> None:
    rows = loop_differences(points({"retrained": (0.4, 0.5, 0.3), "once": (0.4, 0.45, 0.5)}), 8, 200, 0)
    found = {row["difference"]: row for row in rows}
    assert list(found) == ["retrained - once", "last round of retrained", "last round of once"]
    assert found["retrained - once"]["estimate"] == pytest.approx(-0.2)
    assert found["last round of retrained"]["estimate"] == pytest.approx(-0.2), "a collapse"
    assert found["last round of once"]["estimate"] == pytest.approx(0.05)
    assert all(row["n"] == 8 and row["n_problems"] == PROBLEMS and row["seeds"] == SEEDS for row in rows)


def test_intervals_are_paired_so_that_problems_of_unlike_difficulty_do_not_widen_them() -> None:
    same = loop_differences(points({"a": (0.4, 0.4, 0.5), "b": (0.4, 0.4, 0.4)}), 4, 200, 0)[0]
    assert same["low"] == pytest.approx(0.1) and same["high"] == pytest.approx(0.1)
    noisy = loop_differences(points({"a": (0.4, 0.4, 0.5), "b": (0.4, 0.4, 0.4)}, noise=0.1), 4, 400, 0)[0]
    assert noisy["low"] < 0.1 < noisy["high"] < 0.2


def test_a_collapse_is_an_interval_below_zero_and_noise_alone_is_none() -> None:
    fallen, still = (
        loop_differences(points({"a": levels}, noise=0.05), 4, 400, 0)[-1]
        for levels in ((0.4, 0.5, 0.4), (0.4, 0.5, 0.5))
    )
    assert fallen["high"] < 0 and still["low"] < 0 < still["high"]


def test_one_strategy_with_one_round_has_nothing_to_compare() -> None:
    table = points({"a": (0.4, 0.5, 0.6)})
    assert loop_differences(table[table["per_problem"] == 1], 8, 100, 0) == []


def test_health_is_the_mean_over_seeds_round_by_round_in_the_order_of_the_strategies() -> None:
    numbers = list(health_by_round(pd.DataFrame()).columns[2:])
    rows = [
        {"strategy": name, "seed": seed, "round": round_} | dict.fromkeys(numbers, float(round_ + seed))
        for name in ("z", "a") for seed in (0, 1) for round_ in (1, 2)
    ]  # fmt: skip
    found = health_by_round(pd.DataFrame(rows))
    assert found["strategy"].tolist() == ["z", "z", "a", "a"] and found["round"].tolist() == [1, 2, 1, 2]
    assert found["audit_auroc"].tolist() == [1.5, 2.5, 1.5, 2.5]
