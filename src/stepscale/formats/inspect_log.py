"""inspect-ai's evaluation logs (``.eval``, or a log written as JSON): an epoch of a sample is a solution.

    samples/<id>_epoch_<n>.json in the archive, or an entry of "samples" in a JSON log:
    {"id": 1, "epoch": 1, "input": "1+1?" or [{"role": "user", "content": ...}, ...], "target": "2" or ["2", ...],
     "output": {"model": ..., "choices": [{"message": {"content": "..." or [{"type": "text", "text": ...}, ...]},
                "stop_reason": "stop"}], "usage": {"output_tokens": 30, ...}},
     "scores": {"match": {"value": "C", "answer": "2"}}, "metadata": {"level": 3}, "error": null, "attachments": {...}}

The verdict is the scorer's: "C" and 1 are right, anything else ("I", "P", "N", 0.5) is not. Thoughts are no part of a
solution's text. A sample that failed has no answer. Steps are lines. A folder of logs may have their list, ``logs.json``.
"""

from collections.abc import Hashable, Iterator, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from stepscale.formats.contract import Tables
from stepscale.formats.fields import BadRecord, Record, is_whole, maybe_text, required, text
from stepscale.formats.gold_answers import gold_answer
from stepscale.formats.graded import UNFINISHED
from stepscale.formats.lines import OnError, Place, Records
from stepscale.formats.math_problems import level_if_any
from stepscale.formats.sample_rows import ProblemRow, SampleRow, SampleRows, stated_answer
from stepscale.formats.source_files import Source
from stepscale.grading import Rules

_ATTACHED = "attachment://"
_RIGHT = ("C", 1, 1.0, True)


def read(
    source: Source,
    *,
    on_error: OnError = "raise",
    split: str | None = None,
    config: str | None = None,
    scorer: str | None = None,
    rules: Rules = "prm800k",
) -> Tables:
    """The log's samples as problems and solutions.

    Args:
        source: Files, folders or hub data sets; several logs of one task are further samples of the same problems.
        on_error: "raise" or "skip" a bad sample.
        split: The split of a hub data set; it is also written to the table.
        config: The configuration of a hub data set.
        scorer: Whose score is the verdict; None: the first scorer's.
        rules: How samples without a score are graded.

    Returns:
        The tables, without scores of verifiers.

    Raises:
        InputError: A bad sample, or a missing or empty source.
    """
    records = Records(source, on_error, split, config)
    rows = SampleRows(split, rules)
    epochs: list[_Epoch] = []
    seen: dict[Hashable, Place] = {}

    def add(record: Record) -> None:
        log = records.place if _is_log(record) else records.file
        epochs.extend([_epoch(sample, scorer, log, records.place) for sample in _samples(record)])

    records.read_into(add)
    for epoch in sorted(epochs, key=attrgetter("number")):  # the archive's order is that of names
        try:
            _refuse_twice_the_same(epoch, seen)
            rows.extend(epoch.problem, [epoch.sample])
        except BadRecord as error:
            records.refuse(str(error), place=epoch.place)
        else:
            seen |= dict.fromkeys(epoch.keys, epoch.place)
    return rows.tables(records)


class _Epoch(NamedTuple):
    """A sample of a log. ``keys``: what no other sample has; ``place``: where it stands in the source."""

    number: int
    problem: ProblemRow
    sample: SampleRow
    keys: list[Hashable]
    place: Place


def _refuse_twice_the_same(epoch: _Epoch, seen: Mapping[Hashable, Place]) -> None:
    """Raises BadRecord if the sample was read before, as of a log that went on from another and repeats its samples."""
    first = next((seen[key] for key in epoch.keys if key in seen), None)
    if first is not None:
        raise BadRecord(
            f"epoch {epoch.number} of {epoch.problem.problem_id!r:.80} was given before ({first[0]}:{first[1]}): give it once"
        )


def _samples(record: Record) -> Iterator[Record]:
    """A JSON log holds all samples in one record; the list of a folder's logs holds none."""
    if _is_list_of_logs(record):
        return
    if _is_log(record):
        if not record["samples"]:
            raise BadRecord("the log has no samples; it was read or written without them")
        yield from record["samples"]
    else:
        yield record


def _is_log(record: Record) -> bool:
    return "samples" in record and "eval" in record


def _is_list_of_logs(record: Record) -> bool:
    """Whether it is ``logs.json``, the list of a folder's logs with their headers."""
    return bool(record) and all(isinstance(header, dict) and "eval" in header for header in record.values())


def _problem(sample: Record) -> ProblemRow:
    name, target = required(sample, "id"), required(sample, "target")
    if not isinstance(name, str) and not is_whole(name):
        raise BadRecord(f"'id' is {name!r:.60}, not a name or a number")
    targets = [target] if isinstance(target, str) else target
    if type(targets) is not list or not all(isinstance(text, str) for text in targets):
        raise BadRecord(f"'target' is {target!r:.60}, not a string or a list of strings")
    gold = gold_answer(_resolved(targets[0], sample)) if targets else None
    return ProblemRow(str(name), _question(sample), gold, level=level_if_any(sample.get("metadata") or {}))


def _epoch(sample: Record, scorer: str | None, log: Hashable, place: Place) -> _Epoch:
    number, problem = required(sample, "epoch"), _problem(sample)
    if not is_whole(number) or number < 1:
        raise BadRecord(f"'epoch' is {number!r:.60}, not a number from 1 on")
    uuid = maybe_text(sample, "uuid")
    keys: list[Hashable] = [(log, problem.problem_id, number), *([] if uuid is None else [uuid])]
    return _Epoch(number, problem, _sample(sample, scorer), keys, place)


def _question(sample: Record) -> str:
    """The input, or the last message of a user in it."""
    prompt = required(sample, "input")
    if isinstance(prompt, str):
        return _resolved(prompt, sample)
    user_messages = [message for message in prompt if required(message, "role") == "user"]
    if not user_messages:
        raise BadRecord("'input' has no message of a user")
    return _content(user_messages[-1], sample)


def _content(message: Record, sample: Record) -> str:
    """A message's text: a string, or the text parts of a list (thoughts, images and the like are left out)."""
    content = required(message, "content")
    if isinstance(content, str):
        return _resolved(content, sample)
    parts = [text(part, "text") for part in content if part.get("type", "text") == "text"]
    return "".join(_resolved(part, sample) for part in parts)


def _resolved(content: str, sample: Record) -> str:
    """Replaces the name of an attachment by its text."""
    if not content.startswith(_ATTACHED):
        return content
    return text(required(sample, "attachments"), content.removeprefix(_ATTACHED))


def _sample(sample: Record, scorer: str | None) -> SampleRow:
    output, failed = required(sample, "output"), sample.get("error") is not None
    choices = required(output, "choices")
    reply = _content(required(choices[0], "message"), sample) if choices else ""
    cut = bool(choices) and choices[0].get("stop_reason") in UNFINISHED
    verdict, answer = _score(sample, scorer)
    if answer is None or answer.strip() == reply.strip():  # a scorer that reads the whole completion names no answer
        answer = stated_answer(reply)
    none = failed or cut or not reply.strip()
    usage = output.get("usage") or {}
    tokens = usage.get("output_tokens")
    return SampleRow(
        [line for line in reply.replace("\r\n", "\n").split("\n") if line.strip()],
        None if none else answer,
        False if failed else verdict,
        maybe_text(output, "model") or None,
        tokens if is_whole(tokens) and tokens >= 0 else None,
        "length" if cut else "solution",
    )


def _score(sample: Record, scorer: str | None) -> tuple[bool | None, str | None]:
    """The verdict and the answer that a scorer gave; None where it gave none."""
    scores: dict[str, Any] = sample.get("scores") or {}
    if not scores:
        return None, None
    if scorer is not None and scorer not in scores:
        raise BadRecord(f"there is no scorer {scorer!r}; choose one of {', '.join(scores)}")
    score = scores[scorer or next(iter(scores))]
    value, answer = required(score, "value"), score.get("answer")
    if isinstance(value, dict | list):
        raise BadRecord(f"the score is {value!r:.60}, several values; name another scorer with scorer=")
    right = (
        None
        if value is None
        else any(value == right_value and isinstance(value, type(right_value)) for right_value in _RIGHT)
    )
    answer = _resolved(answer, sample) if isinstance(answer, str) else ""
    return right, answer if answer.strip() else None
