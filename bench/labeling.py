"""Speed of the symbolic labeler: steps a second on one core, against sympy checking the same statements.

The steps are those the lab's erring hands write. The rival only checks each step's fact of arithmetic; that is less than the
labeler does.
"""

import re
import statistics
import time
from random import Random
from typing import Any

import sympy

from stepscale.lab.corpus import Page, write_page
from stepscale.lab.labeler import rate_steps

RUNS = 3
PAGES = 20_000
RIVAL_PAGES = 150
_SIGNS = {"plus": "+", "minus": "-", "times": "*"}
_FACT = re.compile(r"(\d+) (plus|minus|times) (?:[A-Z][a-z]+'s )?(\d+), so [A-Z][a-z]+ has (\d+)")


def run() -> list[dict[str, Any]]:
    """One row: rated steps a second."""
    rng = Random(0)
    pages = [write_page(rng, "test") for _ in range(PAGES)]
    judged = [page for page in pages if page.ratings]
    ours = statistics.median(_rate(judged, _label) for _ in range(RUNS))
    rival = statistics.median(_rate(judged[:RIVAL_PAGES], _check_with_sympy) for _ in range(RUNS))
    row = {
        "name": "label_vs_sympy",
        "ratio": round(ours / rival, 2),
        "ours": ours,
        "rival": rival,
        "unit": "steps/s",
        "runs": RUNS,
    }
    return [row]


def _rate(pages: list[Page], work: Any) -> float:
    start = time.perf_counter()
    steps = sum(work(page) for page in pages)
    return float(steps / (time.perf_counter() - start))


def _label(page: Page) -> int:
    return len(rate_steps(page.problem, page.steps))


def _check_with_sympy(page: Page) -> int:
    steps = page.steps[: len(page.ratings)]
    for step in steps:
        match = _FACT.search(step)
        if match:
            left, operation, right, result = match.groups()
            sympy.expand(sympy.parse_expr(f"{left} {_SIGNS[operation]} {right} - {result}"))
    return len(steps)


if __name__ == "__main__":
    print(run())
