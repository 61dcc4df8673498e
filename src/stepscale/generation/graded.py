"""Solutions sampled and graded: the rows of one piece of work, for the pool or for test samples."""

from collections.abc import Callable

import pandas as pd

from stepscale.cost import Ledger
from stepscale.generation.contract import Generator
from stepscale.generation.sampling import SamplingJob, sample_solutions
from stepscale.grading import Rules, extract_answer, grade_many
from stepscale.resume.plan import Made


def sample_and_grade(job: SamplingJob, opened: Callable[[], Generator], problems: pd.DataFrame, rules: Rules) -> Made:
    """The graded solutions of a few problems, and what they cost.

    Args:
        job: How many samples, and how they are drawn.
        opened: Gives the generator; opened at the first piece of work that needs it.
        problems: With their reference answers.
        rules: Grading rules.
    """
    ledger = Ledger()
    return Made(grade(sample_solutions(job, opened(), problems, ledger), problems, rules), ledger)


def grade(solutions: pd.DataFrame, problems: pd.DataFrame, rules: Rules = "prm800k") -> pd.DataFrame:
    """Solutions with ``answer`` extracted and ``is_correct`` filled in.

    A solution cut off by its length limit has no answer: it is unfinished, so it is never right.

    Args:
        solutions: With their steps and how they ended.
        problems: With their reference answers.
        rules: Grading rules.

    Raises:
        InputError: The rules are unknown, or a reference answer is not text.
    """
    gold = dict(zip(problems["problem_id"], problems["answer"], strict=True))
    ended = solutions["finish"] == "solution"
    answers = [
        extract_answer("\n".join(steps)) if has_ended else None
        for steps, has_ended in zip(solutions["steps"], ended, strict=True)
    ]
    golds = [gold[problem_id] for problem_id in solutions["problem_id"]]
    graded = pd.Series(answers, solutions.index, dtype=object)
    return solutions.assign(answer=graded, is_correct=grade_many(answers, golds, rules=rules))
