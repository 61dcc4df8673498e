"""DeepConf's online mode by hand: the threshold of the warm-up, who is stopped and where, who votes, what is counted."""

from dataclasses import replace

import pytest
from search_fakes import FakeGenerator, random_generator, scripted, some_problems, uniform

from stepscale.errors import InputError
from stepscale.estimators.confidence import lowest_group_confidence
from stepscale.generation.contract import Sampling
from stepscale.search.methods import read_options, search

SCRIPT = {"": ["a\n\\boxed{1}$", "b\n\\boxed{2}$", "c\n\\boxed{2}$", "d\n\\boxed{3}$"]}
SURE = {
    "a": (5.0, 1.0),
    "b": (3.0, 2.0),
    "c": (2.0, 2.0),
    "d": (4.0, 3.0),
}  # nats: the first step's two tokens, the rest


def by_letter(text: str) -> list[float]:
    first, others = SURE[text[0]]
    return [first] * 2 + [others] * (len(text) - 2)


class Stoppable(FakeGenerator):
    """A generator that keeps self-certainties and heeds the floor of a request, as the contract says."""

    sure = staticmethod(by_letter)

    def generate(self, requests, sampling, until, ledger):
        continuations = super().generate(requests, sampling, until, ledger)
        return [self._stopped(*pair, sampling) for pair in zip(requests, continuations, strict=True)]

    def _stopped(self, request, one, sampling):
        levels, group = self.sure("".join(map(chr, one.tokens))), sampling.group
        one = replace(one, certainties=tuple(levels) if sampling.certainty else ())
        for end in range(
            group, len(levels) + (one.ended != "solution")
        ):  # the token that ends a solution ends it first
            if sum(levels[end - group : end]) / group < request.floor:
                cut = {"tokens": one.tokens[:end], "logprobs": one.logprobs[:end], "certainties": tuple(levels[:end])}
                return replace(one, **cut, ended="length", step_ends=tuple(i for i in one.step_ends if i < end))
        return one


def run(generator, **options):
    method_options = read_options({"method": "deepconf", **options})
    return search(some_problems(1), generator, None, method_options, Sampling(max_new_tokens=50), run_seed=0)[0]


def test_later_samples_stop_at_the_token_where_their_group_falls_below_the_warm_ups_threshold():
    # every call begins the script anew: a, d, then a, d. Lowest groups of two: a 1, d 3; half of the two passes: 2
    generator = Stoppable(scripted({"": [SCRIPT[""][0], SCRIPT[""][3]]}))
    result = run(generator, n=4, warm_up=2, share=0.5, group=2)
    assert [[request.floor for request in call[2]] for call in generator.calls] == [
        [float("-inf")] * 2,
        [pytest.approx(2, abs=1e-4)] * 2,
    ]
    assert [one.finish for one in result.candidates] == ["solution", "solution", "rejected", "solution"]
    stopped = result.candidates[2]
    assert len(stopped.tokens) == 4 and stopped.answer is None  # groups of a: 5, (5 + 1) / 2 = 3, 1: below 2 at token 4
    assert set(result.ledger.models) == {"gen"} and result.rounds == 2 and result.budget == 4


def test_the_vote_is_of_those_that_pass_each_with_its_confidence():
    # b 2, c 2, d 3, and again; a share of a third of these three passes: 2 + 1/3, so d alone
    generator = Stoppable(scripted({"": SCRIPT[""][1:]}))
    assert run(generator, n=6, warm_up=3, share=1 / 3, group=2).answer == "3"
    result = run(generator, n=6, warm_up=3, share=1.0, group=2)  # all pass: 2 x (2 + 2) votes for 2, 2 x 3 for 3
    assert result.answer == "2" and result.confidence == pytest.approx(8 / 14)


def test_what_passes_is_what_the_whole_samples_would_pass():
    for world in range(12):

        class Random(Stoppable):
            sure = staticmethod(
                lambda text, world=world: [2 + uniform(world, text[:i]) for i in range(1, len(text) + 1)]
            )

        say = random_generator(world).say
        options = read_options({"method": "deepconf", "n": 12, "warm_up": 4, "share": 0.5, "group": 3})
        online = search(some_problems(2), Random(say), None, options, Sampling(max_new_tokens=60), run_seed=0)
        whole_options = read_options({"method": "vote", "n": 12, "vote": {"kind": "filtered", "share": 1, "group": 3}})
        whole = search(some_problems(2), Random(say), None, whole_options, Sampling(max_new_tokens=60), run_seed=0)
        for one, other in zip(online, whole, strict=True):
            floor = options.threshold(other.candidates)
            passing = [c.slot for c in other.candidates if lowest_group_confidence(c.certainties, 3) >= floor]
            slots = [c.slot for c in one.candidates if lowest_group_confidence(c.certainties, 3) >= floor]
            assert passing == slots and options.threshold(one.candidates) == floor
            assert options.choice(
                other.candidates, 0, "prm800k"
            ).answer == one.answer or one.confidence == pytest.approx(0.5)
            for mine, theirs in zip(one.candidates, other.candidates, strict=True):
                assert mine.tokens == theirs.tokens[: len(mine.tokens)]


def test_a_budget_within_the_warm_up_is_the_filtered_vote():
    result = run(Stoppable(scripted(SCRIPT)), n=4, share=0.25, group=2)  # threshold 2.25: d alone
    assert result.rounds == 1 and result.answer == "3" and result.confidence == pytest.approx(1.0)


def test_a_generator_that_keeps_no_self_certainty_is_refused_in_one_line():
    with pytest.raises(InputError, match="generator gen does not keep the self-certainty of its tokens"):
        run(FakeGenerator(scripted(SCRIPT)), n=4)


@pytest.mark.parametrize("options", [{"warm_up": 0}, {"share": 0}, {"share": 1.1}, {"group": 0}])
def test_wrong_options_are_refused(options):
    with pytest.raises(InputError, match="search options: deepconf"):
        read_options({"method": "deepconf", "n": 4, **options})
