"""A stopping rule at work draws and answers what its replay over recorded samples says."""

import numpy as np
import pytest
from search_fakes import FakeVerifier, random_generator, some_problems, uniform

import stepscale
from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.estimators.online_outcomes import Candidates
from stepscale.estimators.stopping import prefixes as module
from stepscale.estimators.stopping.instance_adaptive import SuccessMap
from stepscale.estimators.stopping.prefixes import prefixes
from stepscale.estimators.stopping.replay import follow_rule
from stepscale.generation.contract import Sampling
from stepscale.search.best_of_n import Weighted
from stepscale.search.methods import read_options, search
from stepscale.search.plan import SearchPlan

SAMPLING, N = Sampling(max_new_tokens=40), 8
PROBLEMS = some_problems(40)
METHODS = [
    {"method": "adaptive_consistency", "threshold": 0.8},
    {"method": "confidence_posterior", "threshold": 0.7},
    {"method": "doubling", "start": 2, "agree": 0.75},
    {"method": "instance_adaptive", "probes": 2, "chance": 0.7},
    {"method": "risk_controlled", "threshold": 0.3},
]


def verifier() -> FakeVerifier:
    return FakeVerifier(lambda problem, steps: round(uniform(problem) * (0.4 + 0.6 * uniform(problem, steps)), 3))


@pytest.mark.parametrize("options", METHODS, ids=lambda options: str(options["method"]))
def test_it_draws_and_answers_as_in_its_replay(options: dict[str, object], monkeypatch) -> None:
    method = read_options({**options, "n": N})
    whole = search(PROBLEMS, random_generator(3), verifier(), Weighted(n=N), SAMPLING, run_seed=0)
    gold = [str(i % 3) for i in range(len(PROBLEMS))]
    answers = np.array([[c.answer for c in r.candidates] for r in whole], object)
    mask = np.array([[c.answer is not None for c in r.candidates] for r in whole])
    scores = np.array([[c.score or 0.0 for c in r.candidates] for r in whole])
    right = np.array([[c.answer == g for c in r.candidates] for r, g in zip(whole, gold, strict=True)]) & mask
    monkeypatch.setattr(module, "random_orders", lambda seed, name, orders, places: np.arange(places)[None])
    recorded = prefixes(
        [p.problem_id for p in PROBLEMS], Candidates(answers, scores, right, mask, np.ones(mask.shape)), 1
    )
    replayed = follow_rule(recorded, method, N)
    ledger = Ledger()
    results = search(PROBLEMS, random_generator(3), verifier(), method, SAMPLING, run_seed=0, ledger=ledger)
    assert [len(result.candidates) for result in results] == replayed.n_samples[0].tolist()
    assert len(set(replayed.n_samples[0].tolist())) > 1, "not all problems are treated alike"
    decided = (replayed.accuracy == 0) | (replayed.accuracy == 1)  # elsewhere a tie is settled by a coin
    live = np.array([float(result.answer == g) for result, g in zip(results, gold, strict=True)])
    assert decided.mean() > 0.6 and (live == replayed.accuracy)[decided].all()
    assert sum(result.ledger.tokens for result in results) == ledger.tokens
    assert ("prm" in ledger.models) == method.needs_verifier


@pytest.mark.parametrize("options", METHODS, ids=lambda options: str(options["method"]))
def test_solve_takes_a_rule_by_its_name_and_keeps_to_the_budget(options: dict[str, object]) -> None:
    answer = stepscale.solve("problem 3", random_generator(3), verifier(), budget=4, **options)
    assert answer.budget == 4 and 1 <= len(answer.candidates) <= 4
    assert answer.confidence is None or 0 < answer.confidence <= 1


def test_votes_of_counts_need_no_verifier_and_others_say_that_they_do() -> None:
    answer = stepscale.solve("problem 3", random_generator(3), method="adaptive_consistency", budget=8)
    assert set(answer.cost.models) == {"gen"}
    with pytest.raises(InputError, match="needs a verifier"):
        stepscale.solve("problem 3", random_generator(3), method="confidence_posterior", budget=8)


def test_a_wrong_setting_is_one_line() -> None:
    with pytest.raises(InputError, match="threshold"):
        read_options({"method": "adaptive_consistency", "n": 4, "threshold": 0.4})
    with pytest.raises(InputError, match="must not fall"):
        read_options({"method": "instance_adaptive", "n": 4, "calibration": {"mean_score": [1, 0], "success": [0, 1]}})


def test_a_rule_that_was_fitted_is_set_to_work_as_it_was_saved() -> None:
    saved = {"chance": 0.9, "probes": 1, "quantile": 0.1, "calibration": {"mean_score": [0.5], "success": [0.2]}}
    method = read_options({"method": "instance_adaptive", "n": 64, **saved})
    assert method.calibration == SuccessMap(mean_score=(0.5,), success=(0.2,))
    [result] = search(PROBLEMS[:1], random_generator(3), verifier(), method, SAMPLING, run_seed=0)
    assert len(result.candidates) == 11 and result.rounds == 2, "log(0.1) / log(0.8), rounded up, in two calls"


def test_rules_are_replayed_over_recorded_samples_and_not_searched() -> None:
    plan = {"problems": 10, "problems_per_shard": 1, "budgets": [4], "strategies": [{"method": "doubling"}]}
    with pytest.raises(ValueError, match="doubling"):
        SearchPlan.model_validate(plan)
