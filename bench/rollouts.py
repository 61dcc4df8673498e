"""Time of Monte Carlo labels: 16 solutions per problem, 16 rollouts per step, on 500 lab problems (Snell et al. 2024, D).

Measured on some of the problems, drawn from all families and levels, and extrapolated by their number. The rival draws the
same rollouts as public codebases do: for each step of each solution ``model.generate(num_return_sequences=16)``; it is measured
on every n-th of the beginnings. Ours rolls equal beginnings out once; ``rollouts_each_beginning`` counts that out: seconds
per rolled-out beginning on both sides. Times include grading on our side only.
"""

from typing import Any

import pandas as pd

from bench._lab import PROMPT, SAMPLING, Plain, generator, problems, row, seconds
from stepscale.cost import Ledger
from stepscale.engine.caching import clear_cache
from stepscale.generation.sampling import SamplingJob, sample_solutions
from stepscale.grading import extract_answer
from stepscale.labeling.rollouts import RolloutJob, parsable, roll_out

RUNS = 2
PROBLEMS, SAMPLES, ROLLOUTS, WHOLE = 10, 16, 16, 500
EVERY = 40  # the rival is run on one beginning in so many


def run(runs: int = RUNS) -> list[dict[str, Any]]:
    """The rows of this bench."""
    lab, plain = generator(), Plain()
    problem_table = problems(PROBLEMS, "train")
    pool = SamplingJob("pool", SAMPLES, SAMPLING, 0)
    table = sample_solutions(pool, lab, problem_table, Ledger())
    pairs = zip(table["steps"], table["finish"], strict=True)
    answers = [extract_answer("\n".join(steps)) if finish == "solution" else None for steps, finish in pairs]
    solutions = parsable(table.assign(answer=pd.Series(answers, dtype=object)))
    beginnings = _beginnings(problem_table, solutions)
    job = RolloutJob(SAMPLING, 0, ROLLOUTS)
    scale, distinct = WHOLE / PROBLEMS, len(set(beginnings))
    ours, rival = [], []
    for _ in range(runs):
        clear_cache(lab)
        ours.append(seconds(lambda: roll_out(job, lab, problem_table, solutions, Ledger())))
        sampled = beginnings[::EVERY]
        rival.append(seconds(lambda t=sampled: [plain.generate([text], ROLLOUTS) for text in t]) / len(sampled))
    return [
        row(
            "rollouts_16x16_on_500_problems",
            [t * scale for t in ours],
            [t * len(beginnings) * scale for t in rival],
            "s",
        ),
        row("rollouts_each_beginning", [t / distinct for t in ours], rival, "s"),
    ]


def _beginnings(problem_table: pd.DataFrame, solutions: pd.DataFrame) -> list[str]:
    """The text before each rollout: prompt and steps so far, for every step of every solution but the last."""
    prompts = {
        name: PROMPT.replace("{problem}", text)
        for name, text in zip(problem_table["problem_id"], problem_table["problem"], strict=True)
    }
    return [
        prompts[name] + "\n".join([*steps[: place + 1], ""])
        for name, steps in zip(solutions["problem_id"], solutions["steps"], strict=True)
        for place in range(len(steps) - 1)
    ]


if __name__ == "__main__":
    for line in run():
        print(line)
