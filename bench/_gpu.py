"""Generation on a GPU: ``make bench-gpu``, at most ten minutes. A Llama of about a billion random weights is made in place.

Rows, in tokens per second of drawn tokens, medians of runs in turn:
- our engine, all problems in one call;
- ``model.generate(num_return_sequences=...)``, problem by problem;
- transformers' continuous batching (``generate_batch``), all problems in one call.

Random weights end no solution, so every sample has ``--new`` tokens. Without a GPU it runs on the CPU; ``--small`` tries it out.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from stepscale.cost import Ledger
from stepscale.generation.contract import Request, Sampling
from stepscale.generation.local import LocalGenerator

HERE = Path(__file__).parent
LARGE = {"hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 22, "num_attention_heads": 32}
SMALL = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tiny model, to try the script out")
    parser.add_argument("--problems", type=int, default=16)
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--prompt", type=int, default=128, help="tokens of a prompt")
    parser.add_argument("--new", type=int, default=128, help="tokens of a sample")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model, tokenizer = random_llama(SMALL if arguments.small else LARGE, device)
    numbers = torch.Generator().manual_seed(0)
    prompts = [
        torch.randint(3, 250, (arguments.prompt,), generator=numbers).tolist() for _ in range(arguments.problems)
    ]
    ways = {
        "model.generate, problem by problem": lambda: by_generate(model, prompts, arguments, device),
        "continuous batching": lambda: by_continuous_batching(model, prompts, arguments),
        "ours": ours(model, tokenizer, prompts, arguments),  # last: it replaces the model's attention
    }
    rates = {name: measured(name, way, arguments.runs, device) for name, way in ways.items()}
    name = torch.cuda.get_device_name() if device == "cuda" else "cpu"
    results = {"device": name, "torch": torch.__version__, "settings": vars(arguments), "tokens_per_second": rates}
    print(json.dumps(results, indent=1))
    if not arguments.small:
        (HERE / "results_gpu.json").write_text(json.dumps(results, indent=1) + "\n")


def random_llama(size: dict[str, int], device: str) -> tuple[Any, Any]:
    """A Llama of random weights with a tokenizer of bytes; in bfloat16 on a GPU."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    pieces = ["<pad>", "<eos>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    bpe = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, []))
    bpe.pre_tokenizer, bpe.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, pad_token="<pad>", eos_token="<eos>")
    torch.manual_seed(0)
    config = LlamaConfig(
        **size, num_key_value_heads=4, vocab_size=32_000, max_position_embeddings=2048, pad_token_id=0, eos_token_id=1
    )
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    with torch.device(device):
        model = LlamaForCausalLM._from_config(config, dtype=dtype, attn_implementation="sdpa")
    model.generation_config.pad_token_id = 0
    tokenizer.add_tokens([f"<{i}>" for i in range(config.vocab_size - len(tokenizer))])
    return model.eval(), tokenizer


def measured(name: str, way: Callable[[], int], runs: int, device: str) -> dict[str, float] | str:
    """Median, least and greatest tokens per second; or why it does not run."""
    rates = []
    try:
        way()  # warm
        for _ in range(runs):
            began = time.perf_counter()
            tokens = way()
            if device == "cuda":
                torch.cuda.synchronize()
            rates.append(tokens / (time.perf_counter() - began))
    except Exception as error:  # a rival that does not run here is a finding, not an end
        return f"does not run: {type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"
    print(f"{name}: {statistics.median(rates):.0f} tokens/s", flush=True)
    return {"median": statistics.median(rates), "least": min(rates), "greatest": max(rates)}


def ours(model: Any, tokenizer: Any, prompts: list[list[int]], arguments: argparse.Namespace) -> Callable[[], int]:
    """Our engine, whose cache is cleared between two runs; opened when it is first asked."""
    opened: list[LocalGenerator] = []

    def run() -> int:
        if not opened:
            opened.append(LocalGenerator(model, tokenizer, name="ours", memory_budget_gb=8.0))
        opened[0].clear_cache()
        requests = [Request(tuple(prompt), seed) for prompt in prompts for seed in range(arguments.samples)]
        continuations = opened[0].generate(requests, Sampling(1.0, 1.0, arguments.new), "solution", Ledger())
        return sum(len(continuation.tokens) for continuation in continuations)

    return run


def by_generate(model: Any, prompts: list[list[int]], arguments: argparse.Namespace, device: str) -> int:
    """What public code does."""
    tokens = 0
    for prompt in prompts:
        ids = torch.tensor([prompt], device=device)
        written = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=True,
            top_k=0,
            num_return_sequences=arguments.samples,
            max_new_tokens=arguments.new,
        )
        tokens += int((written[:, ids.shape[1] :] != 0).sum())
    return tokens


def by_continuous_batching(model: Any, prompts: list[list[int]], arguments: argparse.Namespace) -> int:
    """transformers' own server engine, called as a function."""
    from transformers import GenerationConfig

    config = GenerationConfig(do_sample=True, top_k=0, max_new_tokens=arguments.new, eos_token_id=1, pad_token_id=0)
    inputs = [prompt for prompt in prompts for _ in range(arguments.samples)]
    results = model.generate_batch(inputs=inputs, generation_config=config)
    return sum(len(output.generated_tokens) for output in results.values())


if __name__ == "__main__":
    main()
