"""Published best-of-N samples give their reference numbers."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from stepscale.estimators import best_of_n, majority, pass_at_k
from stepscale.estimators.samples import SampleGrid, sample_grid
from stepscale.formats import read

SHARED = Path(os.environ.get("STEPSCALE_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))


@pytest.fixture(scope="module")
def qwen() -> tuple[SampleGrid, np.ndarray]:
    """100 MATH problems x 8 samples of Qwen2.5-Math and their rewards."""
    path = SHARED / "best_of_n" / "qwen25math_100x8.jsonl"
    if not path.exists():
        pytest.skip(f"{path} is absent: set STEPSCALE_SHARED_DATA to the folder with the published samples")
    tables = read(path, "best_of_n")
    grid = sample_grid(tables.problems, tables.solutions)
    return grid, grid.place(tables.scores["reward"].to_numpy())


def test_qwen25_math_best_of_8_by_reward_pass_at_1_and_pass_at_8_are_the_published_ones(qwen) -> None:
    grid, rewards = qwen
    assert grid.correct.shape == (100, 8)
    assert best_of_n(rewards, grid.correct, [1, 8], grid.mask) == pytest.approx([0.91, 0.94])
    assert pass_at_k(grid.correct, [1, 8], grid.mask) == pytest.approx([0.91, 0.96])


def test_qwen25_math_majority_differs_from_the_published_one_by_how_its_three_ties_are_broken(qwen) -> None:
    grid, _ = qwen
    first_seen = [Counter(row).most_common(1)[0][0] for row in grid.answers]  # the published rule: the first of equals
    published = np.mean(
        [c[list(a).index(top)] for a, c, top in zip(grid.answers, grid.correct, first_seen, strict=True)]
    )
    assert published == pytest.approx(0.93)
    # two ties are won and one lost by the order of the file; a coin wins half of each
    assert majority(grid.answers, grid.correct, [8], grid.mask) == pytest.approx([0.93 - 2 * 0.5 / 100 + 0.5 / 100])
