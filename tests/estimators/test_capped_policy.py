"""Policies that keep to a budget on every problem."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.estimators.capped_policy import Lead, capped_policies, policy_within
from stepscale.estimators.online_outcomes import Candidates, Outcomes, outcomes
from stepscale.estimators.online_policy import OnlineSearchSpace, follow

SPACE = OnlineSearchSpace(probes=(1, 2, 4), sure=(0.6, 0.9, 2.0), n_bins=3)


def met(world: int, problems: int = 12) -> tuple[list[str], Outcomes]:
    """Samples of problems of rising difficulty, and two searches that are right more often than a sample."""
    rng = np.random.default_rng(world)
    easy = np.linspace(0.9, 0.1, problems)[:, None]

    def candidates(n: int, lift: float, cost: np.ndarray) -> Candidates:
        right = rng.random((problems, n)) < np.minimum(easy + lift, 1)
        answers = np.where(right, "1", rng.integers(2, 5, right.shape).astype(str)).astype(object)
        scores = np.clip(np.where(right, 0.7, 0.3) + rng.normal(0, 0.2, right.shape), 0, 1)
        return Candidates(answers, scores, right, np.ones(right.shape, bool), cost)

    pool = candidates(16, 0.0, np.ones((problems, 16)))
    runs = {f"beam at {n}": candidates(n, 0.3, np.full(problems, float(n))) for n in (4, 8)}
    ids = [f"p{i}" for i in range(problems)]
    return ids, outcomes(ids, pool, runs, orders=8, seed=world, most_probes=4)


@settings(max_examples=15, deadline=None)
@given(world=st.integers(0, 10_000), budget=st.integers(1, 20))
def test_no_problem_ever_costs_more_than_the_budget(world: int, budget: int) -> None:
    _, recorded = met(world)
    policy = policy_within(recorded, budget, SPACE)
    assert policy.probes <= budget
    for action in policy.actions:
        spent = action.samples if action.run is None else policy.probes + int(action.run.rpartition(" ")[2])
        assert spent <= budget
    assert (follow(recorded, policy).cost <= budget).all()


def test_where_it_is_chosen_more_budget_never_harms() -> None:
    _, recorded = met(3)
    accuracy = [follow(recorded, policy_within(recorded, budget, SPACE)).accuracy.mean() for budget in range(1, 21)]
    assert all(np.diff(accuracy) >= -1e-9)
    assert accuracy[-1] > accuracy[0]


def test_there_is_a_policy_for_each_number_of_samples_and_each_search() -> None:
    ids, recorded = met(0)
    got = capped_policies(recorded, ids, SPACE)
    assert [policy.budget for policy in got] == [1, 2, 4, 8, 12, 16]
    assert got == capped_policies(recorded, ids, SPACE)
    assert all(policy.generations <= policy.budget and 0 <= policy.accuracy <= 1 for policy in got)
    assert any(action.run for policy in got for action in policy.policy.actions)


def test_what_it_tells_was_measured_on_problems_it_was_not_chosen_on() -> None:
    """Where answers are coin flips a policy looks better than it is to those who chose it, and not in what is told."""
    rng = np.random.default_rng(0)
    ids = [f"p{i}" for i in range(40)]
    right = rng.random((40, 16)) < 0.5
    answers = np.array([[f"{i}" if r else f"w{i}" for i, r in enumerate(row)] for row in right], object)
    pool = Candidates(answers, rng.random(right.shape), right, np.ones(right.shape, bool), np.ones(right.shape))
    recorded = outcomes(ids, pool, {}, orders=1, seed=0)
    policy = capped_policies(recorded, ids, SPACE)[-1]
    assert policy.accuracy < follow(recorded, policy.policy).accuracy.mean()


def test_leads_are_paired_at_the_same_cap_and_at_the_same_mean_spending() -> None:
    """Uniform spending is right in 0.1 of the cases and 0.1 more for every doubling, alike on all problems."""
    ids, recorded = met(0)
    rate = {n: 0.1 * (1 + np.log2(n)) for n in (1, 2, 4, 8, 16)}
    uniform = {n: np.full(len(ids), policy) for n, policy in rate.items()}
    got = capped_policies(recorded, ids, SPACE, uniform=uniform)
    assert [policy.policy for policy in got] == [policy.policy for policy in capped_policies(recorded, ids, SPACE)]
    for policy in got:
        leads = {lead.at: lead for lead in policy.leads}
        assert set(leads) == ({"cap", "mean spending"} if policy.budget in uniform else {"mean spending"})
        spent = leads["mean spending"]
        assert spent.generations == policy.generations <= policy.budget
        assert spent.difference == pytest.approx(policy.accuracy - 0.1 * (1 + np.log2(policy.generations)))
        if policy.budget in uniform:
            at_cap = leads["cap"]
            assert at_cap.difference == pytest.approx(policy.accuracy - rate[policy.budget])
            assert [at_cap.low, at_cap.high] == pytest.approx(
                [policy.low - rate[policy.budget], policy.high - rate[policy.budget]]
            )
            assert at_cap.difference <= spent.difference + 1e-12, "at the cap the other spends more"


def test_without_what_it_is_compared_with_there_is_no_lead_and_the_orders_tell_an_error() -> None:
    ids, recorded = met(0)
    got = capped_policies(recorded, ids, SPACE)
    assert all(policy.leads == () for policy in got) and 0 < got[0].error < 0.1


def test_a_budget_below_every_number_of_probes_is_refused() -> None:
    _, recorded = met(0)
    with pytest.raises(InputError, match="3 generations"):
        policy_within(recorded, 3, OnlineSearchSpace(probes=(4,), sure=(0.9,), n_bins=3))


def test_a_lead_that_was_saved_with_a_monte_carlo_error_is_still_read() -> None:
    saved = {"at": "cap", "generations": 4, "difference": 0.1, "low": 0.0, "high": 0.2, "error": 0.004}
    assert Lead.model_validate(saved).difference == 0.1
