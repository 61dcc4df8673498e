"""Short word problems: their solutions are right, and no problem comes twice."""

from pathlib import Path
from random import Random

import pytest

from stepscale.formats import read
from stepscale.grading import extract_answer
from stepscale.lab.short_problems import STEPS, make_problem, write_problems


@pytest.mark.parametrize("steps", STEPS)
def test_a_solution_has_its_steps_and_ends_with_the_answer(steps: int) -> None:
    for seed in range(50):
        problem = make_problem(steps, Random(seed))
        *lines, last = str(problem["solution"]).split("\n")
        assert len(lines) == steps and extract_answer(last) == problem["answer"]
        for line in lines:
            left, result = line.split(": ")
            amount, operation, *operand = left.split("'s ", 1)[1].split()
            number = int(operand[-1])
            expected = {
                "plus": int(amount) + number,
                "minus": int(amount) - number,
                "times": int(amount) * number,
            }
            assert int(result.split()[-1]) == expected[operation]


def test_the_files_are_math_s_and_no_problem_is_in_both(tmp_path: Path) -> None:
    write_problems(tmp_path)
    train, test = (read(str(tmp_path / f"{split}.jsonl"), "math").problems for split in ("train", "test"))
    assert len(train) == 400 and len(test) == 200 and train["solution"].notna().all()
    assert not set(train["problem"]) & set(test["problem"]) and train["problem"].is_unique
