r"""lm-evaluation-harness's samples (``--log_samples``): all responses to each document of a generation task.

    samples_gsm8k_cot_2026-08-21T19-56-54.jsonl, a line per document and filter:
    {"doc_id": 0, "doc": {"question": ..., "answer": "... #### 18"}, "target": "... #### 18", "filter": "strict-match",
     "arguments": {"gen_args_0": {"arg_0": <prompt>, "arg_1": {...}}}, "resps": [["So the answer is 18.", ...]],
     "filtered_resps": [...], "metrics": ["exact_match"], "exact_match": 1.0, ...}

Every filter repeats all responses, so one filter is read. A metric judges what a filter made of all responses together:
it is not a verdict on a sample unless there is one response. Samples are therefore graded here. Several files of one task
(seeds, say) are further samples of the same problems. Steps are lines. The folder of a run also has
``results_<date>.json``, a summary without samples.
"""

from collections.abc import Mapping
from typing import Any

from stepscale.errors import InputError
from stepscale.formats.contract import Tables, problem_key
from stepscale.formats.fields import BadRecord, Record, is_whole, maybe_text, problem_text, required, text
from stepscale.formats.gold_answers import gold_answer, value_of
from stepscale.formats.lines import OnError, Records
from stepscale.formats.math_problems import level_if_any
from stepscale.formats.sample_rows import ProblemRow, SampleRow, SampleRows, stated_answer
from stepscale.formats.source_files import Source
from stepscale.grading import Rules

_QUESTIONS = ("problem", "question", "Problem", "Question", "input", "query")
_IDS = ("unique_id", "problem_id", "id", "ID")
_NOTHING = "None"  # a null response, as the tool writes it


def read(
    source: Source,
    *,
    on_error: OnError = "raise",
    split: str | None = None,
    config: str | None = None,
    filter: str | None = None,
    problem: str | None = None,
    answer: str | None = None,
    generator: str | None = None,
    rules: Rules = "prm800k",
) -> Tables:
    """The responses as problems and solutions.

    Args:
        source: Files, folders or hub data sets.
        on_error: "raise" or "skip" a bad line.
        split: The split of a hub data set; it is also written to the table.
        config: The configuration of a hub data set.
        filter: Which filter's lines are read; None: the first one's. All hold the same responses.
        problem: The key of ``doc`` with the problem's text; None: the usual ones, else the whole prompt.
        answer: The key of ``doc`` with the gold answer; None: taken from ``target``.
        generator: The name of the model, which the file does not tell.
        rules: How the responses are graded.

    Returns:
        The tables, without scores.

    Raises:
        InputError: A bad line (such as one of a multiple-choice task), a missing or empty source, or no such filter.
    """
    records, rows = Records(source, on_error, split, config), SampleRows(split, rules)
    chosen, filters, documents = filter, set[str](), set[str]()
    of_other_filters: dict[str, tuple[str, int, str]] = {}  # document: its first line and that line's filter

    def add(record: Record) -> None:
        nonlocal chosen
        if _is_summary(record):
            return
        name = text(record, "filter")
        chosen = name if chosen is None else chosen
        filters.add(name)
        row = _problem(record, problem, answer)
        samples = [_sample(response, generator) for response in _responses(record)]
        if name == chosen:
            rows.extend(row, samples)
            documents.add(row.problem_id)
        else:
            of_other_filters.setdefault(row.problem_id, (records.file, records.number, name))

    records.read_into(add)
    for document in [document for document in of_other_filters if document not in documents and chosen in filters]:
        records.file, records.number, name = of_other_filters[document]
        records.refuse(f"document {document} has lines of the filter {name!r} alone, and {chosen!r} is read")
    if not filters:
        raise InputError(f"{source}: results without samples; run lm_eval with --log_samples")
    if chosen not in filters:
        raise InputError(f"{source}: no line has the filter {chosen!r}; choose one of {', '.join(sorted(filters))}")
    return rows.tables(records)


def _is_summary(record: Record) -> bool:
    """Whether it is ``results_<date>.json``, which holds the metrics of a run."""
    return "resps" not in record and {"results", "configs"} <= record.keys()


def _problem(record: Record, problem: str | None, answer: str | None) -> ProblemRow:
    doc = required(record, "doc")
    if type(doc) is not dict:
        raise BadRecord(f"'doc' is {doc!r:.60}, not a JSON object")
    keys = [key for key in _QUESTIONS if isinstance(doc.get(key), str)]
    key = problem or next((key for key in keys if doc[key].strip()), next(iter(keys), None))
    question = problem_text(doc, key) if key is not None else _prompt(record)
    gold = gold_answer(_target(record)) if answer is None else _named_gold(doc, answer)
    name = next((doc[key] for key in _IDS if isinstance(doc.get(key), str) or is_whole(doc.get(key))), None)
    return ProblemRow(
        problem_key(question) if name is None else str(name),
        question,
        gold,
        maybe_text(doc, "solution"),
        _maybe_word(doc, "subject") or _maybe_word(doc, "type"),
        level_if_any(doc),
    )


def _named_gold(doc: Record, key: str) -> str | None:
    """The gold answer under the key that the user named, whatever its type; None where it is null."""
    value = required(doc, key)
    return None if value is None else value_of(str(value))


def _target(record: Record) -> str:
    """The target as text: tasks whose answers are integers (AIME's) have integers there."""
    target = required(record, "target")
    return str(target) if is_whole(target) else text(record, "target")


def _maybe_word(doc: Mapping[str, Any], key: str) -> str | None:
    """A string under the key; documents of any task have anything there."""
    return doc[key] if isinstance(doc.get(key), str) else None


def _prompt(record: Record) -> str:
    arguments = required(record, "arguments")
    if type(arguments) is list and arguments and type(arguments[0]) is list and arguments[0]:  # before version 0.4.3
        arguments = {"gen_args_0": {"arg_0": arguments[0][0]}}
    return text(required(arguments, "gen_args_0"), "arg_0").strip()


def _responses(record: Record) -> list[str]:
    """All responses to the one request of a document."""
    requests = required(record, "resps")
    if type(requests) is not list or not all(type(request) is list for request in requests) or not requests:
        raise BadRecord(f"'resps' is {requests!r:.60}, not a list per request")
    responses = requests[0]
    if len(requests) > 1 or not responses or not all(type(response) is str for response in responses):
        raise BadRecord(
            f"'resps' is {requests!r:.60}: not responses to one request; multiple choice has no samples, give a "
            "generation task"
        )
    return ["" if response == _NOTHING else response for response in responses]


def _sample(response: str, generator: str | None) -> SampleRow:
    steps = [line for line in response.replace("\r\n", "\n").split("\n") if line.strip()]
    return SampleRow(steps, stated_answer(response), None, generator)
