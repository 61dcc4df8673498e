"""A server that takes token ids: what a beam goes on from is exactly what was drawn, whatever the tokenizer would merge."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_vllm import FakeVLLM

from stepscale.cost import Ledger
from stepscale.engine.loading import load_tokenizer
from stepscale.errors import InputError
from stepscale.generation.contract import Request, Sampling
from stepscale.generation.local import LocalGenerator
from stepscale.generation.server import ServerGenerator
from stepscale.generation.server_settings import ServerSettings
from stepscale.generation.server_units import TokenIds
from stepscale.search.methods import read_options, search
from stepscale.search.results import Problem
from stepscale.verifiers.contract import StepScores

PIECES = ("5", ".", "\n", ".\n", "\n\n", " so", "+", "")
MERGES = [(".", "Ċ"), ("Ċ", "Ċ"), ("Ġ", "s"), ("Ġs", "o")]  # of bytes as byte-level BPE writes them
SAMPLING = Sampling(max_new_tokens=60)


@pytest.fixture(scope="module")
def model(model_of: Callable[..., Path]) -> Path:
    """A tiny model whose tokenizer merges "." with a newline, and two newlines."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    folder = model_of(["5"])
    pieces = ["<pad>", "<eos>", *sorted(pre_tokenizers.ByteLevel.alphabet()), *("".join(pair) for pair in MERGES)]
    bpe = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, MERGES))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    bpe.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=bpe, pad_token="<pad>", eos_token="<eos>").save_pretrained(folder)
    return folder


@pytest.fixture
def serve(model: Path) -> Iterator[Callable[..., FakeVLLM]]:
    servers: list[FakeVLLM] = []

    def start(**options: Any) -> FakeVLLM:
        servers.append(FakeVLLM(load_tokenizer(model), PIECES, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def opened(server: FakeVLLM, model: Path | None, **changes: Any) -> ServerGenerator:
    settings = ServerSettings(base_url=server.base_url, model="fake", longest_pause_seconds=0.1, **changes)
    return ServerGenerator(settings, tokenizer=str(model) if model else None)


def step_by_step(generator: ServerGenerator, prompt: tuple[int, ...]) -> tuple[int, ...]:
    """A solution as a search draws it: a call for each step, each going on from what was drawn."""
    tokens, room = tuple[int, ...](), SAMPLING.max_new_tokens
    while True:
        [step] = generator.generate([Request(prompt + tokens, 0)], Sampling(max_new_tokens=room), "step", Ledger())
        tokens, room = tokens + step.tokens, room - step.length
        if step.ended != "step" or room <= 0:
            return tokens


@pytest.mark.parametrize("ids", [True, False])
def test_what_goes_on_from_drawn_tokens_goes_on_from_those_tokens(serve, model, ids) -> None:
    """The server draws by its tokens before, so a solution drawn step by step is the whole one only if they are the same."""
    server, tokenizer = serve(), load_tokenizer(model)
    generator = opened(server, model, seeds=False, token_ids=ids)
    prompts = [generator.encode_prompt(f"5+{i}") for i in range(40)]
    solutions = generator.generate([Request(prompt, 0) for prompt in prompts], SAMPLING, "solution", Ledger())
    texts = [generator.decode(solution.tokens) for solution in solutions]
    parts = [generator.decode(step_by_step(generator, prompt)) for prompt in prompts]
    if ids:
        drift = [
            tokenizer(text)["input_ids"] != [t for t in c.tokens if t != 1]
            for text, c in zip(texts, solutions, strict=True)
        ]
        assert any(drift), "as text some would be tokenized otherwise"
        assert parts == texts
    else:
        assert parts != texts, "text drifts, which is why ids are sent where the server takes them"


def test_steps_end_where_the_local_generator_ends_them(model, make_model) -> None:
    folder = make_model("llama")  # of characters, so peaked that steps and solutions end
    generator, unit = LocalGenerator.load(folder, device="cpu"), TokenIds(load_tokenizer(folder), "\n")
    requests = [Request(generator.encode_prompt(f"5+{i}"), i) for i in range(60)]
    continuations = generator.generate(requests, SAMPLING, "solution", Ledger())
    assert sum(len(c.step_ends) for c in continuations) > 60
    assert {c.ended for c in continuations} == {"solution", "length"}
    assert all(unit.step_ends(c.tokens, c.ended) == c.step_ends for c in continuations)


def test_ends_limits_and_usage_are_the_servers(serve, model) -> None:
    server = serve()
    generator, ledger = opened(server, model, parameters=7), Ledger()
    prompt = generator.encode_prompt("5+5")
    asked_before = dict(server.usage)
    continuations = generator.generate([Request(prompt, seed) for seed in range(30)], SAMPLING, "solution", ledger)
    assert {c.ended for c in continuations} in ({"solution", "length"}, {"solution"})
    assert all((c.tokens[-1] == 1) == (c.ended == "solution") for c in continuations)
    assert all(c.length == len(c.tokens) == len(c.logprobs) for c in continuations)
    assert [c.logprobs[0] for c in continuations] == [-0.25 * (1 + c.tokens[0] % 4) for c in continuations]
    cost = ledger.models["fake"]
    assert cost.prefill == server.usage["prompt"] - asked_before["prompt"] == 30 * len(prompt)
    assert (
        cost.decode == server.usage["completion"] - asked_before["completion"] == sum(c.length for c in continuations)
    )
    assert cost.flops() == 2.0 * 7 * cost.tokens
    assert generator.context == 512


def test_a_prompt_leaves_room_for_what_is_asked_and_one_that_leaves_none_is_refused(serve, model) -> None:
    generator = opened(serve(context=40), model)
    [cut] = generator.generate([Request((5,) * 38, 3)], SAMPLING, "solution", Ledger())
    assert len(cut.tokens) <= 2
    with pytest.raises(InputError, match="a prefix of 40 tokens leaves no room in its context of 40"):
        generator.generate([Request((5,) * 40, 0)], SAMPLING, "step", Ledger())


def test_a_server_without_token_ids_gets_text_unless_ids_are_demanded(serve, model) -> None:
    server = serve(ids=False)
    generator = opened(server, model)
    [continuation] = generator.generate([Request(generator.encode_prompt("5+5"), 1)], SAMPLING, "solution", Ledger())
    assert all(isinstance(body["prompt"], str) for _, body in server.bodies[1:]) and max(continuation.tokens) <= 256
    with pytest.raises(InputError, match="refused: 400"):
        opened(server, model, token_ids=True).generate([Request((5,), 1)], SAMPLING, "solution", Ledger())
    with pytest.raises(InputError, match="needs the model's tokenizer"):
        opened(server, None, token_ids=True)


def test_a_server_that_drops_the_ids_is_told_in_one_line(serve, model) -> None:
    server = serve()
    server._complete, complete = lambda ids, body: complete(ids, body | {"return_token_ids": False}), server._complete
    assert not isinstance(opened(server, model).unit, TokenIds)
    with pytest.raises(InputError, match=r"gives no token ids; set server\.token_ids to false"):
        opened(server, model, token_ids=True).generate([Request((5,), 1)], SAMPLING, "solution", Ledger())


def test_a_server_that_bears_no_seeds_gets_none(serve, model) -> None:
    for seeds in (True, False):
        server = serve()
        generator = opened(server, model, seeds=seeds, token_ids=True)
        requests = [Request(generator.encode_prompt("5+5"), seed) for seed in (1, 2)]
        generator.generate(requests, SAMPLING, "solution", Ledger())
        sent = [body.get("seed") for path, body in server.bodies if path == "/v1/completions"]
        assert set(sent) == ({1, 2} if seeds else {None})


def test_concurrency_is_bounded_and_trouble_that_passes_is_ridden_out(serve, model) -> None:
    server = serve(fail=[503, 429, 500])
    generator = opened(server, model, concurrency=3)
    prompt = generator.encode_prompt("5+5")
    continuations = generator.generate([Request(prompt, seed) for seed in range(40)], SAMPLING, "solution", Ledger())
    assert len(continuations) == 40 and server.most_at_once <= 3


class Verifier:
    name = "prm"

    def score(self, trajectories, ledger):
        return [
            StepScores(np.full(len(t.steps), 0.1, np.float32), np.zeros(len(t.steps), np.float32)) for t in trajectories
        ]


@pytest.mark.parametrize(
    "options",
    [
        {"method": "beam", "n": 4, "width": 2},
        {"method": "lookahead", "n": 2, "k": 1},
        {"method": "dvts", "n": 4, "width": 2},
    ],
    ids=lambda options: options["method"],
)
def test_searches_keep_to_the_limit_and_send_what_was_drawn(serve, model, options) -> None:
    server = serve()
    generator, sampling = opened(server, model), Sampling(max_new_tokens=30)
    [result] = search([Problem("p", "5+5")], generator, Verifier(), read_options(options), sampling, run_seed=0)
    assert all(len(candidate.tokens) <= 30 for candidate in result.candidates)
    prompt = list(generator.encode_prompt("5+5"))
    known_prefixes = {tuple(prompt) + c.tokens[:end] for c in result.candidates for end in range(len(c.tokens) + 1)}
    last = [tuple(body["prompt"]) for _, body in server.bodies if "stop" in body]
    assert {tuple(prompt)} <= set(last)
    assert any(prefix in known_prefixes and len(prefix) > len(prompt) for prefix in last)


@pytest.mark.parametrize("ids", [True, False])
def test_a_line_that_opens_a_further_problem_ends_the_solution_while_drawing(serve, model, ids) -> None:
    server = serve()
    settings = ServerSettings(base_url=server.base_url, model="fake", token_ids=ids)
    generator = ServerGenerator(settings, tokenizer=str(model), ends_before="+")
    requests = [Request(generator.encode_prompt("5+5"), seed) for seed in range(40)]
    continuations = generator.generate(requests, SAMPLING, "solution", Ledger())
    assert all(body["stop"] == ["\n+"] for _, body in server.bodies if body["max_tokens"] == 60)
    texts = [generator.decode(c.tokens) for c in continuations]
    assert not any(line.strip().startswith("+") for text in texts for line in text.splitlines())
    wrote = sum(body["max_tokens"] == 60 for _, body in server.bodies)
    assert wrote == 40 and sum(c.ended == "solution" for c in continuations) > 20
    assert all(c.length <= 60 for c in continuations)


def test_an_id_that_the_tokenizer_does_not_have_is_one_clear_line(model: Path) -> None:
    unit = TokenIds(load_tokenizer(model), "\n")
    choice = {"text": "5", "token_ids": [1_000_000], "finish_reason": "stop"}
    with pytest.raises(InputError, match="token id 1000000, and the tokenizer has"):
        unit.read(choice, "solution")
