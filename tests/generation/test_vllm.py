"""Against a real vLLM: skipped unless the environment variable VLLM names its executable (docs/engine.md)."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from real_vllm import needs_vllm, serve_vllm

from stepscale.cost import Ledger
from stepscale.engine.loading import load_tokenizer
from stepscale.generation.contract import Request, Sampling
from stepscale.generation.local import LocalGenerator
from stepscale.generation.server import ServerGenerator
from stepscale.generation.server_settings import ServerSettings
from stepscale.generation.server_units import TokenIds
from stepscale.search.methods import read_options, search
from stepscale.search.results import Problem
from stepscale.verifiers.contract import StepScores

pytestmark = needs_vllm
TEXTS = [f"{a}+{b}\n{a}+{b}={a + b}.\n\nSo {a + b}\n" for a in range(9) for b in range(9)]
# so few tokens in a pass that prompts are read in parts
OPTIONS = ("--enable-prompt-tokens-details", "--max-num-batched-tokens", "256")


def _folder(folder: Path) -> Path:
    """A Llama of random weights whose heads are wide enough for vLLM's kernels."""
    from tiny_models import save_tiny_llama

    wide_enough = {"hidden_size": 128, "intermediate_size": 128}
    return save_tiny_llama(folder, TEXTS, 256, **wide_enough, initializer_range=0.2, tie_word_embeddings=False)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The root of the server, and the folder of its model."""
    folder = _folder(tmp_path_factory.mktemp("vllm") / "tiny")
    with serve_vllm(folder, *OPTIONS) as root:
        yield root, folder


@pytest.fixture
def open_at(served: tuple[str, Path]) -> Callable[..., ServerGenerator]:
    def opened(**changes: Any) -> ServerGenerator:
        settings = ServerSettings(base_url=f"{served[0]}/v1", model="tiny", **{"seeds": False} | changes)
        return ServerGenerator(settings, tokenizer=str(served[1]))

    return opened


def test_greedy_tokens_and_their_log_likelihoods_are_the_local_generators(served, open_at) -> None:
    there, here = open_at(), LocalGenerator.load(served[1], device="cpu")
    assert isinstance(there.unit, TokenIds) and there.context == 256
    requests, greedy = [Request(here.encode_prompt(f"{i}+{i}"), i) for i in range(6)], Sampling(0.0, 1.0, 40)
    for until in ("solution", "step"):
        remote_ones, expected = (model.generate(requests, greedy, until, Ledger()) for model in (there, here))
        for local, remote in zip(expected, remote_ones, strict=True):
            assert (local.tokens, local.ended, local.step_ends) == (remote.tokens, remote.ended, remote.step_ends)
            assert np.allclose(local.logprobs, remote.logprobs, atol=1e-3)


def test_a_chain_of_steps_is_the_whole_solution_and_usage_is_exact(served, open_at) -> None:
    there, tokenizer = open_at(), load_tokenizer(served[1])
    prompt, ledger = there.encode_prompt("3+4"), Ledger()
    [solution] = there.generate([Request(prompt, 0)], Sampling(0.0, 1.0, 60), "solution", Ledger())
    tokens: tuple[int, ...] = ()
    while True:
        [step] = there.generate([Request(prompt + tokens, 0)], Sampling(0.0, 1.0, 60 - len(tokens)), "step", ledger)
        tokens += step.tokens
        if step.ended != "step" or len(tokens) >= 60:
            break
    assert tokens == solution.tokens and tokenizer.decode(list(tokens))
    assert ledger.models["tiny"].decode == len(tokens)


def test_many_long_prompts_at_once_are_answered_as_here(served, open_at) -> None:
    """With seeds they would end a vLLM on a CPU: "CPU Generator does not use offset"."""
    there, here = open_at(concurrency=48), LocalGenerator.load(served[1], device="cpu")
    prompts = [here.encode_prompt(f"{i}+{i} " * 24) for i in range(48)]
    requests, greedy = [Request(prompt, i) for i, prompt in enumerate(prompts)], Sampling(0.0, 1.0, 20)
    assert sum(map(len, prompts)) > 2048, "not in one pass, nor in eight"
    local, remote = (model.generate(requests, greedy, "solution", Ledger()) for model in (here, there))
    assert [c.tokens for c in remote] == [c.tokens for c in local]


def test_a_seed_gives_the_same_text_again_and_another_seed_another(open_at) -> None:
    there = open_at(seeds=True, concurrency=1)
    prompt = there.encode_prompt("3+4")
    continuations = there.generate(
        [Request(prompt, seed) for seed in (1, 1, 2)], Sampling(1.0, 1.0, 40), "solution", Ledger()
    )
    assert continuations[0].tokens == continuations[1].tokens != continuations[2].tokens


class LengthVerifier:
    """Likes long steps."""

    name = "length"

    def score(self, trajectories: Any, ledger: Ledger) -> list[StepScores]:
        lengths = [np.array([1 / (1 + len(step)) for step in t.steps], np.float32) for t in trajectories]
        return [StepScores(negative, np.zeros_like(negative)) for negative in lengths]


@pytest.mark.parametrize(
    "options",
    [{"method": "best_of_n", "n": 4}, {"method": "beam", "n": 4, "width": 2}, {"method": "lookahead", "n": 2, "k": 1}],
    ids=lambda options: options["method"],
)
def test_the_ledger_of_a_search_is_the_servers_own_count(served, open_at, options) -> None:
    there, ledger = open_at(), Ledger()
    assert isinstance(there.unit, TokenIds), "asked before counting begins"
    before, sampling = _counters(served[0]), Sampling(max_new_tokens=40)
    problems = [Problem(text, text) for text in ("3+4", "5+8", "1+1")]
    results = search(problems, there, LengthVerifier(), read_options(options), sampling, run_seed=0, ledger=ledger)
    counted = _counters(served[0]) - before
    assert all(result.candidates for result in results)
    spent = ledger.models["tiny"]
    assert spent.decode == counted["generation_tokens"]
    assert spent.prefill == counted["prompt_tokens"] - counted["prompt_tokens_cached"]


def _counters(root: str) -> Counter[str]:
    text = httpx.get(f"{root}/metrics").text
    return Counter({name: int(float(n)) for name, n in re.findall(r"^vllm:(\w+)_total\{.*\} (\S+)$", text, re.M)})
