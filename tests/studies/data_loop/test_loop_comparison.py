"""Strategies of the loop: who is ahead at the end, whether rounds took something away, and how sure the selectors' health is."""

import numpy as np
import pandas as pd
import pytest
from learning_points import points_table

from stepscale.studies.data_loop.comparison import MEASURES, health_by_round, loop_differences
from stepscale.verifiers.metrics import auroc

SIZES, SEEDS, PROBLEMS = (1, 5, 9, 13), 2, 30


def points(by_strategy: dict[str, tuple[float, ...]], noise: float = 0.0) -> pd.DataFrame:
    """An accuracy a size and strategy, the same problems for all, at N = 4 and (higher by a tenth) 8."""
    easy = np.random.default_rng(0).normal(0, 0.1, PROBLEMS)
    rng = np.random.default_rng(1)
    rows = [
        (name, size, seed, n, f"p{i}", accuracy + easy[i] + (0.1 if n == 8 else 0) + rng.normal(0, noise))
        for name, levels in by_strategy.items()
        for size, accuracy in zip(SIZES, levels, strict=False)
        for seed in range(SEEDS)
        for n in (4, 8)
        for i in range(PROBLEMS)
    ]
    return points_table(rows)


def test_differences_at_the_end_and_over_the_last_round_are_the_ones_put_in() -> None:
    rows = loop_differences(points({"retrained": (0.4, 0.5, 0.3), "once": (0.4, 0.45, 0.5)}), 8, 200, 0)
    got = {row["difference"]: row for row in rows}
    assert list(got) == ["retrained - once", "last round of retrained", "last round of once"]
    assert got["retrained - once"]["estimate"] == pytest.approx(-0.2)
    assert got["last round of retrained"]["estimate"] == pytest.approx(-0.2), "a collapse"
    assert got["last round of once"]["estimate"] == pytest.approx(0.05)
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


def test_a_loss_spread_over_rounds_is_seen_from_round_1_to_the_end_and_in_no_single_round() -> None:
    got = {row["difference"]: row for row in loop_differences(points({"a": (0.3, 0.5, 0.45, 0.4)}, 0.12), 4, 400, 0)}
    assert list(got) == ["last round of a", "end - after round 1 of a"]
    assert got["last round of a"]["high"] > 0 > got["end - after round 1 of a"]["high"]
    assert got["end - after round 1 of a"]["estimate"] == pytest.approx(-0.1, abs=0.04)


def samples(seeds: int = 1, problems: int = 20, share: str = "chosen") -> pd.DataFrame:
    """Four samples a problem, each faultless by a coin toss and then scored about 0.8, else about 0.3."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        [("a", seed, 1, share, f"p{i}", j) for seed in range(seeds) for i in range(problems) for j in range(4)],
        columns=["strategy", "seed", "round", "of", "problem_id", "sample_id"],
    )
    right = pd.Series(rng.random(len(rows)) < 0.5)
    distinct = pd.Series(rng.random(len(rows)) < 0.5)
    return rows.assign(
        is_correct=right,
        faultless=right.astype("boolean"),
        first_error=np.where(right, np.nan, 1.0 + rows["sample_id"]),
        score=np.where(right, 0.8, 0.3) + rng.normal(0, 0.3, len(rows)),
        distinct=distinct.astype("boolean").mask(right),
    )


def measured(health: pd.DataFrame) -> pd.DataFrame:
    return health_by_round(health, 300, 0).set_index("measure")


def test_measures_are_those_of_their_samples_with_intervals_about_them_and_counts() -> None:
    health = samples()
    got, right = measured(health), health["faultless"].to_numpy(bool)
    assert list(got.index) == list(MEASURES)
    by_hand = {
        "chosen_believed": health["score"].mean(),
        "chosen_faultless": right.mean(),
        "wrong_answers": 1 - right.mean(),
        "chosen_overconfidence": health["score"].mean() - right.mean(),
        "chosen_auroc": auroc(health["score"].to_numpy(), right),
        "first_error": health["first_error"].mean(),
        "distinct_errors": health["distinct"][~right].mean(),
    }
    for name, value in by_hand.items():
        assert got.loc[name, "value"] == pytest.approx(value)
        assert got.loc[name, "low"] < value < got.loc[name, "high"]
    assert got.loc["wrong_answers", ["n", "n_problems", "seeds"]].tolist() == [80, 20, 1]
    assert got.loc["first_error", "n"] == (~right).sum()
    assert got.loc["audit_auroc", ["n", "n_problems", "seeds"]].tolist() == [0, 0, 0], "there is no audit here"
    assert np.isnan(got.loc["audit_auroc", "value"])


def test_intervals_are_over_problems_so_more_samples_alike_make_none_surer() -> None:
    health = samples()
    once, thrice = measured(health), measured(pd.concat([health] * 3, ignore_index=True))
    for name in ("chosen_overconfidence", "chosen_auroc", "first_error"):
        assert thrice.loc[name, ["value", "low", "high"]].tolist() == pytest.approx(
            once.loc[name, ["value", "low", "high"]].tolist()
        )


def test_seeds_share_the_resamples_of_their_problems_and_are_averaged_within_each() -> None:
    one = samples()
    same, both = measured(one), measured(pd.concat([one, one.assign(seed=1)], ignore_index=True))
    assert both.loc["chosen_auroc", ["value", "low", "high"]].tolist() == pytest.approx(
        same.loc["chosen_auroc", ["value", "low", "high"]].tolist()
    ), "a copy of a seed makes nothing surer"
    assert both.loc["chosen_auroc", ["n", "n_problems", "seeds"]].tolist() == [160, 20, 2]
    three = samples(seeds=3)
    per_seed = [
        auroc(of_seed["score"].to_numpy(), of_seed["faultless"].to_numpy(bool)) for _, of_seed in three.groupby("seed")
    ]
    assert measured(three).loc["chosen_auroc", "value"] == pytest.approx(np.mean(per_seed))


def test_a_seed_without_a_value_is_left_out_and_unlabeled_samples_count_for_the_answers_alone() -> None:
    health = samples(seeds=2)
    sound = health.assign(faultless=health["faultless"].mask(health["seed"] == 1, True))
    got = measured(sound)
    assert got.loc["chosen_auroc", ["n", "seeds"]].tolist() == [80, 1], "faultless samples alone rank nothing"
    assert got.loc["chosen_faultless", "seeds"] == 2
    unrated = health.assign(faultless=health["faultless"].mask(health["sample_id"] > 0))
    assert measured(unrated).loc[["chosen_believed", "wrong_answers"], "n"].tolist() == [40, 160]


def test_strategies_and_rounds_come_in_the_order_of_the_table() -> None:
    health = pd.concat([samples().assign(strategy=name, round=r) for r in (1, 2) for name in ("z", "a")])
    got = health_by_round(health, 50, 0).drop_duplicates(["strategy", "round"])
    assert got["strategy"].tolist() == ["z", "a", "z", "a"] and got["round"].tolist() == [1, 1, 2, 2]
    none = health_by_round(pd.DataFrame(), 50, 0)
    assert none.empty and list(none) == list(health_by_round(samples(), 50, 0))
