"""Published best-of-N samples: many solutions a problem, judged, each scored by one reward or by several PRMs a step.

Two shapes, told apart record by record:

    Qwen2.5-Math: {"question": ..., "gt": "420", "level": "Level 3", "code": [<solution>, ...], "pred": ["420", ...],
                   "score": [true, ...], "pred_score": [[3.55], ...]}
    StrictPRMBench: {"problem_id": "gsm8k_000", "question": ..., "gold_answer": "18", "model_name": ..., "candidates":
                   [{"answer": "18", "author_is_correct": true, "n_steps": 4,
                   "step_scores": {"qwen_prm": [0.99, ...], ...}}, ...]}

A reward of any scale becomes the one entry of ``negative``, 1 - sigmoid(reward), whose order is the reward's; the
reward itself is kept beside it. Right or wrong is the file's own verdict (the authors', in the second shape). Nothing
is graded here.
"""

import math
from typing import Any

from stepscale.formats import tables
from stepscale.formats.columns import Columns
from stepscale.formats.contract import Tables, problem_key
from stepscale.formats.fields import BadRecord, Record, maybe_text, text, texts
from stepscale.formats.lines import OnError, Records
from stepscale.formats.math_problems import level_of
from stepscale.formats.source_files import Source


def read(
    source: Source,
    *,
    on_error: OnError = "raise",
    split: str | None = None,
    config: str | None = None,
    verifier: str = "reward",
) -> Tables:
    """Best-of-N samples as problems, solutions and scores; `verifier` names the reward of the first shape.

    Raises InputError for a bad line (`on_error`) or a missing or empty source.
    """
    records = Records(source, on_error, split, config)
    problems = Columns(tables.PROBLEMS, "problem_id", "problem", "answer", "solution", "subject", "level", "split")
    solutions = Columns(
        tables.SOLUTIONS, "problem_id", "sample_id", "steps", "answer", "is_correct", "finish", "generator"
    )
    scores = Columns(tables.SCORES, "problem_id", "sample_id", "verifier", "negative", "neutral", "reward")
    seen: set[str] = set()

    def add(record: Record) -> None:
        candidates = "candidates" in record
        problem = text(record, "question")
        problem_id = text(record, "problem_id") if candidates else problem_key(problem)
        if problem_id in seen:
            raise BadRecord(f"the problem {problem_id!r} was given before: all its samples belong in one line")
        gold = text(record, "gold_answer") if candidates else text(record, "gt")
        samples, scored = _candidates(record) if candidates else _rewarded(record, verifier)
        solution = None if candidates else maybe_text(record, "solution")
        problems.row(problem_id, problem, gold, solution, None, level_of(record), split)
        solutions.rows((problem_id, *sample) for sample in samples)
        scores.rows((problem_id, *score) for score in scored)
        seen.add(problem_id)

    records.each(add)
    return Tables(
        problems=problems.frame(),
        solutions=solutions.frame(),
        scores=scores.frame(),
        skipped=records.skipped,
        skip_reasons=tuple(records.reasons),
    )


Samples = list[tuple[Any, ...]]


def _rewarded(record: Record, verifier: str) -> tuple[Samples, Samples]:
    """Rows of solutions and scores from the first shape, less the problem_id; steps are paragraphs."""
    solutions, answers, verdicts, rewards = (record[key] for key in ("code", "pred", "score", "pred_score"))
    if not len(texts(record, "code")) == len(answers) == len(verdicts) == len(rewards):
        raise BadRecord("'code', 'pred', 'score' and 'pred_score' are not lists of one length")
    samples: Samples = []
    scored: Samples = []
    for sample, (solution, answer, verdict, given) in enumerate(
        zip(solutions, answers, verdicts, rewards, strict=True)
    ):
        reward = given[0] if isinstance(given, list) and len(given) == 1 else given
        if type(reward) not in (int, float) or not math.isfinite(reward):
            raise BadRecord(f"sample {sample}: one reward is needed, got {given!r:.60}")
        _check_verdict(sample, answer, verdict)
        samples.append((sample, solution.split("\n\n"), answer or None, verdict, "solution", None))
        scored.append((sample, verifier, [_sigmoid(-reward)], [0.0], float(reward)))
    return samples, scored


def _candidates(record: Record) -> tuple[Samples, Samples]:
    """Rows of solutions and scores from the second shape; the texts of the steps are not published."""
    samples: Samples = []
    scored: Samples = []
    for sample, candidate in enumerate(record["candidates"]):
        answer, verdict = candidate["answer"], candidate["author_is_correct"]
        _check_verdict(sample, answer, verdict)
        samples.append((sample, [], answer or None, verdict, "solution", maybe_text(record, "model_name")))
        for verifier, steps in candidate["step_scores"].items():
            if not all(isinstance(score, float | int) and 0 <= score <= 1 for score in steps):
                raise BadRecord(f"sample {sample}: a step score of {verifier} is not in [0, 1]")
            if len(steps) != candidate["n_steps"]:
                raise BadRecord(f"sample {sample}: {verifier} has {len(steps)} scores for {candidate['n_steps']} steps")
            scored.append((sample, verifier, [1.0 - score for score in steps], [0.0] * len(steps), None))
    return samples, scored


def _check_verdict(sample: int, answer: Any, verdict: Any) -> None:
    if answer is not None and type(answer) is not str:
        raise BadRecord(f"sample {sample}: the answer is {answer!r}, not a string")
    if type(verdict) is not bool:
        raise BadRecord(f"sample {sample}: the verdict is {verdict!r}, not true or false")


def _sigmoid(x: float) -> float:
    """Without overflow on either side."""
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))
