"""Speed of grading: against Math-Verify on unique real pairs, and on best-of-N's workload.

`run()` gives rows {"name", "ratio", "ours", "rival", "unit", "runs"}; `python bench/grading.py` prints them. The rival
is run beside ours, pair by pair as its users call it, with its own defaults (its time limits included). Real pairs come
from the shared development data (`STEPSCALE_SHARED_DATA`); without it, from answers written here in the same styles.
"""

import json
import logging
import os
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stepscale.grading import Rules, grade_many
from stepscale.grading.api import forget_verdicts

SHARED = Path(os.environ.get("STEPSCALE_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
RUNS = 3
PROBLEMS, ANSWERS = 500, 1_860
WORKLOAD_SECONDS = 20.0  # the goal for PROBLEMS x ANSWERS
Pairs = tuple[list[str], list[str]]


def run() -> list[dict[str, Any]]:
    """The rows of this bench: medians of paired runs."""
    predictions, golds = unique_pairs()
    logging.disable(logging.CRITICAL)  # the rival logs every time-out
    strict, lenient, rival = [], [], []
    grade_many([r"\frac{x}{x}=1"], ["1"], "lenient")  # workers start once in a run, and are warm from then on
    for _ in range(RUNS):
        strict.append(_rate(lambda: _ours(predictions, golds, "prm800k"), len(golds)))
        lenient.append(_rate(lambda: _ours(predictions, golds, "lenient"), len(golds)))
        rival.append(_rate(lambda: _math_verify(predictions, golds), len(golds)))
    workload = best_of_n_workload()
    seconds = [len(workload[1]) / _rate(lambda: _ours(*workload, "prm800k"), len(workload[1])) for _ in range(RUNS)]
    return [
        _row("grade_vs_math_verify", strict, rival),
        _row("grade_lenient_vs_math_verify", lenient, rival),
        {
            "name": "grade_best_of_1860_vs_goal",
            "ratio": round(WORKLOAD_SECONDS / statistics.median(seconds), 2),
            "ours": round(statistics.median(seconds), 2),
            "rival": WORKLOAD_SECONDS,
            "unit": "s",
            "runs": RUNS,
        },
    ]


def unique_pairs() -> Pairs:
    """Distinct (prediction, gold) pairs: real ones, or where the shared data is absent, written ones."""
    path = SHARED / "grading" / "verdicts_real_pairs.jsonl"
    if path.exists():
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        pairs = list(dict.fromkeys((row["pred"], row["gold"]) for row in rows))
    else:
        rng = random.Random(0)
        pairs = list(dict.fromkeys((_answer(rng), _answer(rng)) for _ in range(1_000)))
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def best_of_n_workload() -> Pairs:
    """500 problems x 1,860 answers: few answers often and many once, as in samples, each a string of its own."""
    rng = random.Random(0)
    predictions: list[str] = []
    golds: list[str] = []
    for _ in range(PROBLEMS):
        distinct = [_answer(rng) for _ in range(rng.randint(5, 300))]
        weights = [1 / (rank + 1) for rank in range(len(distinct))]
        predictions += rng.choices(distinct, weights, k=ANSWERS)
        golds += [distinct[rng.randrange(min(5, len(distinct)))].replace(r"\dfrac", r"\frac")] * ANSWERS
    copied: Pairs = (json.loads(json.dumps(predictions)), json.loads(json.dumps(golds)))
    return copied


def _answer(rng: random.Random) -> str:
    a, b, c = rng.randint(-99, 999), rng.randint(2, 60), rng.randint(2, 60)
    styles = (
        f"{a}",
        f"{a}",
        f"{a}",
        f"{a},{b:03d}",
        f"{a}.{b}",
        f"{a}/{b}",
        f"{a} + {b}i",
        f"({a},{b},{c})",
        rf"\frac{{{a}}}{{{b}}}",
        rf"\dfrac{{{a}}}{{{b}}}",
        rf"{b}\sqrt{{{c}}}",
        rf"{a}+{b}\sqrt{{{c}}}",
        rf"\frac{{{b}\pi}}{{{c}}}",
        rf"\left({a}, \frac{{{b}}}{{{c}}}\right)",
        rf"[{b}, \infty)",
        rf"{b}^\circ",
        f"{b}x^2 + {c}x - {b}",
        rf"{a}\text{{ cm}}",
        rf"\begin{{pmatrix}} {a} \\ {b} \end{{pmatrix}}",
    )
    return rng.choice(styles)


def _ours(predictions: list[str], golds: list[str], rules: Rules) -> None:
    forget_verdicts()
    grade_many(predictions, golds, rules)


def _math_verify(predictions: list[str], golds: list[str]) -> None:
    from math_verify import parse, verify

    for prediction, gold in zip(predictions, golds, strict=True):
        verify(parse(f"\\boxed{{{gold}}}"), parse(f"\\boxed{{{prediction}}}"))


def _rate(work: Callable[[], None], items: int) -> float:
    began = time.perf_counter()
    work()
    return items / (time.perf_counter() - began)


def _row(name: str, ours: list[float], rival: list[float]) -> dict[str, Any]:
    ratio = statistics.median(a / b for a, b in zip(ours, rival, strict=True))
    return {
        "name": name,
        "ratio": round(ratio, 1),
        "ours": round(statistics.median(ours), 1),
        "rival": round(statistics.median(rival), 1),
        "unit": "pairs/s",
        "runs": len(ours),
    }


if __name__ == "__main__":
    for row in run():
        print(row)
