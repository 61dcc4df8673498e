"""On the lab's base model, tokens do not depend on how many requests are drawn at once, but for near-ties of rounding."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from stepscale.cost import Ledger
from stepscale.generation import local
from stepscale.generation.contract import Continuation, Request, Sampling
from stepscale.generation.local import LocalGenerator
from stepscale.lab.problems import make_problems
from stepscale.seeds import seed_for

LAB = Path(__file__).resolve().parents[2] / "data" / "01_raw" / "lab_base"
MOST_DIFFERENT = 1e-5  # a token
SAMPLING = Sampling(max_new_tokens=100)


@pytest.fixture(scope="module")
def requests() -> list[Request]:
    """512 requests: 64 problems x 8 samples."""
    lab = LocalGenerator.load(LAB, prompt_template="<s>{problem}\n")
    texts = list(make_problems(64, "train", 0)["problem"])
    prompts = [lab.encode_prompt(text) for text in texts]
    return [Request(p, seed_for(0, "batch sizes", str(i), k)) for i, p in enumerate(prompts) for k in range(8)]


def drawn(requests: Sequence[Request], size: int) -> list[Continuation]:
    """So many requests at a time, by a generator that has met none before."""
    lab = LocalGenerator.load(LAB, prompt_template="<s>{problem}\n")
    batches = [requests[at : at + size] for at in range(0, len(requests), size)]
    return [found for batch in batches for found in lab.generate(batch, SAMPLING, "solution", Ledger())]


@pytest.mark.parametrize(("size", "every"), [(7, 1), (1, 8)])
def test_the_share_of_tokens_that_another_batch_size_changes_is_below_one_in_a_hundred_thousand(
    size, every, requests, monkeypatch
):
    monkeypatch.setattr(local, "_ROWS", (512, 1_024))  # all in one batch
    wide = drawn(requests, 512)[::every]
    few = drawn(requests[::every], size)
    compared = different = 0
    for a, b in zip(wide, few, strict=True):
        same = next((i for i, (x, y) in enumerate(zip(a.tokens, b.tokens, strict=False)) if x != y), len(a.tokens))
        compared += min(same + 1, len(a.tokens))  # what follows a difference has another prefix
        different += a.tokens != b.tokens
    print(f"batches of {size} and of 512: {different} of {compared} tokens differ")
    assert compared > 20_000 / every
    assert different <= MOST_DIFFERENT * compared
