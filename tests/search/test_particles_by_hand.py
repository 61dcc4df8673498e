"""Particle filters and speculative rejection on scripts so small that the result is computed by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_fakes import (
    FakeGenerator,
    FakeVerifier,
    random_generator,
    random_verifier,
    scripted,
    some_problems,
    valued,
)

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.generation.contract import Sampling
from stepscale.search.entropic import EntropicParticleFiltering
from stepscale.search.methods import read_options, search
from stepscale.search.partial import PartialSolution
from stepscale.search.plan import SearchPlan
from stepscale.search.resampling import effective_size, odds_weights, resample
from stepscale.search.results import SearchResult
from stepscale.search.speculative_rejection import SpeculativeRejection

TREE = {
    "": ["a\n", "b\n", "c\n", "d\n"],
    "a": ["e\n", "\\boxed{1}$"],
    "b": ["\\boxed{2}$"],
    "c": ["\\boxed{3}$"],
    "d": ["\\boxed{3}$"],
    "a/e": ["\\boxed{2}$"],
}
SCORES = {"a": 0.9, "b": 0.8, "c": 0.2, "d": 0.1, "e": 0.3, "\\boxed{1}": 0.4, "\\boxed{2}": 0.6, "\\boxed{3}": 0.3}
NEW = [
    {"method": "particle_filtering"},
    {"method": "particle_filtering", "resampling": "multinomial", "temperature": 0.5},
    {"method": "particle_filtering", "resampling": "stratified", "choose": "majority"},
    {"method": "entropic_particle_filtering"},
    {"method": "speculative_rejection", "every": 1},
]


def run(options: dict, script: dict, verifier: FakeVerifier) -> tuple[SearchResult, FakeGenerator]:
    generator = FakeGenerator(scripted(script))
    sampling = Sampling(max_new_tokens=100)
    got = search(some_problems(1), generator, verifier, read_options(options), sampling, run_seed=0, ledger=Ledger())
    return got[0], generator


def test_weights_are_the_odds_of_the_scores_over_a_temperature():
    scores = np.array([0.5, 0.8, 0.2])  # odds 1, 4, 1/4
    assert odds_weights(scores, 1.0) == pytest.approx([1 / 5.25, 4 / 5.25, 0.25 / 5.25])
    assert odds_weights(scores, 2.0) == pytest.approx([1 / 3.5, 2 / 3.5, 0.5 / 3.5])
    assert odds_weights(np.array([np.nan, 0.5, 0.5]), 1.0) == pytest.approx([0, 0.5, 0.5])
    assert odds_weights(np.array([np.nan, np.nan]), 1.0) == pytest.approx([0.5, 0.5])
    assert odds_weights(np.array([1.0, 0.0, 0.5]), 1.0).sum() == pytest.approx(1.0)


def test_the_effective_size_is_n_for_equal_weights_and_1_where_one_has_all():
    assert effective_size(np.full(4, 0.25)) == pytest.approx(4)
    assert effective_size(np.array([1.0, 0.0])) == pytest.approx(1)
    assert effective_size(np.array([0.5, 0.25, 0.25, 0.0])) == pytest.approx(8 / 3)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("scheme", ["systematic", "stratified"])
def test_shares_that_are_whole_are_copied_exactly(scheme, seed):
    assert list(resample(np.array([0.5, 0.25, 0.25, 0.0]), scheme, seed)) == [0, 0, 1, 2]


@pytest.mark.parametrize("scheme", ["multinomial", "stratified", "systematic"])
def test_every_scheme_copies_a_particle_by_its_weight_in_expectation(scheme):
    weights = np.array([0.55, 0.0, 0.3, 0.15])
    counts = np.array([np.bincount(resample(weights, scheme, seed), minlength=4) for seed in range(4000)])
    assert counts.mean(axis=0) == pytest.approx(4 * weights, abs=0.06)
    most = {"systematic": 1, "stratified": 2, "multinomial": 4}[scheme]
    assert (np.abs(counts - 4 * weights) < most).all() and (counts.sum(axis=1) == 4).all()


def test_near_temperature_0_the_best_particle_takes_all_and_ended_ones_take_part():
    # round 1: all four become a (.9); round 2: e (.3), 1 (.4, ended), e, 1 -> the two ended ones take two slots each
    options = {"method": "particle_filtering", "n": 4, "temperature": 1e-3}
    result, generator = run(options, TREE, valued(SCORES))
    assert [(c.slot, c.steps, c.answer) for c in result.candidates] == [
        (slot, ("a", "\\boxed{1}"), "1") for slot in range(4)
    ]
    assert result.answer == "1" and result.n_distinct == 1 and result.rounds == 2 and result.budget == 4
    assert [len(requests) for requests in generator.rounds()] == [4, 4]


def test_at_the_least_temperatures_that_a_number_can_be_the_best_particle_takes_all():
    for temperature in (1e-300, 1e-310, 5e-324):
        assert odds_weights(np.array([0.2, 0.9, np.nan, 0.5]), temperature).tolist() == [0, 1, 0, 0]
        assert odds_weights(np.array([0.9, 0.9]), temperature).tolist() == [0.5, 0.5]


def test_at_a_high_temperature_all_particles_go_on_as_they_are():
    flat, _ = run({"method": "particle_filtering", "n": 4, "temperature": 1e9}, TREE, valued(SCORES))
    beams, _ = run({"method": "beam", "n": 4, "width": 1}, TREE, valued(SCORES))
    assert [c.steps for c in flat.candidates] == [
        ("a", "e", "\\boxed{2}"),
        ("b", "\\boxed{2}"),
        ("c", "\\boxed{3}"),
        ("d", "\\boxed{3}"),
    ]
    assert flat.answer == beams.answer == "2" and flat.confidence == pytest.approx(1.2 / 1.8)


def test_a_particle_cut_off_at_the_token_limit_is_never_copied():
    script = {"": ["x" * 200, "a\n"], "a": ["\\boxed{1}$"]}
    result, _ = run({"method": "particle_filtering", "n": 2}, script, valued({}))
    assert [c.finish for c in result.candidates] == ["solution", "solution"]


def test_the_temperature_is_raised_early_where_one_particle_holds_the_weight():
    scores = np.array([0.9, 0.1, 0.1, 0.1])  # odds 9 and 1/9: weights 81/84 and 1/84
    plain = np.array([81, 1, 1, 1]) / 84
    share = 84**2 / (81**2 + 3) / 4  # of N: 0.2687
    method = EntropicParticleFiltering(n=4, rounds=10)
    temperature = 0.9 / share  # a tenth of the rounds is over
    raised = np.array([81 ** (1 / temperature), 1, 1, 1])
    assert method.weights(scores, 0) == pytest.approx(raised / raised.sum())
    assert method.weights(scores, 4) == pytest.approx(plain)  # half of them is over
    assert method.model_copy(update={"threshold": 0.25}).weights(scores, 0) == pytest.approx(plain)
    assert method.weights(np.full(4, 0.9), 0) == pytest.approx([0.25] * 4)


def test_the_worst_half_is_rejected_and_never_wins():
    # round 1: c (.2) and d (.1) go; round 2: e (.3) goes on alone, for half of one is none; 2 (.6) has ended
    options = {"method": "speculative_rejection", "n": 4, "every": 1}
    result, generator = run(options, TREE, valued(SCORES))
    assert [(c.steps, c.finish) for c in result.candidates] == [
        (("a", "e", "\\boxed{2}"), "solution"),
        (("b", "\\boxed{2}"), "solution"),
        (("c",), "rejected"),
        (("d",), "rejected"),
    ]
    assert result.answer == "2" and result.confidence == pytest.approx(0.6) and result.rounds == 3
    assert [len(requests) for requests in generator.rounds()] == [4, 2, 1]
    assert result.candidates[2].answer is None and result.candidates[2].score == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("interval", "share", "left"), [(1, 0.0, 4), (2, 0.5, 4), (1, 0.25, 3), (1, 0.75, 1), (1, 0.99, 1)]
)
def test_rejection_goes_by_its_share_and_its_steps(interval, share, left):
    options = {"method": "speculative_rejection", "n": 4, "every": interval, "rejected": share}
    result, _ = run(options, {**TREE, "a": ["\\boxed{1}$"]}, valued(SCORES))
    assert len(result.finished) == left


@pytest.mark.parametrize(("share", "n", "rejected"), [(0.58, 50, 29), (0.29, 100, 29), (0.5, 5, 2)])
def test_a_share_of_the_open_solutions_is_rounded_down_as_it_is_written(share, n, rejected):
    options = SpeculativeRejection(n=n, rejected=share, every=1)
    after = options.select([PartialSolution(0, slot, ()) for slot in range(n)], 0, 0)
    assert sum(one.finish == "rejected" for one in after) == rejected


def test_what_was_not_written_is_not_paid_for():
    spent = {
        name: run({"method": name, "n": 4, **options}, TREE, valued(SCORES))[0].ledger.models
        for name, options in (("speculative_rejection", {"every": 1}), ("beam", {"width": 1}))
    }
    # 4 x "a\n", "e\n" and "\boxed{2}$" twice; without rejection "\boxed{3}$" twice more
    assert spent["speculative_rejection"]["gen"].decode == 4 * 2 + 2 + 2 * 10
    assert spent["beam"]["gen"].decode == 4 * 2 + 2 + 4 * 10


@pytest.mark.parametrize("options", NEW)
def test_they_are_planned_beside_beam_search_under_names_of_their_own(options):
    strategies = [{"method": "beam", "width": 4}, options]
    plan = SearchPlan(problems=10, problems_per_shard=5, budgets=(4, 16), strategies=strategies)
    assert len(plan.searches) == 4 and len({name for name, _ in plan.named}) == 2
    assert [options.budget for _, _, options in plan.runs] == [4, 4, 16, 16]


def test_names_tell_what_differs_from_the_defaults():
    names = [read_options({"n": 1, **options}).display_name() for options in NEW]
    assert names[:2] == ["particle filtering", "particle filtering resampling = multinomial, temperature = 0.5"]
    assert names[3:] == ["entropic particle filtering", "speculative rejection every = 1"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "particle_filtering", "temperature": 0},
        {"method": "particle_filtering", "resampling": "residual"},
        {"method": "entropic_particle_filtering", "early": 2},
        {"method": "speculative_rejection", "rejected": 1},
        {"method": "speculative_rejection", "width": 4},
    ],
)
def test_a_wrong_option_is_refused_by_its_name(wrong):
    with pytest.raises(InputError, match=list(wrong)[1]):
        read_options({"n": 4, **wrong})


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(NEW), st.integers(1, 6), st.integers(0, 10**6))
def test_every_slot_ends_as_a_candidate_and_company_changes_nothing(options, n, world):
    def results_of(at_once: int) -> list[SearchResult]:
        return search(
            some_problems(3),
            random_generator(world, p_long=0.1),
            random_verifier(world),
            read_options({**options, "n": n}),
            Sampling(max_new_tokens=60),
            run_seed=1,
            problems_at_once=at_once,
        )

    batch = results_of(3)
    for alone, result in zip(results_of(1), batch, strict=True):
        assert [c.slot for c in result.candidates] == list(range(n))
        assert (result.candidates, result.answer, result.rounds) == (alone.candidates, alone.answer, alone.rounds)
        assert all((c.answer is None) or c.finish == "solution" for c in result.candidates)
