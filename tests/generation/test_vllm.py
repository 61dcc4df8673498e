"""Against a real vLLM: skipped unless the environment variable VLLM names its executable (docs/engine.md)."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from stepscale.cost import Ledger
from stepscale.engine.loading import load_tokenizer
from stepscale.generation.contract import Request, Sampling
from stepscale.generation.local import LocalGenerator
from stepscale.generation.server import ServerGenerator
from stepscale.generation.server_settings import ServerSettings
from stepscale.generation.server_units import TokenIds

VLLM = os.environ.get("VLLM")
pytestmark = pytest.mark.skipif(not VLLM, reason="VLLM names no executable of vLLM")
TEXTS = [f"{a}+{b}\n{a}+{b}={a + b}.\n\nSo {a + b}\n" for a in range(9) for b in range(9)]
SECONDS = 900  # until it answers: minutes on a busy CPU


def _folder(folder: Path) -> Path:
    """A Llama of random weights whose heads are wide enough for vLLM's kernels."""
    from tiny_models import save_tiny_llama

    wide_enough = {"hidden_size": 128, "intermediate_size": 128}
    return save_tiny_llama(folder, TEXTS, 256, **wide_enough, initializer_range=0.2, tie_word_embeddings=False)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = _folder(tmp_path_factory.mktemp("vllm") / "tiny")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    options = (
        "--served-model-name tiny --dtype float32 --enforce-eager --max-model-len 256 --enable-prompt-tokens-details"
    )
    command = [str(VLLM), "serve", str(folder), "--host", "127.0.0.1", "--port", str(port), *options.split()]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "1"}
    with (folder.parent / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(SECONDS):
            assert server.poll() is None, (folder.parent / "log").read_text()[-3000:]
            try:
                if httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).is_success:
                    break
            except httpx.TransportError:
                time.sleep(1)
        yield f"http://127.0.0.1:{port}/v1", folder
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def open_at(served: tuple[str, Path]) -> Callable[..., ServerGenerator]:
    def opened(**changes: Any) -> ServerGenerator:
        settings = ServerSettings(base_url=served[0], model="tiny", concurrency=8, **{"seeds": False} | changes)
        return ServerGenerator(settings, tokenizer=str(served[1]))

    return opened


def test_greedy_tokens_and_their_log_likelihoods_are_the_local_generators(served, open_at) -> None:
    there, here = open_at(), LocalGenerator.load(served[1], device="cpu")
    assert isinstance(there.unit, TokenIds) and there.context == 256
    requests, greedy = [Request(here.encode_prompt(f"{i}+{i}"), i) for i in range(6)], Sampling(0.0, 1.0, 40)
    for until in ("solution", "step"):
        found, expected = (model.generate(requests, greedy, until, Ledger()) for model in (there, here))
        for ours, theirs in zip(expected, found, strict=True):
            assert (ours.tokens, ours.ended, ours.step_ends) == (theirs.tokens, theirs.ended, theirs.step_ends)
            assert np.allclose(ours.logprobs, theirs.logprobs, atol=1e-3)


def test_a_chain_of_steps_is_the_whole_solution_and_usage_is_exact(served, open_at) -> None:
    there, tokenizer = open_at(), load_tokenizer(served[1])
    prompt, ledger = there.encode_prompt("3+4"), Ledger()
    [whole] = there.generate([Request(prompt, 0)], Sampling(0.0, 1.0, 60), "solution", Ledger())
    tokens: tuple[int, ...] = ()
    while True:
        [step] = there.generate([Request(prompt + tokens, 0)], Sampling(0.0, 1.0, 60 - len(tokens)), "step", ledger)
        tokens += step.tokens
        if step.ended != "step" or len(tokens) >= 60:
            break
    assert tokens == whole.tokens and tokenizer.decode(list(tokens))
    assert ledger.models["tiny"].decode == len(tokens)
