"""The spread of retraining, on seeds whose effects are known: few of them are no reason for a narrow interval."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.estimators.intervals import bootstrap_interval, nested_interval
from stepscale.supervision.points import accuracy_interval, crossed_interval, resampled_means

EFFECTS = st.lists(st.floats(-1, 1), min_size=2, max_size=7).filter(lambda effects: np.ptp(effects) > 0.01)


@settings(max_examples=25, deadline=None)
@given(EFFECTS)
def test_the_variance_is_that_of_a_mean_of_so_many_seeds(effects: list[float]) -> None:
    """s^2 / n of the seeds' effects; without the correction it would be (n - 1) / n of it."""
    effect_values = np.asarray(effects)
    means = resampled_means(np.repeat(effect_values[:, None], 3, axis=1), 20_000, 0)
    assert means.mean() == pytest.approx(effect_values.mean(), abs=0.02)
    assert means.var() == pytest.approx(effect_values.var(ddof=1) / len(effect_values), rel=0.08)


@pytest.mark.parametrize("seeds", [2, 3, 8])
def test_on_average_it_is_the_variance_that_other_seeds_and_problems_would_show(seeds: int) -> None:
    """Seeds of standard deviation 0.06 on 80 problems of 0.3: 600 experiments of each kind."""
    rng = np.random.default_rng(seeds)
    got = []
    for _ in range(600):
        values = 0.5 + rng.normal(0, 0.06, (seeds, 1)) + rng.normal(0, 0.3, (1, 80))
        got.append((values.mean(), resampled_means(values, 300, 0).var()))
    means, variances = np.asarray(got).T
    truth = 0.06**2 / seeds + 0.3**2 / 80
    assert means.var() == pytest.approx(truth, rel=0.2), "the experiment itself"
    assert variances.mean() == pytest.approx(truth, rel=0.1)


def test_chance_of_a_seed_on_single_problems_makes_it_cautious_by_less_than_twice() -> None:
    """Retraining turns other problems each time: that is in both parts, so the variance is above the true one, never below."""
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.1, (300, 1, 80)) + rng.normal(0, 0.3, (300, 3, 80))
    variances = [resampled_means(sample, 300, 0).var() for sample in values]
    truth = 0.1**2 / 80 + 0.3**2 / (3 * 80)
    assert 1.2 < np.mean(variances) / truth < 2


def test_runs_are_drawn_as_well_as_the_problems_in_each() -> None:
    """A run's effect is in its problems' mean: what they add to its spread is counted, and once more within the run."""
    rng = np.random.default_rng(0)
    effects, sizes = np.array([0.0, 0.1, 0.3]), (40, 60, 90)
    flat = [np.full(size, effect) for size, effect in zip(sizes, effects, strict=True)]
    alone = nested_interval(flat, 4000)
    assert alone.mean == pytest.approx(effects.mean()) and alone.n_problems == sum(sizes)
    width = float(alone.high - alone.low)
    pooled = bootstrap_interval(np.concatenate(flat))
    assert width > 2 * float(pooled.high - pooled.low), "pooled, runs are taken for the only ones there are"
    noisy = nested_interval([run + rng.normal(0, 0.5, len(run)) for run in flat], 4000)
    assert float(noisy.high - noisy.low) > width


def test_runs_of_one_effect_are_about_as_sure_as_their_problems_together() -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(0, 0.3, 100)
    same = [rng.permutation(one) for _ in range(4)]
    got, pooled = nested_interval(same, 4000), bootstrap_interval(np.concatenate(same), 4000)
    assert float(got.high - got.low) == pytest.approx(float(pooled.high - pooled.low), rel=0.05)


def test_one_repeat_tells_of_its_problems_alone() -> None:
    values = np.random.default_rng(0).random((1, 200))
    alone, got = bootstrap_interval(values[0], 2000, 5), crossed_interval(values, 2000, 5)
    assert (float(got.low), float(got.high)) == pytest.approx((float(alone.low), float(alone.high)))
    assert got.n_problems == alone.n_problems == 200
    nested = nested_interval([values[0]], 2000, 5)
    assert float(nested.high - nested.low) == pytest.approx(float(alone.high - alone.low), rel=0.1)


def test_an_accuracy_is_never_beyond_all_or_nothing_and_runs_without_problems_are_refused() -> None:
    high = np.array([[0.9], [1.0], [1.0]]) * np.ones((3, 20))
    assert float(crossed_interval(high, 500, 0).high) > 1 and float(accuracy_interval(high, 500, 0).high) == 1
    for runs in ([], [np.ones(3), np.ones(0)]):
        with pytest.raises(InputError, match="no runs"):
            nested_interval(runs)


def test_an_interval_of_several_values_gives_each_one_s_and_turns_its_sign_with_its_resamples() -> None:
    values = np.random.default_rng(0).normal(0, 1, (50, 2))
    both, alone = bootstrap_interval(values, 200, 3), bootstrap_interval(values[:, 1], 200, 3)
    second, turned = both[1], -both[1]
    for name in ("mean", "low", "high", "error"):
        assert float(getattr(second, name)) == pytest.approx(float(getattr(alone, name)))
    assert [float(turned.low), float(turned.high)] == pytest.approx([-float(alone.high), -float(alone.low)])
    assert second.n_problems == 50 and turned.resampled == pytest.approx(-alone.resampled)
