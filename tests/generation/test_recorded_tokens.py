"""On the lab's base model the engine draws the tokens that an earlier engine drew, at the same cost.

``recorded_tokens.json`` was written on the base of today by an engine that drew, on the base before, what earlier ones had drawn.
Greedy tokens are also those of transformers' ``model.generate``.
"""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from stepscale.cost import Ledger
from stepscale.generation.contract import Continuation, Request, Sampling, Until
from stepscale.generation.local import LocalGenerator
from stepscale.lab.problems import make_problems
from stepscale.seeds import seed_for

LAB = Path(__file__).resolve().parents[2] / "data" / "01_raw" / "lab_base"
RECORDED = json.loads((Path(__file__).parent / "recorded_tokens.json").read_text())
CASES: dict[str, tuple[Sampling, Until, int]] = {
    "greedy": (Sampling(0.0, 1.0, 120), "solution", 1),
    "cool": (Sampling(0.4, 1.0, 120), "solution", 4),
    "nucleus": (Sampling(1.0, 0.9, 120), "solution", 4),
    "step": (Sampling(1.0, 1.0, 60), "step", 4),  # and a second step after each
}


def load() -> tuple[LocalGenerator, list[tuple[int, ...]]]:
    """The lab's generator and the prompts of twelve problems."""
    lab = LocalGenerator.load(LAB, prompt_template="<s>{problem}\n", device="cpu", name="lab")
    return lab, [lab.encode_prompt(text) for text in make_problems(12, "train", 0)["problem"]]


@pytest.mark.parametrize("case", CASES)
def test_the_same_seeds_give_the_recorded_tokens_and_log_probabilities_at_the_recorded_cost(case: str) -> None:
    sampling, until, samples = CASES[case]
    (lab, prompts), ledger = load(), Ledger()
    requests = [Request(p, seed_for(0, "recorded", str(i), k)) for i, p in enumerate(prompts) for k in range(samples)]
    continuations = lab.generate(requests, sampling, until, ledger)
    if until == "step":
        open_ = [(r, c) for r, c in zip(requests, continuations, strict=True) if c.ended == "step"]
        longer = [Request(request.prefix + step.tokens, request.seed) for request, step in open_]
        continuations += lab.generate(longer, sampling, until, ledger)
    recorded, cost = RECORDED[case], ledger.models["lab"]
    assert [list(c.tokens) for c in continuations] == recorded["tokens"]
    assert [c.ended for c in continuations] == recorded["ended"]
    assert [sum(c.logprobs) for c in continuations] == pytest.approx(recorded["logprobs"], abs=2e-4)
    counts = {"prefill": cost.prefill, "decode": cost.decode, "context_sum": cost.context_sum}
    assert counts == {name: recorded[name] for name in counts}


def test_greedy_tokens_are_those_of_model_generate() -> None:
    lab, all_prompts = load()
    prompts = all_prompts[::3]  # transformers takes long for each
    continuations: list[Continuation] = lab.generate(
        [Request(p, 0) for p in prompts], CASES["greedy"][0], "solution", Ledger()
    )
    model = AutoModelForCausalLM.from_pretrained(LAB)
    for prompt, continuation in zip(prompts, continuations, strict=True):
        with torch.inference_mode():
            ids = torch.tensor([prompt])
            out = model.generate(ids, do_sample=False, use_cache=True, max_new_tokens=120, pad_token_id=0)
        assert tuple(out[0, len(prompt) :].tolist()) == continuation.tokens
