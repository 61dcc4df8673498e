"""Requests that join a running batch at any token draw what they draw alone, and leave without a trace."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.generation.continuous import ContinuousBatch, DrawCall
from stepscale.generation.contract import Continuation, Request, Sampling
from stepscale.generation.local import LocalGenerator

SAMPLING = Sampling(temperature=0.8, top_p=0.9)
MODELS = {"llama": {}, "mistral": {"sliding_window": 12}, "gpt2": {}}


def calls_of(generator: LocalGenerator, n: int) -> list[DrawCall]:
    """Calls of one to four requests, with prompts of many lengths, limits of their own, and both kinds of ends."""
    rng = np.random.default_rng(0)
    return [
        DrawCall(
            [Request(generator.encode_prompt("1+" * int(rng.integers(1, 20))), 100 * i + k) for k in range(1 + i % 4)],
            most=int(rng.integers(5, 60)),
            until="step" if i % 3 else "solution",
        )
        for i in range(n)
    ]


def drawn_alone(generator: LocalGenerator, call: DrawCall, sampling: Sampling = SAMPLING) -> list[Continuation]:
    generator.clear_cache()
    return generator.generate(call.requests, replace(sampling, max_new_tokens=call.most), call.until, Ledger())


def finished(batch: ContinuousBatch, calls: list[DrawCall], per_step: int) -> None:
    """Adds some calls before each step, until all are done."""
    waiting, finished_calls = list(calls), []
    while waiting or len(batch):
        for call in waiting[:per_step]:
            batch.add(call)
        del waiting[:per_step]
        finished_calls += batch.step()
    assert len(finished_calls) == len(calls) and all(call.is_done for call in calls)


def tokens_of(call: DrawCall) -> list[tuple[object, ...]]:
    continuations = [call.continuations[i] for i in range(len(call.requests))]
    return [(c.tokens, c.ended, c.step_ends) for c in continuations]


def has_drawn(call: DrawCall, expected: list[Continuation]) -> bool:
    return tokens_of(call) == [(c.tokens, c.ended, c.step_ends) for c in expected]


@pytest.fixture(scope="module")
def alone(make_model) -> Callable[..., list[list[Continuation]]]:
    """What the first so many calls draw alone, from a model of a kind; each call is drawn once."""
    generators: dict[str, LocalGenerator] = {}
    drawn: dict[str, list[list[Continuation]]] = {}

    def expected(n: int, kind: str = "llama") -> list[list[Continuation]]:
        if kind not in generators:
            generators[kind] = LocalGenerator.load(make_model(kind, **MODELS[kind]), device="cpu")
        known = drawn.setdefault(kind, [])
        known += [drawn_alone(generators[kind], call) for call in calls_of(generators[kind], n)[len(known) :]]
        return known[:n]

    return expected


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("per_step", [1, 7])
def test_each_request_draws_what_it_draws_alone_whenever_it_joins(make_model, alone, kind, per_step) -> None:
    generator = LocalGenerator.load(make_model(kind, **MODELS[kind]), device="cpu")
    calls, expected = calls_of(generator, 24), alone(24, kind)
    finished(generator.continuous_batch(SAMPLING), calls, per_step)
    assert [has_drawn(call, part) for call, part in zip(calls, expected, strict=True)] == [True] * 24
    logprobs = [c.logprobs for call in calls for _, c in sorted(call.continuations.items())]
    for logprob, reference in zip(logprobs, (c.logprobs for part in expected for c in part), strict=True):
        np.testing.assert_allclose(logprob, reference, atol=1e-5)


def test_a_question_draws_the_same_beside_sixty_three_others(tiny_llama, alone) -> None:
    generator = LocalGenerator.load(tiny_llama)
    calls, expected = calls_of(generator, 64), alone(64)
    finished(generator.continuous_batch(SAMPLING), calls, 64)
    assert all(has_drawn(call, part) for call, part in zip(calls, expected, strict=True))


def test_a_call_that_is_dropped_leaves_the_others_as_they_are(tiny_llama, alone) -> None:
    generator = LocalGenerator.load(tiny_llama)
    calls, expected = calls_of(generator, 12), alone(12)
    batch = generator.continuous_batch(SAMPLING)
    for step, call in enumerate(calls):
        batch.add(call)
        batch.step()
        if step % 4 == 3:
            batch.drop(calls[step - 1])
            batch.drop(call)
    while len(batch):
        batch.step()
    done_calls = [i for i, call in enumerate(calls) if call.is_done]
    assert len(done_calls) >= 6 and all(has_drawn(calls[i], expected[i]) for i in done_calls)


def test_going_on_from_steps_is_what_it_is_alone_even_if_they_were_evicted_meanwhile(tiny_llama) -> None:
    other = LocalGenerator.load(tiny_llama)
    for gibibytes in (1.0, 1e-5):
        generator = LocalGenerator.load(tiny_llama, memory_budget_gb=gibibytes)
        batch, calls = generator.continuous_batch(SAMPLING), calls_of(generator, 9)
        solutions = {i: call.requests[0].prefix for i, call in enumerate(calls)}
        for _ in range(4):
            step_calls = {i: DrawCall([Request(prefix, 7 * i)], 30, "step") for i, prefix in solutions.items()}
            finished(batch, list(step_calls.values()), 2)
            for call in step_calls.values():
                assert has_drawn(call, drawn_alone(other, call))
            going = {
                i: call.continuations[0] for i, call in step_calls.items() if call.continuations[0].ended == "step"
            }
            solutions = {i: solutions[i] + step.tokens for i, step in going.items()}


def test_requests_wait_while_there_is_no_room_and_one_too_large_has_the_batch_for_itself(tiny_llama, alone) -> None:
    generator = LocalGenerator.load(tiny_llama)
    calls, expected = calls_of(generator, 10), alone(10)
    for limits in ({"tokens": 300}, {"tokens": 1}, {"most_rows": 3}):
        generator.clear_cache()
        generator._limits = replace(generator._limits, **limits)
        repeated = [DrawCall(call.requests, call.most, call.until) for call in calls]
        batch = generator.continuous_batch(SAMPLING)
        for call in repeated:
            batch.add(call)
        most = 0
        while len(batch):
            batch.step()
            most = max(most, len(batch._owners))
        assert most <= (3 if "most_rows" in limits else 300 // 6)
        assert all(has_drawn(call, part) for call, part in zip(repeated, expected, strict=True))


def test_what_cache_slots_held_before_is_not_seen(tiny_llama, alone) -> None:
    generator = LocalGenerator.load(tiny_llama)
    calls, expected = calls_of(generator, 12), alone(12)
    batch = generator.continuous_batch(SAMPLING)
    arena = batch._cohort._arena
    for _ in range(2):
        arena.take((10**6,), generator._like).fill_(1e10)
    finished(batch, calls, 3)
    assert all(has_drawn(call, part) for call, part in zip(calls, expected, strict=True))


def test_a_prefix_without_room_is_refused_alone(tiny_llama) -> None:
    generator = LocalGenerator.load(tiny_llama)
    batch = generator.continuous_batch(SAMPLING)
    with pytest.raises(InputError, match="leaves no room"):
        batch.add(DrawCall([Request((5,) * 200, 1)], 10, "step"))
    assert not len(batch)
