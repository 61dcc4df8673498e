"""What no user should notice, against the goal of each: processor seconds, medians. The tests count calls; the seconds are here.

`run()` gives rows {"name", "ratio", "ours", "rival", "unit", "runs"}, where "rival" is the goal; `python bench/small_work.py`
prints them. Hostile texts are the slowest of some that a model may write: nests without end, and one sign again and again.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stepscale.formats import tables
from stepscale.grading import answer_groups, extract_answer, grade_many
from stepscale.grading.api import forget_verdicts
from stepscale.lab.free_labeler import rate_steps
from stepscale.labeling.page.formulas import parts
from stepscale.progress import LoggedProgress
from stepscale.verifiers.contract import StepScores, Trajectory
from stepscale.verifiers.critique_text import read_verdicts
from stepscale.verifiers.examples import Example
from stepscale.verifiers.metrics import prm_metrics, value_metrics

RUNS = 5
ROWS, UPDATES, CHARACTERS = 100_000, 100_000, 400_000
PROBLEMS, SOLUTIONS, STEPS = 150, 23, 4  # 13,800 steps
_UNITS = [
    "(",
    "{",
    "\\text{",
    "\\boxed{",
    "the answer is ",
    "answer to ",
    "1,000",
    "-",
    " ",
    "$",
    "step 1. ",
    "Ann has 3\n",
]


def run(runs: int = RUNS) -> list[dict[str, Any]]:
    """The rows of this bench."""
    frame, answers = _solutions(), [f"{i}\\sqrt{{{i + 1}}}+x^{{{i}}}" for i in range(1_500)]
    ratings, shares = _validation_set(2.0), _validation_set(1.0)
    problem = "Some friends have pens. Tom has 3. As many as Tom and 4 more go to Ann. How many pens does Ann have?"
    works: dict[str, tuple[float, Callable[[], object]]] = {
        "prm_metrics_of_13800_steps": (2.0, lambda: prm_metrics(*ratings)),
        "value_metrics_of_13800_steps": (2.0, lambda: value_metrics(*shares)),
        "check_100000_solutions": (0.5, lambda: tables.solutions(frame)),
        "tell_progress_100000_times": (1.0, _tell),
        "group_1500_answers": (20.0, lambda: answer_groups.group_equal_answers(answers)),
        "hostile_text_graded": (1.0, _worst(lambda text: (forget_verdicts(), grade_many([text], ["12"])))),
        "hostile_text_answer": (1.0, _worst(lambda text: extract_answer(f"The answer is {text}"))),
        "hostile_text_critique": (2.0, _worst(lambda text: read_verdicts(text, 3))),
        "hostile_text_labeler": (2.0, _worst(lambda text: rate_steps(problem, [text]))),
        "hostile_text_formulas": (5.0, _worst(parts)),
    }
    rows = [_row(name, [_measured(work) for _ in range(runs)], goal) for name, (goal, work) in works.items()]
    return [*rows, _row("import_grading", [_import_seconds() for _ in range(runs)], 0.5)]


def _solutions() -> pd.DataFrame:
    rows = {"problem_id": [f"p{i // 16}" for i in range(ROWS)], "sample_id": [i % 16 for i in range(ROWS)]}
    lists = {"steps": [["a", "b"]] * ROWS, "tokens": [[1, 2]] * ROWS, "step_ends": [[0, 1]] * ROWS}
    return pd.DataFrame({**rows, **lists, "finish": "x"})


def _validation_set(right: float) -> tuple[list[StepScores], list[Example]]:
    """Scores and examples; ``right`` is the target of a right step: a rating class, or a share."""
    rng, scores, examples = np.random.default_rng(0), [], []
    for problem in range(PROBLEMS):
        for _ in range(SOLUTIONS):
            negative = rng.random(STEPS).astype(np.float32)
            targets = tuple(right * float(good) for good in rng.random(STEPS) > negative)
            scores.append(StepScores(negative, np.zeros(STEPS, np.float32)))
            examples.append(Example(f"p{problem}", Trajectory("P?", ("s",) * STEPS), targets))
    return scores, examples


def _tell() -> None:
    with LoggedProgress("sampling", UPDATES, "solutions") as bar:
        for _ in range(UPDATES):
            bar.update()


def _worst(read: Callable[[str], object]) -> Callable[[], float]:
    """Work that gives the seconds of the hostile text that takes longest."""
    texts = [unit * (CHARACTERS // len(unit)) for unit in _UNITS]
    return lambda: max(_cpu(partial(read, text)) for text in texts)


def _measured(work: Callable[[], object]) -> float:
    """Seconds of the work: those that it gives itself, or all of it."""
    answer_groups._group_representatives.cache_clear()
    results: list[object] = []
    seconds = _cpu(lambda: results.append(work()))
    return results[0] if isinstance(results[0], float) else seconds


def _cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _import_seconds() -> float:
    code = "import time; a = time.process_time(); import stepscale.grading; print(time.process_time() - a)"
    source = str(Path(__file__).resolve().parents[1] / "src")
    done = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _row(name: str, seconds: list[float], goal: float) -> dict[str, Any]:
    ours = statistics.median(seconds)
    ratio = round(goal / max(ours, 1e-9), 2)
    return {"name": name, "ratio": ratio, "ours": ours, "rival": goal, "unit": "CPU s", "runs": len(seconds)}


if __name__ == "__main__":
    for row in run():
        print(json.dumps(row))
