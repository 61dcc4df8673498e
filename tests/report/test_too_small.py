"""A weak model, a one-sided pool and few samples are said to be too small for a claim."""

import pandas as pd
import pytest

from stepscale.studies.best_of_n.figures import best_of_n_part
from stepscale.studies.verifiers.figures import pool_too_small


@pytest.mark.parametrize(
    ("verdicts", "reason"),
    [
        ([False] * 60, "the pool holds 0 right solutions of 60"),
        ([True] * 50 + [False] * 8 + [None] * 9, "the pool holds 8 wrong solutions of 58"),
        ([True] * 30 + [False] * 30, None),
        ([None] * 4, None),
    ],
)
def test_a_pool_of_one_kind_is_too_small_to_tell_them_apart(verdicts: list[bool | None], reason: str | None) -> None:
    solutions = pd.DataFrame({"is_correct": pd.array(verdicts, "boolean")})
    assert pool_too_small(solutions) == ((reason,) if reason else ())


@pytest.mark.parametrize(("accuracy", "problems", "small"), [(0.4, 10, True), (0.5, 58, True), (0.5, 60, False)])
def test_samples_of_which_few_are_right_are_too_small_a_choice(accuracy: float, problems: int, small: bool) -> None:
    rows = [
        {"method": method, "verifier": "", "label": method, "n": n, "accuracy": accuracy}
        for method in ("majority", "pass_at_n")
        for n in (1, 4)
    ]
    bounds = {"low": 0.1, "high": 0.9, "stderr": 0.1, "n_problems": problems}
    part = best_of_n_part(pd.DataFrame(rows).assign(**bounds), {}, [], [], values=False)
    message = f"{round(accuracy * problems)} of {problems} test problems have a right solution among 4 samples"
    assert part.too_small == ((message,) if small else ())
