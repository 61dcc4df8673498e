"""What a server says about an answer: its own tokens bound a solution, and only an end of its own is an end."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from fake_vllm import FakeServer

import stepscale
from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.generation.contract import Request, Sampling
from stepscale.generation.server import ServerGenerator
from stepscale.generation.server_settings import ServerSettings
from stepscale.search.methods import read_options, search
from stepscale.search.results import Problem
from stepscale.verifiers.contract import StepScores

WORDS = [
    *("First we add all of these numbers together\n", "and after that we look at them again\n"),
    "so \\boxed{42}\n",
]
PIECES = [
    text[i : i + 5] for text in WORDS for i in range(0, len(text), 5)
]  # the server's tokens, up to five bytes each

Say = Callable[[dict[str, Any], int], dict[str, Any]]


class WritingServer(FakeServer):
    """A completions server that always writes PIECES and then ends; ``say`` may change an answer."""

    def __init__(self, say: Say = lambda answer, number: answer) -> None:
        self._say = say
        super().__init__()

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        choice = self._say(written_choice(body), len(self.bodies))
        return 200, {"choices": [choice], "usage": choice.pop("usage")}


def written_choice(body: dict[str, Any]) -> dict[str, Any]:
    """What follows the prompt, cut at max_tokens or at the stop text, as vLLM gives it."""
    so_far = body["prompt"].split("?\n", 1)[1]
    remaining, text, n = PIECES[:], "", 0
    while remaining and "".join(PIECES[: len(PIECES) - len(remaining)]) != so_far:
        remaining.pop(0)
    reason, stop_reason = "length", None
    while n < body["max_tokens"]:
        n += 1
        if not remaining:
            reason = "stop"
            break
        text += remaining.pop(0)
        if "stop" in body and body["stop"][0] in text:
            text, reason, stop_reason = text.split(body["stop"][0])[0], "stop", body["stop"][0]
            break
    logprobs = {"tokens": [text], "token_logprobs": [-float(n)]}
    usage = {"prompt_tokens": 3, "completion_tokens": n}
    return {"text": text, "finish_reason": reason, "stop_reason": stop_reason, "usage": usage, "logprobs": logprobs}


@pytest.fixture
def served() -> Iterator[Callable[..., WritingServer]]:
    servers: list[WritingServer] = []

    def serve(*say: Say) -> WritingServer:
        servers.append(WritingServer(*say))
        return servers[-1]

    yield serve
    for server in servers:
        server.close()


class Verifier:
    name = "prm"

    def score(self, trajectories, ledger):
        return [
            StepScores(np.full(len(t.steps), 0.1, np.float32), np.zeros(len(t.steps), np.float32)) for t in trajectories
        ]


METHODS = [
    {"method": "best_of_n", "n": 2},
    {"method": "majority", "n": 2},
    {"method": "beam", "n": 4, "width": 2},
    {"method": "lookahead", "n": 2, "k": 1},
    {"method": "dvts", "n": 4, "width": 2},
]


@pytest.mark.parametrize("options", METHODS, ids=lambda options: options["method"])
def test_every_method_has_the_same_room_in_the_servers_tokens(served, options) -> None:
    generator = ServerGenerator(ServerSettings(base_url=served().base_url, model="fake"))
    room_for_all = len(PIECES) + 1
    assert sum(map(len, WORDS)) > room_for_all + 40, "bytes are many more than tokens"

    def solve_in(room: int):
        problem, sampling = Problem("p", "What?"), Sampling(max_new_tokens=room)
        return search([problem], generator, Verifier(), read_options(options), sampling, run_seed=0)[0]

    ends, cut = solve_in(room_for_all), solve_in(room_for_all - 2)
    assert ends.answer == "42" and {c.finish for c in ends.candidates} == {"solution"}
    assert cut.answer is None and {c.finish for c in cut.candidates} == {"length"}
    assert all(c.mean_logprob == pytest.approx(-1) for c in ends.candidates), "per token of the server, not per byte"


@pytest.mark.parametrize("until", ["step", "solution"])
@pytest.mark.parametrize("reason", ["abort", "content_filter", None, "tool_calls", "length"])
def test_what_the_server_broke_off_is_no_end_of_a_solution(served, reason, until) -> None:
    server = served(lambda answer, _: answer | {"text": "First we", "finish_reason": reason, "stop_reason": None})
    generator = ServerGenerator(ServerSettings(base_url=server.base_url, model="fake", stop_text_removed=True))
    ledger = Ledger()
    [continuation] = generator.generate([Request(tuple(b"What?\n"), 0)], Sampling(max_new_tokens=30), until, ledger)
    assert continuation.ended == "length" and continuation.step_ends == ()
    assert generator.decode(continuation.tokens) == "First we"
    assert len(server.bodies) == (3 if reason in ("abort", None) else 1), "asked again, and not for ever"
    tokens_per_call = written_choice(server.bodies[0][1])["usage"]["completion_tokens"]
    assert ledger.models["fake"].decode == len(server.bodies) * tokens_per_call
    assert continuation.length == tokens_per_call


def test_what_was_aborted_once_is_asked_again(served) -> None:
    server = served(lambda answer, number: answer | ({"finish_reason": "abort", "text": "F"} if number == 1 else {}))
    generator = ServerGenerator(ServerSettings(base_url=server.base_url, model="fake", seeds=False))
    [continuation] = generator.generate(
        [Request(tuple(b"What?\n"), 0)], Sampling(max_new_tokens=99), "solution", Ledger()
    )
    assert continuation.ended == "solution" and generator.decode(continuation.tokens) == "".join(WORDS)
    assert not any("seed" in body for _, body in server.bodies)


def test_a_server_is_a_generator_by_its_address_alone(served) -> None:
    generator = stepscale.load_generator(served().base_url)
    solution = stepscale.solve("What?", generator, Verifier(), budget=4, max_new_tokens=99)
    assert generator.name == "fake" and (solution.answer, solution.budget) == ("42", 4)
    assert solution.cost.models["fake"].decode > 0
    named = stepscale.load_generator("http://127.0.0.1:9/v1", model="big", name="mine", prompt="Q: {problem}\n")
    assert (named.name, named.settings.model, named.decode(named.encode_prompt("?"))) == ("mine", "big", "Q: ?\n")


@pytest.mark.parametrize(
    "odd",
    [
        {"usage": None},
        {"usage": {"prompt_tokens": 3}},
        {"usage": {"completion_tokens": -1}},
        {"usage": {"completion_tokens": "9"}},
        {"usage": {"completion_tokens": 9, "prompt_tokens": "three"}},
        {"usage": {"completion_tokens": 9, "prompt_tokens_details": [1]}},
        {"text": None},
        {"logprobs": [1]},
        {"logprobs": {"tokens": [None], "token_logprobs": [-1.0]}},
        {"logprobs": {"tokens": ["a"], "token_logprobs": ["-1"]}},
        {"token_ids": ["1"]},
    ],
)
def test_an_answer_of_another_form_is_one_clear_line(served, odd) -> None:
    server = served(lambda answer, _: answer | odd)
    generator = ServerGenerator(ServerSettings(base_url=server.base_url, model="fake", attempts=1))
    with pytest.raises(InputError, match="is not a completion with usage") as caught:
        generator.generate([Request(tuple(b"What?\n"), 0)], Sampling(max_new_tokens=30), "solution", Ledger())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("usage", [{"prompt_tokens": None}, {}, {"prompt_tokens_details": {"cached_tokens": 50}}])
def test_tokens_read_are_never_counted_below_zero(served, usage) -> None:
    server = served(lambda answer, _: answer | {"usage": {"completion_tokens": 9} | usage})
    generator, ledger = ServerGenerator(ServerSettings(base_url=server.base_url, model="fake")), Ledger()
    generator.generate([Request(tuple(b"What?\n"), 0)], Sampling(max_new_tokens=99), "solution", ledger)
    assert ledger.models["fake"].prefill == 0
