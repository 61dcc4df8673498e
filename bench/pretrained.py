"""Speed of sampling on a real model, SmolLM2-135M-Instruct as ``make real`` fetches it: tokens per processor second.

- ``pretrained_vs_per_problem``: 16 samples per problem, against ``model.generate(num_return_sequences=16)`` for each problem.
- ``pretrained_vs_wide``: the same against one ``model.generate`` for all problems, padded left.
- ``pretrained_bfloat16_vs_float32``: ours in both precisions.

Processor time of all threads, so that other work on the machine counts little. Without the model's folder there are no rows.
"""

import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import torch

from bench._lab import row
from stepscale.cost import Ledger
from stepscale.generation.contract import Request, Sampling
from stepscale.generation.local import LocalGenerator
from stepscale.lab.short_problems import make_problem
from stepscale.seeds import seed_for

FOLDER = Path(__file__).resolve().parents[1] / "data" / "01_raw" / "smollm2"
RUNS, PROBLEMS, SAMPLES = 3, 4, 16
SAMPLING = Sampling(temperature=1.0, top_p=1.0, max_new_tokens=40)
SHOWN = 3  # solved problems of 1, 2, ... steps before each problem, so that prompts are as long as few-shot ones are


def run(runs: int = RUNS) -> list[dict[str, Any]]:
    """The rows of this bench: medians of paired runs."""
    if not (FOLDER / "config.json").is_file():
        return []
    prompts = _prompts()
    full = LocalGenerator.load(FOLDER, device="cpu", prompt_template="{problem}")
    half = LocalGenerator.load(FOLDER, device="cpu", prompt_template="{problem}", dtype="bfloat16")
    rival = _Rival()
    rates: dict[str, list[float]] = {"full": [], "half": [], "alone": [], "wide": []}
    for _ in range(runs):
        rates["full"].append(_rate(lambda: _ours(full, prompts)))
        rates["half"].append(_rate(lambda: _ours(half, prompts)))
        rates["alone"].append(_rate(lambda: sum(rival.generate([prompt]) for prompt in prompts)))
        rates["wide"].append(_rate(lambda: rival.generate(prompts)))
    unit = "tokens/cpu s"
    return [
        row("pretrained_vs_per_problem", rates["full"], rates["alone"], unit),
        row("pretrained_vs_wide", rates["full"], rates["wide"], unit),
        row("pretrained_bfloat16_vs_float32", rates["half"], rates["full"], unit),
    ]


def _prompts() -> list[str]:
    rng = Random(0)
    solved = [make_problem(steps, rng) for steps in range(1, 1 + SHOWN)]
    examples = "".join(f"{problem['problem']}\n{problem['solution']}\n\n" for problem in solved)
    return [f"{examples}{make_problem(1 + i % 3, rng)['problem']}\n" for i in range(PROBLEMS)]


def _ours(model: LocalGenerator, prompts: list[str]) -> int:
    ids = [model.encode_prompt(prompt) for prompt in prompts]
    work = [Request(prefix, seed_for(0, "bench", str(i), k)) for i, prefix in enumerate(ids) for k in range(SAMPLES)]
    model.clear_cache()
    return sum(len(continuation.tokens) for continuation in model.generate(work, SAMPLING, "solution", Ledger()))


class _Rival:
    """The same model in transformers."""

    def __init__(self) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(FOLDER, padding_side="left")
        self.model = AutoModelForCausalLM.from_pretrained(FOLDER, dtype=torch.float32).eval()

    def generate(self, prompts: list[str]) -> int:
        """All samples of these prompts in one call; gives the tokens drawn."""
        batch = self.tokenizer(prompts, return_tensors="pt", padding=True)
        with torch.inference_mode():
            out = self.model.generate(
                **batch,
                do_sample=True,
                temperature=SAMPLING.temperature,
                top_k=0,
                top_p=SAMPLING.top_p,
                num_return_sequences=SAMPLES,
                max_new_tokens=SAMPLING.max_new_tokens,
                pad_token_id=self.tokenizer.pad_token_id,
            )
        return int((out[:, batch["input_ids"].shape[1] :] != self.tokenizer.pad_token_id).sum())


def _rate(work: Callable[[], int]) -> float:
    """Tokens per second of processor time, of all threads."""
    start = time.process_time()
    n_tokens = work()
    return n_tokens / (time.process_time() - start)


if __name__ == "__main__":
    for line in run():
        print(line)
