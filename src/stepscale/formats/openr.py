r"""Records of OpenR's evaluation, and of compute-optimal-tts, which grew out of it: solutions of one search per problem.

    record.jsonl of OpenR, question_<i>/record_<j>.jsonl of compute-optimal-tts:
    {"question": ..., "groundtruth": <the reference solution>, "result": {"majority_vote": 1, "prm_min_max": 0, ...,
     "total_completion_tokens": 912}, "output": [{"path_idx": 0, "text": ..., "value": [0.98, 0.91],
     "completion_tokens": 310}, ...]}

As samples, the solutions of a problem are independent draws only for best-of-N; records of compute-optimal-tts for one
question (its best-of-N and DVTS, a subtree per record) follow each other. The verdict is the file's where a record has
one solution; others are graded here. Results of a search are read by `read_searches`. An empty list of values ranks last,
as there. Steps are paragraphs, or what the tag "ки" ends.
"""

import json
import re
from pathlib import Path
from typing import Any

from stepscale.formats.contract import Tables, problem_key
from stepscale.formats.fields import (
    BadRecord,
    Record,
    is_number,
    is_whole,
    maybe_answer,
    probability,
    problem_text,
    required,
    text,
)
from stepscale.formats.gold_answers import gold_answer
from stepscale.formats.lines import OnError, Records
from stepscale.formats.prediction_rows import PredictionRow, PredictionRows
from stepscale.formats.sample_rows import ProblemRow, SampleRow, SampleRows, ScoreRow, paragraphs, stated_answer
from stepscale.formats.source_files import Source
from stepscale.grading import Rules

_TAG = "\u043a\u0438"
_STEP_END = re.compile(rf"\s*{_TAG}(?:\r?\n|\s*\Z)")
_VOTE = "majority_vote"
_TOKENS = "total_completion_tokens"
_NO_SCORE = [0]  # what stands where one solution was not scored


def read(
    source: Source,
    *,
    on_error: OnError = "raise",
    split: str | None = None,
    config: str | None = None,
    verifier: str = "prm",
    generator: str | None = None,
    rules: Rules = "prm800k",
) -> Tables:
    """The solutions as samples with step scores.

    Args:
        source: Files, folders or hub data sets.
        on_error: "raise" or "skip" a bad line.
        split: The split of a hub data set; it is also written to the table.
        config: The configuration of a hub data set.
        verifier: The name of the PRM, which the file does not tell.
        generator: The name of the model, likewise.
        rules: How solutions without a verdict are graded.

    Returns:
        The tables.

    Raises:
        InputError: A bad line, or a missing or empty source.
    """
    records = Records(source, on_error, split, config)
    rows = SampleRows(split, rules)

    def add(record: Record) -> None:
        if not _is_summary(record):
            rows.extend(_problem(record), _samples(record, generator), _scores(record, verifier))

    records.read_into(add)
    return rows.tables(records)


def read_searches(
    source: Source,
    *,
    on_error: OnError = "raise",
    split: str | None = None,
    config: str | None = None,
    budget: int | None = None,
    rules: Rules = "prm800k",
) -> Tables:
    """The verdicts of each way to take an answer from a search ("majority_vote", "prm_min_max", ...).

    Args:
        source: Files, folders or hub data sets.
        on_error: "raise" or "skip" a bad line.
        split: The split of a hub data set.
        config: The configuration of a hub data set.
        budget: N of the search; None: of the ``config.json`` beside the records, else the number of solutions.
        rules: Of grading; the file's verdicts count.

    Returns:
        Problems and their predictions, without answers.

    Raises:
        InputError: A bad line, a second record of a problem, or a missing or empty source.
    """
    records = Records(source, on_error, split, config)
    rows = PredictionRows(split, rules)

    def add(record: Record) -> None:
        if _is_summary(record):
            return
        result, output = required(record, "result"), _output(record)
        n = budget or _configured(Path(records.file)) or len(output)
        tokens = result.get(_TOKENS)
        counted = float(tokens) if is_number(tokens) and tokens > 0 else None
        verdicts = {name: _verdict(name, value) for name, value in result.items() if name != _TOKENS}
        if not verdicts:
            raise BadRecord("'result' has no verdict such as 'majority_vote'")
        rows.add(_problem(record), [PredictionRow(name, n, None, right, counted) for name, right in verdicts.items()])

    records.read_into(add)
    return rows.tables(records)


def _is_summary(record: Record) -> bool:
    """Whether it is the line of avg_result.json, which lies beside the records."""
    return "output" not in record and _VOTE in record


def _problem(record: Record) -> ProblemRow:
    question, reference = problem_text(record, "question"), text(record, "groundtruth")
    return ProblemRow(problem_key(question), question, gold_answer(reference, is_solution=True), reference)


def _output(record: Record) -> list[Record]:
    output = required(record, "output")
    if type(output) is not list or not output:
        raise BadRecord(f"'output' is {output!r:.60}, not a list of solutions")
    return output


def _samples(record: Record, generator: str | None) -> list[SampleRow]:
    output, result = _output(record), required(record, "result")
    alone = _verdict(_VOTE, result[_VOTE]) if len(output) == 1 and result.get(_VOTE) is not None else None
    samples = []
    for solution in output:
        completion, tokens = text(solution, "text"), solution.get("completion_tokens")
        parts = _STEP_END.split(completion) if _STEP_END.search(completion) else paragraphs(completion)
        answer = maybe_answer(solution, "extracted_answer") or stated_answer(_STEP_END.sub("\n", completion))
        counted = tokens if len(output) == 1 or "tree_completion_tokens" not in solution else None
        steps = [part.strip() for part in parts if part.strip()]
        samples.append(SampleRow(steps, answer, alone, generator, _count(counted)))
    return samples


def _count(tokens: Any) -> int | None:
    """Tokens of a sample. Of a beam search all but the last solution have 0, and the last those of the whole search."""
    if tokens is not None and (not is_whole(tokens) or tokens < 0):
        raise BadRecord(f"'completion_tokens' is {tokens!r:.60}, not a number of tokens")
    return tokens or None


def _scores(record: Record, verifier: str) -> list[ScoreRow]:
    values = [required(solution, "value") for solution in _output(record)]
    if len(values) == 1 and values[0] == _NO_SCORE:
        return []
    scores = []
    for sample, steps in enumerate(values):
        if type(steps) is not list:
            raise BadRecord(f"sample {sample}: 'value' is {steps!r:.60}, not a list of step scores")
        negative = [1.0 - probability(value, f"sample {sample}: a step score") for value in steps]
        scores.append(ScoreRow(sample, verifier, negative or [1.0]))
    return scores


def _verdict(name: str, value: Any) -> bool:
    if value not in (0, 1):
        raise BadRecord(f"result {name!r} is {value!r:.60}, not 0 or 1")
    return bool(value)


def _configured(path: Path) -> int | None:
    """N by the ``config.json`` in the folder of the records or the one above; None if no such file gives it."""
    for folder in path.parents[:2]:
        try:
            method = json.loads((folder / "config.json").read_text(encoding="utf-8"))["method_config"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if not isinstance(method, dict):
            continue
        width, beams = method.get("tree_max_width"), method.get("beam_size", 1)
        if "direct_io" in method and is_whole(width):  # compute-optimal-tts: the beams share the width
            return width
        if is_whole(width) and is_whole(beams):
            return width * beams
        if is_whole(method.get("num_sequence")):
            return int(method["num_sequence"])
    return None
