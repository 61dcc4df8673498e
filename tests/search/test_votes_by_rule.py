"""Votes by a rule as a search method: what each judges by, what it costs, and what is refused."""

from dataclasses import replace

import pytest
from search_fakes import END, FakeGenerator, scripted, some_problems, valued

from stepscale.errors import InputError
from stepscale.generation.contract import Sampling
from stepscale.search.methods import read_options, search
from stepscale.search.plan import SearchPlan

SCRIPT = {"": ["a\n\\boxed{1}$", "b\n\\boxed{2}$", "c\n\\boxed{2}$", "d\n\\boxed{3}$"]}
SURE = {
    "a": (5.0, 1.0),
    "b": (3.0, 2.0),
    "c": (2.0, 2.0),
    "d": (4.0, 3.0),
}  # of the first step's tokens, and of the rest


class Telling(FakeGenerator):
    """A generator that tells log-likelihoods and, if asked, self-certainties of its own."""

    def generate(self, requests, sampling, until, ledger):
        continuations = []
        for one in super().generate(requests, sampling, until, ledger):
            first, others = SURE[self.decode(one.tokens)[0]]
            levels = (first,) * 2 + (others,) * (len(one.tokens) - 2)
            continuations.append(
                replace(
                    one,
                    logprobs=tuple(level - 6 for level in levels),
                    certainties=levels if sampling.certainty else (),
                )
            )
        return continuations


def run(vote: dict, verifier=None, generator=Telling):
    options = read_options({"method": "vote", "n": 4, "vote": vote})
    scripted_generator = generator(scripted(SCRIPT))
    return search(some_problems(1), scripted_generator, verifier, options, Sampling(max_new_tokens=50), run_seed=0)[
        0
    ], scripted_generator


def test_borda_by_self_certainty_ranks_by_the_mean_of_the_tokens():
    # 12 tokens, two of the first step: a 20/12, b 26/12, c 24/12, d 38/12 -> d 4, b 3, c 2, a 1 votes
    result, generator = run({"kind": "borda"})
    assert result.answer == "2" and result.confidence == pytest.approx(0.5)
    assert result.candidates[result.chosen].steps[0] == "b" and result.candidates[3].certainties[:3] == (4.0, 4.0, 3.0)
    assert generator.calls[0][1].certainty and set(result.ledger.models) == {"gen"}


def test_a_power_brings_borda_near_to_the_best_sample():
    assert run({"kind": "borda", "power": 3})[0].answer == "3"  # 64 against 27 + 8


def test_borda_by_log_likelihood_asks_for_no_self_certainty():
    result, generator = run({"kind": "borda", "by": "mean_logprob"})
    assert result.answer == "2" and not generator.calls[0][1].certainty
    assert result.candidates[0].certainties == ()


def test_the_filter_looks_at_the_lowest_group():
    # lowest of 2 tokens: a 1, b 2, c 2, d 3; of 12 the means above
    assert run({"kind": "filtered", "share": 0.25, "group": 2})[0].answer == "3"
    result, _ = run({"kind": "filtered", "share": 0.5, "group": 2})  # b and c are alike: both stay
    assert result.answer == "2" and result.confidence == pytest.approx(4 / 7)
    assert run({"kind": "filtered", "share": 0.5})[0].answer == "3"  # d 38/12, b 26/12


def test_a_pessimistic_vote_takes_the_verifiers_scores():
    # last steps: 1 .7, 2 .5, 3 .72; ln(4) / 2 - ln(4) / 3 = .231 for the second sample of 2
    verifier = valued({"\\boxed{1}": 0.7, "\\boxed{2}": 0.5, "\\boxed{3}": 0.72})
    assert run({"kind": "pessimistic", "penalty": 0.0}, verifier)[0].answer == "3"
    assert run({"kind": "pessimistic", "penalty": 1.0}, verifier)[0].answer == "2"  # .5 + .231 against .72
    with pytest.raises(InputError, match="needs a verifier"):
        run({"kind": "pessimistic"})


def test_a_generator_that_does_not_tell_is_refused_in_one_line():
    with pytest.raises(InputError, match="generator gen does not keep the self-certainty of its tokens"):
        run({"kind": "borda"}, generator=FakeGenerator)


def test_trees_choose_by_a_rule_too():
    script = {"": ["a\n", "d\n"], "a": ["\\boxed{1}$"], "d": ["\\boxed{3}$"]}

    class Sure(FakeGenerator):
        def generate(self, requests, sampling, until, ledger):
            continuations = super().generate(requests, sampling, until, ledger)
            return [
                replace(c, certainties=tuple(map(float, c.tokens)) if sampling.certainty else ()) for c in continuations
            ]

    options = read_options({"method": "beam", "n": 2, "width": 1, "choose": {"kind": "borda"}})
    generator = Sure(scripted(script))
    [result] = search(some_problems(1), generator, valued({}), options, Sampling(max_new_tokens=50), run_seed=0)
    assert result.answer == "3"  # d and 3 have the greater codes
    assert result.candidates[0].certainties == tuple(map(float, map(ord, "a\n\\boxed{1}" + END)))
    assert "choose=borda by=self_certainty power=1.0" in result.strategy


@pytest.mark.parametrize("method", ["beam", "dvts", "particle_filtering", "speculative_rejection"])
@pytest.mark.parametrize(
    ("kind", "fault"),
    [({"kind": "filtered"}, "certainty"), ({"kind": "borda", "by": "mean_logprob"}, "no log-likelihoods")],
)
def test_what_a_generator_does_not_tell_is_refused_whatever_the_search(method, kind, fault):
    class Silent(FakeGenerator):
        def generate(self, requests, sampling, until, ledger):
            return [replace(one, logprobs=()) for one in super().generate(requests, sampling, until, ledger)]

    options = read_options({"method": method, "n": 2, "choose": kind})
    with pytest.raises(InputError, match=f"generator gen .*{fault}"):
        search(some_problems(1), Silent(scripted(SCRIPT)), valued({}), options, Sampling(max_new_tokens=50), run_seed=0)


def test_they_are_measured_from_samples_so_no_plan_searches_them():
    with pytest.raises(ValueError, match="measured without search"):
        SearchPlan(problems=10, problems_per_shard=5, budgets=(4,), strategies=[{"method": "vote"}])


@pytest.mark.parametrize(
    "vote",
    [
        {"kind": "borda", "power": 0},
        {"kind": "filtered", "share": 0},
        {"kind": "filtered", "by": "mean_logprob"},
        {"kind": "pessimistic", "by": "self_certainty"},
        {"kind": "schulze"},
        {"kind": "borda", "group": 0},
    ],
)
def test_a_wrong_rule_is_refused(vote):
    with pytest.raises(InputError, match="search options: vote"):
        read_options({"method": "vote", "n": 4, "vote": vote})


def test_names_tell_rule_and_judge():
    def name_of(vote: dict) -> str:
        return read_options({"method": "vote", "n": 1, "vote": vote}).display_name()

    assert name_of({"kind": "borda", "power": 0.3}) == "Borda vote, power = 0.3 by self_certainty"
    assert name_of({"kind": "filtered", "group": 64}) == "confidence-filtered vote by lowest_group of 64"
    assert name_of({"kind": "pessimistic"}) == "pessimistic vote by score"
