"""Stopping rules against brute force: every order of tiny pools, sample by sample in plain Python."""

from collections import Counter
from itertools import permutations
from math import comb, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stepscale.errors import InputError
from stepscale.estimators.online_outcomes import Candidates
from stepscale.estimators.stopping import prefixes as module
from stepscale.estimators.stopping.adaptive_consistency import AdaptiveConsistency, lead_probability
from stepscale.estimators.stopping.confidence_posterior import ConfidencePosterior
from stepscale.estimators.stopping.doubling import Doubling
from stepscale.estimators.stopping.instance_adaptive import (
    InstanceAdaptive,
    SuccessMap,
    fit_success_map,
    samples_needed,
)
from stepscale.estimators.stopping.prefixes import Prefixes, Signals, prefixes, signals_of
from stepscale.estimators.stopping.replay import follow_rule
from stepscale.estimators.stopping.risk_control import NEVER, RiskControlled, early_errors, risk_bound
from stepscale.estimators.stopping.rule import StoppingRule
from stepscale.estimators.stopping.rules import COMPARED_RULES

Sample = tuple[int | None, float]  # an answer, of which 1 is right, and its score


def pool_of(problems: list[list[Sample]]) -> Candidates:
    answers = np.array([[-1 if answer is None else answer for answer, _ in one] for one in problems], object)
    mask = np.array([[answer is not None for answer, _ in one] for one in problems])
    scores = np.array([[score for _, score in one] for one in problems])
    return Candidates(answers, scores, (answers == 1) & mask, mask, np.ones(mask.shape))


def names(n: int) -> list[str]:
    return [f"p{i}" for i in range(n)]


def in_all_orders(monkeypatch: pytest.MonkeyPatch, problems: list[list[Sample]]) -> Prefixes:
    orders = np.array(list(permutations(range(len(problems[0])))))
    monkeypatch.setattr(module, "random_orders", lambda *_: orders)
    return prefixes(names(len(problems)), pool_of(problems), len(orders))


def posterior_by_bayes(samples: list[Sample]) -> dict[int | None, float]:
    """Hypotheses: each answer given, and None for any other; each sample's likelihood multiplied out."""
    answered = [(answer, score) for answer, score in samples if answer is not None]
    hypotheses: list[int | None] = [*dict.fromkeys(answer for answer, _ in answered), None]
    likelihood = dict.fromkeys(hypotheses, 1.0)
    for hypothesis in hypotheses:
        for answer, score in answered:
            likelihood[hypothesis] *= score if answer == hypothesis else (1 - score) / (len(hypotheses) - 1)
    return {hypothesis: value / sum(likelihood.values()) for hypothesis, value in likelihood.items()}


def chance_right(tally: dict[int, float]) -> float:
    """Of the answers with the greatest tally, the share that is right."""
    best = [answer for answer, value in tally.items() if value >= max(tally.values()) * (1 - 1e-12)]
    return sum(answer == 1 for answer in best) / len(best) if best else 0.0


def walk(samples: list[Sample], rule: StoppingRule) -> tuple[int, float]:
    """Samples drawn and chance of being right, in this order."""
    for n in range(1, len(samples) + 1):
        recorded = samples[:n]
        counts = Counter(answer for answer, _ in recorded if answer is not None)
        sums: dict[int, float] = {}
        for answer, score in recorded:
            if answer is not None:
                sums[answer] = sums.get(answer, 0.0) + score
        posterior = {answer: p for answer, p in posterior_by_bayes(recorded).items() if answer is not None}
        first, second = [count for _, count in counts.most_common(2)] + [0] * (2 - len(counts.most_common(2)))
        match rule:
            case AdaptiveConsistency():
                coins = first + second + 1
                done = sum(comb(coins, k) for k in range(first + 1)) / 2**coins >= rule.threshold
            case ConfidencePosterior():
                done = max(posterior.values(), default=0.0) >= rule.threshold
            case Doubling():
                done = n in (rule.start * 2**k for k in range(9)) and first >= rule.agree * n
            case InstanceAdaptive():
                probes = [score if answer is not None else 0.0 for answer, score in samples[: rule.probes]]
                p = sum(probes) / len(probes)
                done = n >= rule.probes and 1 - (1 - p) ** n >= rule.chance - 1e-9
            case RiskControlled():
                done = max(sums.values(), default=0.0) / n >= rule.threshold
            case _:
                raise AssertionError(rule)
        if done or n == len(samples):
            tally = {"majority": dict(counts), "weighted": sums, "posterior": posterior}[rule.prefix_selection]
            return n, chance_right({answer: float(value) for answer, value in tally.items()})
    raise AssertionError("no samples")


RULES = [
    AdaptiveConsistency(threshold=0.8),
    AdaptiveConsistency(threshold=0.9),
    ConfidencePosterior(threshold=0.7),
    ConfidencePosterior(threshold=0.95),
    Doubling(agree=0.6, start=2),
    Doubling(agree=1.0, start=1),
    InstanceAdaptive(chance=0.9, probes=2),
    InstanceAdaptive(chance=0.99, probes=1),
    RiskControlled(threshold=0.5),
]
rng = np.random.default_rng(0)
PROBLEMS: list[list[Sample]] = [
    [(None if draw < 0.15 else int(1 + 3 * rng.random() ** 2), float(rng.uniform(0.1, 0.9))) for draw in rng.random(5)]
    for _ in range(12)
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.label} {rule.setting}")
def test_a_rule_reaches_and_draws_what_every_order_by_hand_does(rule: StoppingRule, monkeypatch) -> None:
    recorded = in_all_orders(monkeypatch, PROBLEMS)
    result = follow_rule(recorded, rule, 5)
    for i, samples in enumerate(PROBLEMS):
        walks = [walk(list(order), rule) for order in permutations(samples)]
        assert result.n_samples[:, i].tolist() == [n for n, _ in walks]
        assert result.accuracy[i] == pytest.approx(np.mean([right for _, right in walks]))
    prices = np.cumsum(rng.random((12, 5)), axis=1)
    expected = [prices[i][result.n_samples[:, i] - 1].mean() for i in range(12)]
    assert result.spent(prices) == pytest.approx(expected)


@given(st.lists(st.tuples(st.none() | st.integers(1, 4), st.floats(0.01, 0.99)), min_size=1, max_size=9))
def test_the_posterior_is_bayes_rule(samples: list[Sample]) -> None:
    codes = np.array([[0 if answer is None else answer for answer, _ in samples]])
    signals = signals_of(codes, np.array([[score for _, score in samples]]))
    for n in range(1, len(samples) + 1):
        by_bayes = posterior_by_bayes(samples[:n])
        best = max((p for answer, p in by_bayes.items() if answer is not None), default=0.0)
        assert signals.posterior[0, n - 1] == pytest.approx(best, abs=1e-9)


def test_after_one_sample_the_posterior_is_its_score_and_scores_of_0_and_1_settle_nothing_for_good() -> None:
    assert signals_of(np.array([[1]]), np.array([[0.3]])).posterior[0, 0] == pytest.approx(0.3)
    sure = signals_of(np.array([[1, 2, 2]]), np.array([[1.0, 1.0, 1.0]]))
    assert np.isfinite(sure.posterior).all() and sure.posterior[0, 1] < 0.6 < sure.posterior[0, 2]
    many = signals_of(np.ones((1, 400), np.int64), np.zeros((1, 400)))
    assert np.isfinite(many.posterior).all() and many.posterior[0, -1] < 1e-6


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_lead_is_the_beta_posterior_above_a_half(first: int, second: int) -> None:
    from scipy.special import betainc

    exact = 1 - betainc(first + 1, second + 1, 0.5)
    assert lead_probability(np.array([first]), np.array([second]))[0] == pytest.approx(exact, abs=1e-10)


def test_four_samples_that_agree_are_enough_for_the_published_threshold() -> None:
    votes = np.array([1, 2, 3, 4, 5])
    stops = lead_probability(votes, np.zeros(5)) >= 0.95
    assert stops.tolist() == [False, False, False, True, True]


@given(st.floats(0.001, 0.999), st.floats(0.01, 0.99))
def test_no_fewer_samples_have_the_chance(success: float, chance: float) -> None:
    n = int(samples_needed(np.array(success), chance))
    assert 1 - (1 - success) ** n >= chance - 1e-9
    assert n == 1 or 1 - (1 - success) ** (n - 1) < chance + 1e-9


def test_a_hopeless_problem_gets_all_samples_and_a_certain_one_a_single_one() -> None:
    assert samples_needed(np.array([0.0, 1.0]), 0.9).tolist() == [np.inf, 1.0]
    assert log(0.1) / log(0.5) == pytest.approx(3.32, abs=0.01)
    assert samples_needed(np.array([0.5]), 0.9).tolist() == [4.0]


def test_the_map_is_a_low_quantile_of_success_and_never_falls() -> None:
    scores = np.repeat([0.2, 0.5, 0.8], 10)
    success = np.concatenate([np.linspace(0, 0.9, 10), np.linspace(0, 0.3, 10), np.linspace(0.5, 1, 10)])
    fitted = fit_success_map(scores, success, 0.1, 3)
    assert fitted.mean_score == pytest.approx((0.2, 0.5, 0.8))
    assert fitted.success == pytest.approx((0.09, 0.09, 0.55)), "the second group's own quantile is below the first's"
    assert fitted.of(np.array([0.0, 0.65, 1.0])) == pytest.approx([0.09, 0.32, 0.55])


@pytest.mark.parametrize(
    "points",
    [
        {"mean_score": (0.5, 0.1), "success": (0.1, 0.2)},
        {"success": (0.5, 0.1)},
        {"success": (0.5,)},
        {"success": (0.5, 1.5)},
    ],
)
def test_a_map_that_falls_or_holds_no_probabilities_is_refused(points) -> None:
    with pytest.raises(ValidationError):
        SuccessMap(**points)


@given(st.integers(1, 60), st.data(), st.floats(0.5, 0.99))
def test_the_risk_bound_is_clopper_and_pearsons(n: int, data: st.DataObject, confidence: float) -> None:
    from scipy.stats import beta

    errors = data.draw(st.integers(0, n))
    exact = 1.0 if errors == n else beta.ppf(confidence, errors + 1, n - errors)
    assert risk_bound(errors, n, confidence) == pytest.approx(exact, abs=1e-9)


def world(n: int, seed: int, places: int = 8) -> Prefixes:
    """Problems of all difficulties; scores tell right from wrong a little."""
    draws = np.random.default_rng(seed)
    right = draws.random((n, places)) < draws.random((n, 1))
    answers = np.where(right, 1, draws.integers(2, 5, (n, places)))
    scores = np.clip(draws.normal(np.where(right, 0.7, 0.5), 0.2), 0.01, 0.99)
    mask = np.ones(right.shape, bool)
    return prefixes(names(n), Candidates(answers.astype(object), scores, right, mask, np.ones(right.shape)), 2, seed)


def test_the_risk_on_other_problems_is_above_alpha_no_more_often_than_was_stated() -> None:
    elsewhere, rule = world(4000, 999), RiskControlled(alpha=0.1, confidence=0.8)
    risks = []
    for seed in range(60):
        fitted = rule.fitted(world(80, seed))
        risks.append(float(early_errors(fitted, elsewhere).mean()))
    broken = np.mean(np.array(risks) > rule.alpha)
    assert broken <= 0.2 + 2 * np.sqrt(0.2 * 0.8 / 60)
    assert np.mean(np.array(risks) > 0) > 0.9, "most of the time some problems are answered early"


def test_too_few_problems_to_control_a_risk_never_stop_early() -> None:
    fitted = RiskControlled(alpha=0.01, confidence=0.95).fitted(world(20, 0))
    assert fitted.threshold == NEVER and follow_rule(world(20, 1), fitted, 8).n_samples.min() == 8


def test_a_bolder_risk_draws_no_more_samples() -> None:
    mean_samples = [
        follow_rule(world(300, 1), RiskControlled(alpha=a).fitted(world(300, 0)), 8).n_samples.mean()
        for a in (0.02, 0.1, 0.3)
    ]
    assert mean_samples == sorted(mean_samples, reverse=True) and mean_samples[-1] < 8


def test_a_calibrated_map_gives_hard_problems_more_samples() -> None:
    rule = InstanceAdaptive(chance=0.9, probes=4).fitted(world(400, 0, 16))
    recorded = world(400, 1, 16)
    mean_samples = follow_rule(recorded, rule, 16).n_samples.mean(axis=0)
    hard = recorded.success < np.median(recorded.success)
    assert mean_samples[hard].mean() > mean_samples[~hard].mean()


def test_where_a_rule_looks_next() -> None:
    def after(n: int, mean_score: float = 0.5) -> Signals:
        return signals_of(np.ones((1, n), np.int64), np.full((1, n), mean_score))

    def at(rule: StoppingRule, n: int, mean_score: float = 0.5) -> int:
        signals = after(n, mean_score)
        return rule.next_look(Signals(**{name: values[0] for name, values in vars(signals).items()}))

    assert at(AdaptiveConsistency(), 3) == 4
    assert [at(Doubling(start=4), n) for n in (4, 8)] == [8, 16]
    first = [rule.first_look for rule in (AdaptiveConsistency(), Doubling(start=4), InstanceAdaptive(probes=2))]
    assert first == [1, 4, 2]
    assert at(InstanceAdaptive(probes=2, chance=0.9), 2) == 4
    assert at(InstanceAdaptive(probes=2, chance=0.9), 2, 0.0) > 1 << 30


def test_a_share_that_is_just_reached_stops_whatever_floats_make_of_it() -> None:
    codes = np.array([[1] * 7 + [2] * 43])
    stops = Doubling(agree=0.14, start=25).stops(signals_of(codes, np.ones(codes.shape)))
    assert 0.14 * 50 > 7 and stops[0, 50 - 1]


def test_every_compared_rule_keeps_to_the_most_it_may_draw_and_names_itself() -> None:
    recorded, labels = world(30, 3), set()
    for family in COMPARED_RULES:
        for rule in family:
            fitted = rule.fitted(recorded)
            result = follow_rule(recorded, fitted, 4)
            assert (
                result.n_samples.min() >= 1
                and result.n_samples.max() <= 4
                and ((result.accuracy >= 0) & (result.accuracy <= 1)).all()
            )
            labels.add((rule.label, rule.setting))
            assert type(rule).model_validate_json(fitted.model_dump_json()) == fitted
    assert len(labels) == sum(map(len, COMPARED_RULES))
    with pytest.raises(InputError, match="at most 9"):
        follow_rule(recorded, AdaptiveConsistency(), 9)
