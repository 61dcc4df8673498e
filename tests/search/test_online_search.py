"""The online policy at work does what its simulation says, for the cost it says."""

import numpy as np
import pytest
from search_fakes import FakeGenerator, FakeVerifier, random_generator, scripted, some_problems, uniform

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.estimators import online_outcomes
from stepscale.estimators.online_outcomes import Candidates, outcomes
from stepscale.estimators.online_policy import Action, OnlinePolicy, follow
from stepscale.generation.contract import Sampling
from stepscale.search.beam import Beam
from stepscale.search.best_of_n import Weighted
from stepscale.search.methods import search
from stepscale.search.online import search_online
from stepscale.search.results import SearchResult
from stepscale.seeds import seed_for

SAMPLING = Sampling(max_new_tokens=40)
BEAM = Beam(n=4, width=2)
PROBLEMS = some_problems(24)
RIGHT = {problem.problem_id: str(i % 3) for i, problem in enumerate(PROBLEMS)}


def verifier() -> FakeVerifier:
    """Unlike one problem to the next: sure of some, of others not."""
    return FakeVerifier(lambda problem, steps: round(uniform(problem) * (0.4 + 0.6 * uniform(problem, steps)), 3))


def online(policy: OnlinePolicy, generator: FakeGenerator | None = None) -> tuple[list[SearchResult], Ledger]:
    ledger = Ledger()
    got = search_online(
        PROBLEMS,
        generator or random_generator(3),
        verifier(),
        policy,
        {"beam": BEAM},
        SAMPLING,
        run_seed=0,
        ledger=ledger,
    )
    return got, ledger


def recorded(results: list[SearchResult], run: bool) -> Candidates:
    def grid(value):
        return np.array([[value(c, RIGHT[r.problem_id]) for c in r.candidates] for r in results])

    answers = grid(lambda c, _: c.answer).astype(object)
    mask = grid(lambda c, _: c.answer is not None and c.score is not None)
    scores = grid(lambda c, _: c.score or 0.0)
    right = grid(lambda c, gold: c.answer == gold)
    cost = np.array([float(r.budget) for r in results]) if run else np.ones(scores.shape)
    return Candidates(answers, scores, right & mask, mask, cost)


@pytest.mark.parametrize(
    "policy",
    [
        OnlinePolicy(probes=2, sure=0.35, borders=(0.3,), actions=(Action(samples=8), Action(samples=2, run="beam"))),
        OnlinePolicy(probes=1, sure=0.5, borders=(), actions=(Action(samples=4),)),
        OnlinePolicy(
            probes=4,
            sure=2.0,
            borders=(0.3, 0.1),
            actions=(Action(samples=4), Action(samples=8), Action(samples=4, run="beam")),
        ),
    ],
)
def test_it_gives_the_answers_of_its_simulation_at_the_same_cost(policy, monkeypatch) -> None:
    whole = search(PROBLEMS, random_generator(3), verifier(), Weighted(n=8), SAMPLING, run_seed=0, ledger=Ledger())
    beam_seed = seed_for(0, "online-run")
    beams = search(PROBLEMS, random_generator(3), verifier(), BEAM, SAMPLING, run_seed=beam_seed, ledger=Ledger())
    monkeypatch.setattr(online_outcomes, "random_orders", lambda seed, name, orders, places: np.arange(places)[None])
    outcomes_table = outcomes(
        [p.problem_id for p in PROBLEMS], recorded(whole, False), {"beam": recorded(beams, True)}, orders=1
    )
    simulated = follow(outcomes_table, policy)
    got, _ = online(policy)
    assert [float(r.budget) for r in got] == list(simulated.cost)
    assert len(set(simulated.cost)) > 1  # not all problems were treated alike
    right = np.array([float(r.answer == RIGHT[r.problem_id]) for r in got])
    decided = (simulated.accuracy == 0) | (simulated.accuracy == 1)  # elsewhere a tie is settled by a coin
    assert decided.mean() > 0.8
    assert (right == simulated.accuracy)[decided].all()


def test_every_token_is_counted_and_each_problem_knows_its_own() -> None:
    policy = OnlinePolicy(
        probes=2, sure=0.35, borders=(0.3,), actions=(Action(samples=8), Action(samples=2, run="beam"))
    )
    got, ledger = online(policy)
    assert sum(result.ledger.tokens for result in got) == ledger.tokens
    kinds = {result.strategy.split(",")[1].split()[0] for result in got}
    assert kinds == {"sure", "then", "sampled"}
    for result in got:
        slots = [candidate.slot for candidate in result.candidates]
        assert slots == list(range(len(slots)))
        assert result.chosen is None or result.candidates[result.chosen].answer == result.answer
        assert result.confidence is None or 0 <= result.confidence <= 1


def test_an_unknown_run_is_named() -> None:
    policy = OnlinePolicy(probes=1, sure=0.5, borders=(), actions=(Action(samples=1, run="dvts"),))
    with pytest.raises(InputError, match="dvts"):
        online(policy)


@pytest.mark.parametrize(("how", "score"), [("last", 0.9), ("product", 0.36), ("min", 0.4)])
def test_probes_and_runs_are_scored_by_the_aggregation_asked_for(how, score) -> None:
    judge = FakeVerifier(lambda problem, steps: 0.9 if len(steps) > 1 else 0.4)
    writes = FakeGenerator(scripted({"": ["half\n"], "half": ["\\boxed{1}$"]}))
    policy = OnlinePolicy(probes=2, sure=2.0, borders=(), actions=(Action(samples=2, run="beam"),))
    runs = {"beam": Beam(n=4, width=2, aggregation=how)}
    [got] = search_online(
        some_problems(1), writes, judge, policy, runs, SAMPLING, run_seed=0, ledger=Ledger(), aggregation=how
    )
    assert len(got.candidates) == 6 and {round(c.score, 6) for c in got.candidates} == {score}
