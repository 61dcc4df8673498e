"""The engine's forward passes against the model's own logits."""

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from stepscale.cost import Ledger
from stepscale.engine.decoding import compiled_decode, decode
from stepscale.engine.network import LlamaNetwork, TransformersNetwork
from stepscale.generation.contract import Request, Sampling
from stepscale.generation.local import LocalGenerator

CASES = {
    "llama": {},
    "llama with shared heads and biases": {"attention_bias": True},
    "llama with scaled positions": {
        "rope_parameters": {
            "rope_type": "llama3",
            "rope_theta": 10000.0,
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        }
    },
    "qwen2": {},
    "qwen3": {"head_dim": 8},
    "mistral": {"sliding_window": 12},
    "gpt2": {},
}


def prefixes_of_many_lengths() -> list[tuple[int, ...]]:
    rng = np.random.default_rng(0)
    stem = tuple(rng.integers(3, 20, 9).tolist())
    pieces = [tuple(rng.integers(3, 20, n).tolist()) for n in (1, 4, 17, 30)]
    return [stem, stem[:5], *(stem + piece for piece in pieces), (5,), (5, 7)]


@pytest.mark.parametrize("case", CASES)
def test_logprobs_of_drawn_tokens_are_the_models_own(case, make_model):
    folder = make_model(case.split()[0], **CASES[case])
    generator = LocalGenerator.load(folder)
    assert isinstance(generator._network, LlamaNetwork if case.startswith("llama") else TransformersNetwork)
    requests = [Request(p, seed) for p in prefixes_of_many_lengths() for seed in range(2)]
    continuations = generator.generate(requests, Sampling(max_new_tokens=24), "solution", Ledger())
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager")
    for request, continuation in zip(requests, continuations, strict=True):
        ids = torch.tensor([request.prefix + continuation.tokens])
        with torch.no_grad():
            logprobs = torch.log_softmax(model(ids).logits[0], -1)
        at = torch.arange(len(continuation.tokens)) + len(request.prefix) - 1
        expected = logprobs[at, torch.tensor(continuation.tokens)].numpy()
        np.testing.assert_allclose(continuation.logprobs, expected, atol=1e-5)


def test_a_decoding_step_is_compiled_and_computes_what_the_plain_one_does(make_model):
    assert isinstance(compiled_decode(), torch.jit.ScriptFunction)
    compiled, interpreted = (LocalGenerator.load(make_model("llama", attention_bias=True)) for _ in range(2))
    interpreted._network._decode = decode
    requests = [Request(p, seed) for p in prefixes_of_many_lengths() for seed in range(20)]
    continuations, expected = (
        generator.generate(requests, Sampling(max_new_tokens=24), "solution", Ledger())
        for generator in (compiled, interpreted)
    )
    assert [c.tokens for c in continuations] == [c.tokens for c in expected]
    for continuation, reference in zip(continuations, expected, strict=True):
        np.testing.assert_allclose(continuation.logprobs, reference.logprobs, atol=1e-6)
