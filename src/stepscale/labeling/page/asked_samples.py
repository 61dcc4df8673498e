"""What a labeler is shown: one solution with its problem, read from the loop's list, a PRM800K file or any other format.

In: a path. Out: samples in the order in which they are to be labeled. The same text of a problem is one sample.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from stepscale.errors import InputError
from stepscale.formats.fields import BadRecord, Record
from stepscale.formats.lines import Records, no_skipping
from stepscale.formats.registry import READABLE_FORMATS, read
from stepscale.labeling.page.prm800k_samples import sample_of
from stepscale.labeling.page.sample import Sample, readable_sample
from stepscale.user_paths import is_there, written_out

ASKED = "asked"


def read_samples(path: str | Path, format: str = ASKED) -> list[Sample]:
    """Samples of a file, each text once, in its order.

    Args:
        path: The file. With the format "asked" a folder means its latest ``loop_asked_<round>.jsonl``.
        format: "asked" (what the data loop wants labeled), "prm800k", or any readable format.

    Raises:
        InputError: The file is missing, a line of it is bad, or it holds no solution.
    """
    if format != ASKED and format not in READABLE_FORMATS:
        raise InputError(f"format {format!r}: choose one of {', '.join((ASKED, *READABLE_FORMATS))}")
    with no_skipping():
        if format == ASKED:
            samples = _read(latest_asked(path), readable_sample)
        elif format == "prm800k":
            samples = _read(path, sample_of)
        else:
            samples = list(_of_tables(path, format))
    by_id: dict[str, Sample] = {}
    for sample in samples:
        by_id.setdefault(sample.id, sample)
    if not by_id:
        raise InputError(f"{path}: it holds no solution to label; give a file of solutions with steps")
    return list(by_id.values())


def read_known(path: str | Path) -> dict[str, Sample]:
    """Samples with known labels, by id: the finished records of a PRM800K file.

    Args:
        path: A PRM800K file.

    Raises:
        InputError: The file is missing, a line of it is bad, or none is finished.
    """
    samples = {sample.id: sample for sample in read_samples(path, "prm800k") if sample.known}
    if not samples:
        raise InputError(f"{path}: none of its records is finished (found_error, solution); give one with known labels")
    return samples


def latest_asked(path: str | Path) -> Path:
    """The file itself, or the latest round's list in a folder.

    Args:
        path: A file, or the folder of a data loop.

    Raises:
        InputError: No file is named, or it does not exist.
    """
    path, exists = written_out(path), is_there(path)
    if path.is_file():
        return path
    if path.suffix and not exists:
        raise InputError(f"{path}: there is no such file; name the file of samples, and its --format")
    lists = {
        int(m[1]): file for file in path.glob("loop_asked_*.jsonl") if (m := re.search(r"_(\d+)\.jsonl$", file.name))
    }
    if not lists:
        raise InputError(
            f"{path}: no loop_asked_<round>.jsonl is there; run the data loop up to a round's choice "
            "(docs/how_to/label_solutions.md), or name a file and its --format"
        )
    return lists[max(lists)]


def _read(path: str | Path, sample_of_record: Callable[[Record], Sample | None]) -> list[Sample]:
    samples: list[Sample] = []

    def add(record: Record) -> None:
        if (sample := sample_of_record(record)) is not None:
            samples.append(sample)

    Records(str(path)).read_into(add)
    return samples


def _of_tables(path: str | Path, format: str) -> Iterator[Sample]:
    data = read(str(path), format)
    problems: dict[Any, Any] = data.problems.set_index("problem_id").to_dict("index")
    scores: dict[tuple[str, int], list[Record]] = {}
    for row in data.scores.to_dict("records"):
        scores.setdefault((row["problem_id"], row["sample_id"]), []).append({str(key): row[key] for key in row})
    for row in data.solutions.to_dict("records"):
        if not len(row["steps"]):
            continue
        problem, offered = problems[row["problem_id"]], scores.get((row["problem_id"], row["sample_id"]), [])
        # a reward of the whole solution, or scores of other steps, say nothing of these steps
        score = next((score for score in offered if len(score["negative"]) == len(row["steps"])), {})
        values = {
            "problem": problem["problem"],
            "steps": tuple(row["steps"]),
            "answer": _text(problem.get("answer")),
            "solution": _text(problem.get("solution")),
            "final_answer": _text(row["answer"]),
            "negative": tuple(score.get("negative", ())),
            "neutral": tuple(score.get("neutral", ())),
        }
        try:
            yield readable_sample(values)
        except BadRecord as error:
            place = f"{path}: problem {row['problem_id']:.60}, sample {row['sample_id']}"
            raise InputError(f"{place}: {error}; correct the solution or leave it out") from None


def _text(value: object) -> str | None:
    return None if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]
