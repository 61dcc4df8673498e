"""Speed of generation on the lab's base model: solutions of 16 problems x 64 samples, tokens a second.

At the lab's own sampling; rows called ``..._at_temperature_0.4`` are the same at temperature 0.4.

- ``generate_vs_per_problem``: against ``model.generate(num_return_sequences=64)`` problem by problem, what public codebases do.
- ``generate_vs_wide``: against the best wide ``model.generate`` for the same work: prompts sorted by length, padded left, in
  batches of the width that is fastest on this machine (all widths are tried first), up to all the work at once.
- ``generate_vs_matmul_bound``: tokens passed through the model, against 2 x parameters x tokens at the measured matmul rate.
- ``best_of_256_on_300_problems``: measured on some problems, extrapolated; the "rival" is the goal of a minute.
"""

from typing import Any

from bench._lab import (
    PROMPT,
    SAMPLING,
    SAMPLINGS,
    Plain,
    generate,
    generator,
    matmul_flops,
    requests,
    row,
    seconds,
    texts,
)
from stepscale.cost import Ledger
from stepscale.generation.contract import Request, Sampling
from stepscale.generation.local import LocalGenerator

RUNS = 3
PROBLEMS, SAMPLES = 16, 64
WIDTHS = (256, 512, 1024)  # rows of one call
WIDE_PROBLEMS, WIDE_SAMPLES, PUBLISHED_PROBLEMS, GOAL_SECONDS = 10, 256, 300, 60.0


def run(runs: int = RUNS) -> list[dict[str, Any]]:
    """The rows of this bench: medians of paired runs."""
    lab, plain = generator(), Plain()
    rows = [row for end, sampling in SAMPLINGS.items() for row in _paired(lab, plain, end, sampling, runs)]
    many = requests(lab, texts(WIDE_PROBLEMS), WIDE_SAMPLES, "many")
    times = [_ours(lab, many, SAMPLING)[2] * PUBLISHED_PROBLEMS / WIDE_PROBLEMS for _ in range(runs)]
    return [*rows, row("best_of_256_on_300_problems", times, [GOAL_SECONDS] * runs, "s")]


def _paired(lab: LocalGenerator, plain: Plain, end: str, sampling: Sampling, runs: int) -> list[dict[str, Any]]:
    """Rows against the rivals and against the bound, their names ending in ``end``."""
    problem_texts = texts(PROBLEMS)
    prompts = sorted((PROMPT.replace("{problem}", text) for text in problem_texts), key=len)
    work_requests = requests(lab, problem_texts, SAMPLES)
    generate(lab, work_requests[:SAMPLES], sampling=sampling)  # both warm
    plain.generate(prompts[:1], 8, sampling)
    width = max(WIDTHS, key=lambda rows: _plain_rate(plain, prompts, rows, sampling))
    ours, alone, wide, passed, bound = [], [], [], [], []
    for _ in range(runs):
        n_drawn, computed, took = _ours(lab, work_requests, sampling)
        ours.append(n_drawn / took)
        passed.append(computed / took)
        alone.append(_plain_rate(plain, prompts, SAMPLES, sampling))
        wide.append(_plain_rate(plain, prompts, width, sampling))
        bound.append(matmul_flops() / (2 * lab.parameters))
    return [
        row(f"generate_vs_per_problem{end}", ours, alone, "tokens/s"),
        row(f"generate_vs_wide{end}", ours, wide, "tokens/s"),
        row(f"generate_vs_matmul_bound{end}", passed, bound, "tokens/s"),
    ]


def _ours(lab: LocalGenerator, work_requests: list[Request], sampling: Sampling) -> tuple[int, int, float]:
    """Tokens drawn, tokens passed through the model, seconds."""
    ledger, n_drawn = Ledger(), 0

    def work() -> None:
        nonlocal n_drawn
        n_drawn = sum(len(continuation.tokens) for continuation in generate(lab, work_requests, ledger, sampling))

    took = seconds(work)
    return n_drawn, ledger.tokens, took


def _plain_rate(plain: Plain, prompts: list[str], rows: int, sampling: Sampling) -> float:
    """Tokens a second of the rival, in calls of so many rows."""
    at_once, n_drawn = rows // SAMPLES, 0

    def work() -> None:
        nonlocal n_drawn
        groups = (prompts[i : i + at_once] for i in range(0, len(prompts), at_once))
        n_drawn = sum(plain.generate(group, SAMPLES, sampling) for group in groups)

    took = seconds(work)
    return n_drawn / took


if __name__ == "__main__":
    for line in run():
        print(line)
