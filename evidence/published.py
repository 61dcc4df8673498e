"""Figures of published data: ``python -m evidence.published grading`` (or ``samples``) prints them as a line of JSON.

The data is in the folder that STEPSCALE_SHARED_DATA names.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from evidence.figures import SHARED_DATA
from stepscale.evaluation import evaluate
from stepscale.formats import read
from stepscale.grading import grade_many

_BUDGET = 8
_GSM8K_BUDGET = 32


def grading(data: Path) -> dict[str, Any]:
    """Verdicts beside the graders' own on the same pairs, and beside the authors' own on their samples."""
    lines = (data / "grading" / "verdicts_real_pairs.jsonl").read_text(encoding="utf-8").splitlines()
    pairs = [json.loads(line) for line in lines]
    predictions, golds = [pair["pred"] for pair in pairs], [pair["gold"] for pair in pairs]
    strict, lenient = grade_many(predictions, golds), grade_many(predictions, golds, "lenient")
    return {
        "pairs": len(pairs),
        "strict_differs": sum(ours != pair["prm800k"] for ours, pair in zip(strict, pairs, strict=True)),
        "lenient_differs": sum(
            ours != (pair["math_verify"] is True) for ours, pair in zip(lenient, pairs, strict=True)
        ),
        "authors_differ": sum(
            _authors_differ(data / "best_of_n" / name) for name in ("gsm8k_bon32.jsonl.gz", "qwen25math_100x8.jsonl")
        ),
    }


def samples(data: Path) -> dict[str, Any]:
    """What published samples of Qwen2.5-Math and QwQ reach, in percent."""
    qwen = evaluate(data / "best_of_n" / "qwen25math_100x8.jsonl", bootstrap=2000)
    gsm8k = evaluate(data / "best_of_n" / "gsm8k_bon32.jsonl.gz", ns=[1, _GSM8K_BUDGET], bootstrap=200)

    def percent(frame: Any, method: str, n: int, **more: str) -> float:
        rows = frame[(frame["method"] == method) & (frame["n"] == n)]
        for column, expected in more.items():
            rows = rows[rows[column] == expected]
        return round(100 * float(rows["accuracy"].iloc[0]), 4)

    prm = {"verifier": "qwen_prm", "aggregation": "product"}
    return {
        "qwen": {
            "pass_at_1": percent(qwen, "pass_at_k", 1),
            "best_of_8": percent(qwen, "best_of_n", _BUDGET),
            "majority_of_8_in_order": round(100 * qwen.attrs["majority_in_order"][_BUDGET], 4),
            "pass_at_8": percent(qwen, "pass_at_k", _BUDGET),
        },
        "gsm8k": {
            "pass_at_1": percent(gsm8k, "pass_at_k", 1),
            "majority_of_32": percent(gsm8k, "majority", _GSM8K_BUDGET),
            "best_of_32": percent(gsm8k, "best_of_n", _GSM8K_BUDGET, **prm),
        },
    }


def _authors_differ(path: Path) -> int:
    tables = read(path, "best_of_n")
    gold = dict(zip(tables.problems["problem_id"], tables.problems["answer"], strict=True))
    solutions = tables.solutions
    answers = [answer if isinstance(answer, str) else None for answer in solutions["answer"].astype(object)]
    ours = grade_many(answers, [gold[problem_id] for problem_id in solutions["problem_id"]])
    return sum(verdict != bool(theirs) for verdict, theirs in zip(ours, solutions["is_correct"], strict=True))


if __name__ == "__main__":
    print(json.dumps({"grading": grading, "samples": samples}[sys.argv[1]](Path(os.environ[SHARED_DATA]))))
