"""On the lab's base model, tokens do not depend on how many requests are drawn at once, but for near-ties of rounding."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from stepscale.cost import Ledger
from stepscale.generation import batching, cohort
from stepscale.generation.contract import Continuation, Request, Sampling
from stepscale.generation.draw import draw
from stepscale.generation.local import LocalGenerator
from stepscale.lab.problems import make_problems
from stepscale.seeds import seed_for

LAB = Path(__file__).resolve().parents[2] / "data" / "01_raw" / "lab_base"
MAX_DIFFERENT_SHARE = 1e-5  # a token
SAMPLING = Sampling(max_new_tokens=100)


@pytest.fixture(scope="module")
def requests() -> list[Request]:
    """256 requests: 32 problems x 8 samples."""
    lab = LocalGenerator.load(LAB, prompt_template="<s>{problem}\n")
    texts = list(make_problems(32, "train", 0)["problem"])
    prompts = [lab.encode_prompt(text) for text in texts]
    return [Request(p, seed_for(0, "batch sizes", str(i), k)) for i, p in enumerate(prompts) for k in range(8)]


def draw_in_batches(requests: Sequence[Request], size: int) -> list[Continuation]:
    """So many requests at a time, by a generator that has met none before."""
    lab = LocalGenerator.load(LAB, prompt_template="<s>{problem}\n")
    batches = [requests[at : at + size] for at in range(0, len(requests), size)]
    return [continuation for batch in batches for continuation in lab.generate(batch, SAMPLING, "solution", Ledger())]


# A drawing's uniform number, unlike any other's -> cumulative probabilities [V].
Lines = dict[float, NDArray[np.float64]]


@contextmanager
def noted_lines() -> Iterator[Lines]:
    """Filled with the line that each drawing searches with its number, while the block runs."""
    by_number: Lines = {}

    def watched(logits, slots, numbers, sampling):
        cumulative = logits.double().softmax(-1).cumsum(-1).numpy()
        by_number.update(zip(numbers.tolist(), cumulative[slots.numpy()], strict=True))
        return draw(logits, slots, numbers, sampling)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cohort, "draw", watched)
        yield by_number


@pytest.fixture(scope="module")
def wide(requests) -> tuple[list[Continuation], Lines]:
    """What all requests draw in one batch, and the lines of their drawings."""
    with pytest.MonkeyPatch.context() as patch, noted_lines() as lines:
        patch.setattr(batching, "MIN_COHORT_ROWS", len(requests))
        return draw_in_batches(requests, len(requests)), lines


@pytest.mark.parametrize(("size", "every"), [(7, 1), (1, 8)])
def test_the_share_of_tokens_that_another_batch_size_changes_is_below_one_in_a_hundred_thousand(
    size, every, requests, wide
):
    continuations, wide_lines = wide
    with noted_lines() as lines:
        few = draw_in_batches(requests[::every], size)
    compared = different = 0
    for a, b in zip(continuations[::every], few, strict=True):
        n_equal = next((i for i, (x, y) in enumerate(zip(a.tokens, b.tokens, strict=False)) if x != y), len(a.tokens))
        compared += min(n_equal + 1, len(a.tokens))  # what follows a difference has another prefix
        different += a.tokens != b.tokens
    # A token changes if its number falls between a border and where rounding moved it: that share of [0, 1) is the rate,
    # known far more exactly than by counting tokens that changed.
    moved = [np.abs(line - wide_lines[number]).sum() for number, line in lines.items() if number in wide_lines]
    rate = float(np.mean(moved))
    print(
        f"batches of {size} and of {len(requests)}: {different} of {compared} tokens differ; expected {rate:.1e} a token"
    )
    assert compared > 10_000 / every
    assert len(moved) >= compared
    assert 0 < rate < MAX_DIFFERENT_SHARE
    assert different <= 1
