"""Published best-of-N samples: many solutions per problem, each judged, scored by one reward or by PRMs per step.

Three shapes, recognized record by record:

    Qwen2.5-Math: {"question": ..., "gt": "420", "level": "Level 3", "code": [<solution>, ...], "pred": ["420", ...],
                   "score": [true, ...], "pred_score": [[3.55], ...]}
    StrictPRMBench, a file of pools/bon_candidates: {"problem_id": "gsm8k_000", "n": 32, "candidates": [{"problem":
                   {"question": ..., "ground_truth": "18", "domain": ...}, "steps": [{"index": 0, "text": ...}, ...],
                   "extracted_answer": "18", "is_correct": true, "num_tokens": 218, "model_name": ...}, ...]}
      and a line of its step_scores_cache: {"prm_name": "qwen_prm", "problem_id": "gsm8k_000", "candidate_index": 0,
                   "step_scores": [0.35, ...], "is_correct": true, "n_steps": 4}
    The two joined, without the texts: {"problem_id": ..., "question": ..., "gold_answer": "18", "model_name": ...,
                   "candidates": [{"answer": "18", "author_is_correct": true, "n_steps": 4,
                   "step_scores": {"qwen_prm": [0.99, ...], ...}}, ...]}

A reward of any scale becomes the one entry of ``negative``, 1 - sigmoid(reward), whose order is the reward's; the
reward itself is kept beside it. Right or wrong is the file's own verdict; a sample without one is graded here. A pool whose
``n`` is another number than that of its candidates is read, with a warning.
"""

import logging
import re
from typing import Any

from stepscale.errors import InputError
from stepscale.formats.contract import Tables, problem_key
from stepscale.formats.fields import (
    BadRecord,
    Record,
    is_number,
    is_whole,
    maybe_text,
    probability,
    problem_text,
    required,
    text,
    texts,
)
from stepscale.formats.gold_answers import maybe_gold
from stepscale.formats.known_problems import check_same_gold
from stepscale.formats.lines import OnError, Records
from stepscale.formats.math_problems import level_of
from stepscale.formats.sample_fields import check_columns, checked_answer, checked_verdict, token_counts
from stepscale.formats.sample_rows import (
    ProblemRow,
    SampleRow,
    SampleRows,
    ScoreRow,
    paragraphs,
    reward_row,
    stated_answer,
)
from stepscale.formats.source_files import Source
from stepscale.grading import Rules

_PROMPT = re.compile(r"\Asystem\n.*?\nassistant\n", re.DOTALL)  # StrictPRMBench has it in the first step of MATH-500

logger = logging.getLogger(__name__)


def read(
    source: Source,
    *,
    on_error: OnError = "raise",
    split: str | None = None,
    config: str | None = None,
    verifier: str = "reward",
    rules: Rules = "prm800k",
) -> Tables:
    """Best-of-N samples as problems, solutions and scores.

    Args:
        source: Files, folders or hub data sets; StrictPRMBench's pools and step scores together as a list.
        on_error: "raise" or "skip" a bad line.
        split: The split of a hub data set; it is also written to the table.
        config: The configuration of a hub data set.
        verifier: The name of Qwen2.5-Math's reward.
        rules: How samples without a verdict are graded.

    Returns:
        The tables.

    Raises:
        InputError: A bad line, a missing or empty source, or step scores of samples that are not there.
    """
    records = Records(source, on_error, split, config)
    rows, kinds, off_count = SampleRows(split, rules), set[str](), list[str]()

    def add(record: Record) -> None:
        kinds.add("scores" if "step_scores" in record else "samples")
        if "step_scores" in record:
            sample_id, score = required(record, "candidate_index"), record["step_scores"]
            if not is_whole(sample_id) or sample_id < 0:
                raise BadRecord(f"'candidate_index' is {sample_id!r:.60}, not a place in the pool")
            step_scores = _step_scores(sample_id, text(record, "prm_name"), score, required(record, "n_steps"))
            rows.add_scores(text(record, "problem_id"), [step_scores], records.place)
        elif "candidates" not in record:
            rows.add(*_rewarded(record, verifier))
        elif "question" in record:
            rows.add(*_joined(record))
        else:
            rows.add(*_pool(record))
        off_count.extend(_off_count(record))

    records.read_into(add)
    if off_count:
        logger.warning(
            "%s: %d pools do not hold as many candidates as they say: %s", source, len(off_count), off_count[0]
        )
    if kinds == {"scores"}:
        raise InputError(
            f"{source}: step scores alone, without the samples; give the folder of pools too, both as a list"
        )
    return rows.tables(records)


Parts = tuple[ProblemRow, list[SampleRow], list[ScoreRow]]


def _rewarded(record: Record, verifier: str) -> Parts:
    """Qwen2.5-Math; steps are paragraphs."""
    question, solutions = problem_text(record, "question"), texts(record, "code")
    problem = ProblemRow(
        problem_key(question), question, _gold(record, "gt"), maybe_text(record, "solution"), None, level_of(record)
    )
    # 1. one entry per sample in each list; answers and verdicts may be missing
    n = len(solutions)
    answers = record["pred"] if record.get("pred") is not None else [stated_answer(solution) for solution in solutions]
    verdicts = record["score"] if record.get("score") is not None else [None] * n
    rewards = required(record, "pred_score")
    check_columns({"pred": answers, "score": verdicts, "pred_score": rewards}, n)
    # 2. rows
    tokens = token_counts(record, n)
    samples, scores = [], []
    for number, (solution, answer, verdict, reward) in enumerate(
        zip(solutions, answers, verdicts, rewards, strict=True)
    ):
        value = reward[0] if isinstance(reward, list) and len(reward) == 1 else reward
        if not is_number(value):
            raise BadRecord(f"sample {number}: one reward is needed, got {reward!r:.60}")
        final, is_correct = checked_answer(number, answer), checked_verdict(number, verdict)
        samples.append(SampleRow(_steps(solution), final, is_correct, None, tokens[number]))
        scores.append(reward_row(number, verifier, value))
    return problem, samples, scores


def _joined(record: Record) -> Parts:
    """StrictPRMBench's pools and scores joined; without the texts of the steps."""
    problem = ProblemRow(text(record, "problem_id"), problem_text(record, "question"), _gold(record, "gold_answer"))
    samples, scores = [], []
    for number, candidate in enumerate(_candidates(record)):
        answer = checked_answer(number, required(candidate, "answer"))
        verdict = checked_verdict(number, candidate.get("author_is_correct"))
        (tokens,) = token_counts(candidate, 1)
        samples.append(SampleRow([], answer, verdict, maybe_text(record, "model_name"), tokens))
        by_verifier = required(candidate, "step_scores")
        if type(by_verifier) is not dict:
            raise BadRecord(f"sample {number}: 'step_scores' is {by_verifier!r:.60}, not lists by verifier")
        for verifier, values in by_verifier.items():
            scores.append(_step_scores(number, verifier, values, required(candidate, "n_steps")))
    return problem, samples, scores


def _pool(record: Record) -> Parts:
    """A file of StrictPRMBench's pools."""
    candidates = _candidates(record)
    if not candidates:
        raise BadRecord("'candidates' is empty")
    about = required(candidates[0], "problem")
    problem = ProblemRow(
        text(record, "problem_id"),
        problem_text(about, "question"),
        _gold(about, "ground_truth"),
        subject=maybe_text(about, "domain"),
    )
    samples = []
    for number, candidate in enumerate(candidates):
        asked = required(candidate, "problem")
        if asked != about and problem_text(asked, "question") != problem.problem:
            raise BadRecord(
                f"sample {number} is of another question than sample 0; a pool holds samples of one problem"
            )
        if asked != about:
            check_same_gold(_gold(asked, "ground_truth"), problem.answer)
        steps = [text(step, "text") for step in _in_order(required(candidate, "steps"))]
        steps[:1] = [_PROMPT.sub("", step) for step in steps[:1]]
        answer = checked_answer(number, required(candidate, "extracted_answer"))
        verdict = checked_verdict(number, candidate.get("is_correct"))
        (tokens,) = token_counts(candidate, 1)
        samples.append(SampleRow(steps, answer, verdict, maybe_text(candidate, "model_name"), tokens))
    return problem, samples, []


def _in_order(steps: list[Record]) -> list[Record]:
    """The steps of a candidate by their numbers, where all have one."""
    numbers = [step.get("index") if type(step) is dict else None for step in steps]
    return sorted(steps, key=lambda step: int(step["index"])) if all(map(is_whole, numbers)) else steps


def _steps(solution: str) -> list[str]:
    """Its paragraphs, blank ones left out."""
    return [paragraph for paragraph in paragraphs(solution) if paragraph.strip()]


def _candidates(record: Record) -> list[Record]:
    candidates = record["candidates"]
    if type(candidates) is not list:
        raise BadRecord(f"'candidates' is {candidates!r:.60}, not a list of samples")
    return candidates


def _off_count(record: Record) -> list[str]:
    """The warning for a pool whose ``n`` is not the number of its candidates."""
    stated, n = record.get("n"), len(record.get("candidates") or ())
    return (
        [f"{record['problem_id']} says n={stated!r:.20} and holds {n}"]
        if "candidates" in record and stated not in (None, n)
        else []
    )


def _gold(record: Record, key: str) -> str | None:
    """The gold answer under a key that must be there."""
    required(record, key)
    return maybe_gold(record, key)


def _step_scores(sample: int, verifier: str, values: Any, n_steps: Any) -> ScoreRow:
    if type(values) is not list:
        raise BadRecord(f"sample {sample}: the step scores of {verifier} are {values!r:.60}, not a list of numbers")
    scores = [probability(value, f"sample {sample}: a step score of {verifier}") for value in values]
    if isinstance(n_steps, bool) or len(scores) != n_steps:
        raise BadRecord(f"sample {sample}: {verifier} has {len(scores)} scores for {n_steps!r:.20} steps")
    return ScoreRow(sample, verifier, [1.0 - score for score in scores])
