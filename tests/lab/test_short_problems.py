"""Short word problems: the lab's labeler reads them and finds every step of their solutions right, and none comes twice."""

from pathlib import Path
from random import Random

import pytest

from stepscale.formats import read
from stepscale.formats.ratings import POSITIVE
from stepscale.grading import extract_answer
from stepscale.lab.labeler import rate_steps
from stepscale.lab.short_problems import STEPS, make_problem, write_problems


@pytest.mark.parametrize("steps", STEPS)
def test_the_labeler_finds_every_step_right_and_needed(steps: int) -> None:
    for seed in range(50):
        problem = make_problem(steps, Random(seed))
        lines = str(problem["solution"]).split("\n")
        assert rate_steps(str(problem["problem"]), lines) == [POSITIVE] * (steps + 1)
        assert problem["level"] == steps and extract_answer(lines[-1]) == problem["answer"]


def test_the_files_are_math_s_and_no_problem_is_in_both(tmp_path: Path) -> None:
    write_problems(tmp_path)
    train, test = (read(str(tmp_path / f"{split}.jsonl"), "math").problems for split in ("train", "test"))
    assert len(train) == 600 and len(test) == 200 and train["solution"].notna().all()
    assert not set(train["problem"]) & set(test["problem"]) and train["problem"].is_unique
