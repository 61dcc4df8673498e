"""The error for a source whose records no reader understands.

Finds the nearest format by the keys of the records: that reader's own complaint then says what is missing. Of the
complaints of several readers it picks the most helpful one.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from stepscale.errors import InputError
from stepscale.formats.fields import ReadError
from stepscale.formats.lines import iter_records
from stepscale.formats.parquet import holds_tables, is_folder_of_tables
from stepscale.formats.registry import READABLE_FORMATS
from stepscale.formats.source_files import Source

SHAPES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("prm800k", ("question", "label")),
    ("math", ("problem", "answer")),
    ("math", ("problem", "solution")),
    ("processbench", ("problem", "steps", "final_answer_correct", "label")),
    ("prmbench", ("modified_question", "modified_process", "error_steps")),
    ("hard2verify", ("question", "model_response_by_step", "human_labels")),
    ("math_shepherd", ("input", "label")),
    ("trl_stepwise", ("prompt", "completions", "labels")),
    ("scored_samples", ("problem", "steps", "rating_probs", "is_correct", "orm_score")),
    ("best_of_n", ("question", "gt", "code", "pred_score")),
    ("best_of_n", ("problem_id", "question", "gold_answer", "candidates")),
    ("best_of_n", ("problem_id", "candidates")),
    ("search_and_learn", ("problem", "completions", "scores")),
    ("lm_eval", ("doc", "target", "resps", "filter")),
    ("inspect", ("id", "epoch", "input", "target", "output")),
    ("openr", ("question", "groundtruth", "result", "output")),
    ("sample_lines", ("problem", "answer", "completion", "scores")),
)
"""The keys that a record of each shape cannot do without."""
_LINE = (
    ("problem", "question"),
    ("answer", "gold_answer", "ground_truth", "gt", "target"),
    ("completion", "response", "prediction", "predicted_answer", "extracted_answer"),
)
"""A line per sample may name each of these parts otherwise: it is recognized by all three, not by two of them."""


def what_is_wrong(source: Source, complaints: Mapping[str, InputError]) -> str:
    """What to tell the user of a source that no reader took.

    Args:
        source: Files, a folder or a hub name.
        complaints: By format what its reader said of the source.

    Returns:
        One complaint; "" where none fits.
    """
    one = source if isinstance(source, str | Path) else None
    complaint = "" if one is not None and is_folder_of_tables(one) else most_helpful(complaints)  # it is nothing else
    if not complaint and one is not None and holds_tables(one):
        complaint = str(complaints.get("parquet", ""))
    if complaint or (nearest := nearest_format(source, complaints)) is None:
        return complaint
    return f"{complaints[nearest]} (read as {nearest}, the nearest format; name another with format=)"


def nearest_format(source: Source, refused_by: Collection[str]) -> str | None:
    """The format that the first record has all keys of, or all but one: then its values are at fault, or that key.

    Args:
        source: Files, a folder or a hub name.
        refused_by: Formats whose readers complained; the others have nothing to say.

    Returns:
        Of formats with all keys, or else of those with all but one, the one with the most keys present. None if it has no more
        than one key of any such, or cannot be read at all.
    """
    try:
        record = next(iter(iter_records(source, on_error="skip")))
    except (InputError, StopIteration):
        return None
    matches = [match for match in _matches(record) if match.n_absent <= 1 and match.format in refused_by]
    best = max(matches, key=lambda match: (-match.n_absent, match.n_known), default=None)
    return best.format if best is not None and best.n_known >= 2 else None


class _NearFormat(NamedTuple):
    """How a record fits a shape: the keys that are there, those that are not."""

    format: str
    n_known: int
    n_absent: int


def _matches(keys: Iterable[str]) -> Iterable[_NearFormat]:
    key_set = set(keys)
    for name, shape in SHAPES:
        n_known = len(key_set & set(shape))
        yield _NearFormat(name, n_known, len(shape) - n_known)
    if all(key_set.intersection(names) for names in _LINE):
        yield _NearFormat("sample_lines", len(_LINE), 0)


def most_helpful(complaints: Mapping[str, InputError]) -> str:
    """The most helpful of the complaints of several readers.

    Args:
        complaints: By format what its reader said of the source.

    Returns:
        One complaint; "" where none tells more than the others.
    """
    # 1. a reader that came past the first record has understood it
    of_records = {name: error for name, error in complaints.items() if isinstance(error, ReadError)}
    furthest = max(of_records.values(), key=lambda error: error.good, default=None)
    if furthest is not None and furthest.good:
        return str(furthest)
    # 2. what most readers say is of the file, not of the format: it is empty, damaged, or no JSON
    ((complaint, times),) = Counter(map(str, complaints.values())).most_common(1) or [("", 0)]
    if times > len(READABLE_FORMATS) / 2:
        return complaint
    # 3. a reader that found its keys and refused a value
    foreign = {name for name, error in of_records.items() if error.is_foreign}
    of_values = [f"{error} (read as {name})" for name, error in complaints.items() if name not in foreign]
    return of_values[0] if len(of_values) == 1 else ""
