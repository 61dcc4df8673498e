"""What the benches of the engine share: the lab's base model as generator, its problems, and the machine's own speed.

Rivals are called as their users call them, on the same weights, problems and sampling, in turn with ours. The sampling is the
lab's own (generator.sampling in conf/base/parameters.yml), because that is the work that runs do. At lower temperatures samples
of a problem share more of their tokens, and shared tokens are computed once. So that nobody takes these rows for any sampling
whatever, generation and scoring are measured at temperature 0.4 too, in rows called ``..._at_temperature_0.4``.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from stepscale.cost import Ledger
from stepscale.engine.products import Product
from stepscale.generation.contract import Continuation, Request, Sampling
from stepscale.generation.local import LocalGenerator
from stepscale.lab.problems import make_problems
from stepscale.seeds import seed_for

BASE = Path(__file__).resolve().parents[1] / "data" / "01_raw" / "lab_base"
PROMPT = "<s>{problem}\n"
SAMPLING = Sampling(temperature=1.0, top_p=1.0, max_new_tokens=320)
SAMPLINGS = {"": SAMPLING, "_at_temperature_0.4": replace(SAMPLING, temperature=0.4)}  # by what a row's name ends in


def generator() -> LocalGenerator:
    return LocalGenerator.load(BASE, prompt_template=PROMPT, device="cpu", name="lab")


def problems(n: int, split: str = "test") -> pd.DataFrame:
    """``n`` problems drawn from 400 of all families and levels, in equal shares."""
    return make_problems(400, split, 0).sample(n, random_state=0).reset_index(drop=True)


def texts(n: int) -> list[str]:
    return list(problems(n)["problem"])


def requests(lab: LocalGenerator, problem_texts: Sequence[str], samples: int, purpose: str = "bench") -> list[Request]:
    prompts = [lab.encode_prompt(text) for text in problem_texts]
    return [
        Request(prompt, seed_for(0, purpose, str(place), sample))
        for place, prompt in enumerate(prompts)
        for sample in range(samples)
    ]


def generate(
    lab: LocalGenerator, work: Sequence[Request], ledger: Ledger | None = None, sampling: Sampling = SAMPLING
) -> list[Continuation]:
    """Continuations to the end of the solution, nothing cached from before."""
    lab.clear_cache()
    return lab.generate(work, sampling, "solution", Ledger() if ledger is None else ledger)


class Plain:
    """The same model in transformers, and ``model.generate`` as its users call it."""

    def __init__(self) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(BASE, padding_side="left")
        self.model = AutoModelForCausalLM.from_pretrained(BASE).eval()

    def generate(self, prompts: Sequence[str], samples: int, sampling: Sampling = SAMPLING) -> int:
        """``samples`` solutions of each of these prompts (laid out by ``PROMPT``) in one call; gives the tokens drawn."""
        batch = self.tokenizer(list(prompts), return_tensors="pt", padding=True)
        with torch.inference_mode():
            out = self.model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                do_sample=True,
                temperature=sampling.temperature,
                top_k=0,
                top_p=sampling.top_p,
                num_return_sequences=samples,
                max_new_tokens=sampling.max_new_tokens,
                use_cache=True,
                pad_token_id=self.tokenizer.pad_token_id,
            )
        return int((out[:, batch["input_ids"].shape[1] :] != self.tokenizer.pad_token_id).sum())


def matmul_flops() -> float:
    """Multiply-add rate of this machine now, FLOP/s in float32, threads as torch has them: the best of some products.

    Of the two ways to multiply (``engine.products``), the faster: on some processors ``torch.mm`` gives half of what they can.
    """
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    packed = Product(b)
    with torch.inference_mode():
        best = min(seconds(way) for _ in range(20) for way in (lambda: torch.mm(a, b), lambda: packed(a)))
    return 2 * 1024**3 / best


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def row(name: str, ours: Sequence[float], rival: Sequence[float], unit: str) -> dict[str, Any]:
    """A row from paired runs: for rates the ratio is ours / rival, for times ("s") rival / ours."""
    pairs = [(b / a if unit == "s" else a / b) for a, b in zip(ours, rival, strict=True)]
    return {
        "name": name,
        "ratio": round(statistics.median(pairs), 3),
        "ours": round(statistics.median(ours), 3),
        "rival": round(statistics.median(rival), 3),
        "unit": unit,
        "runs": len(pairs),
    }
