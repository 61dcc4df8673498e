"""What a labeler is shown: one solution with its problem, read from the loop's list, a PRM800K file or any other format.

In: a path. Out: samples in the order in which they are to be labeled. The same text of a problem is one sample.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stepscale.errors import InputError
from stepscale.formats.contract import problem_key
from stepscale.formats.fields import BadRecord, Record
from stepscale.formats.lines import Records
from stepscale.formats.prm800k.walk import walk
from stepscale.formats.registry import READABLE_FORMATS, read

ASKED = "asked"
_FINISHED = ("found_error", "solution")


class Sample(BaseModel):
    """A solution to be labeled. ``known``: its ratings, if they are known, up to the first -1."""

    model_config = ConfigDict(frozen=True)

    problem: str
    steps: tuple[str, ...] = Field(min_length=1)
    alternatives: tuple[tuple[str, ...], ...] = ()
    answer: str | None = None
    solution: str | None = None
    final_answer: str | None = None
    score: float | None = Field(None, allow_inf_nan=False)
    round: int | None = None
    known: tuple[int, ...] = ()
    negative: tuple[float, ...] = ()  # the verifier's P(-1) and P(0) of each step, where a file has them
    neutral: tuple[float, ...] = ()

    @cached_property
    def id(self) -> str:
        """16 hex digits of problem and steps: the same in every file and after every restart."""
        return sample_id(self.problem, self.steps)


def sample_id(problem: str, steps: Iterable[str]) -> str:
    """The id of a solution's text.

    Args:
        problem: The problem's text.
        steps: Texts of the steps.
    """
    digest = blake2b(problem_key(problem).encode(), digest_size=8)
    for step in steps:
        text = step.encode("utf-8", "surrogatepass")
        digest.update(len(text).to_bytes(8, "little") + text)
    return digest.hexdigest()


def read_samples(path: str | Path, format: str = ASKED) -> list[Sample]:
    """Samples of a file, each text once, in its order.

    Args:
        path: The file. With the format "asked" a folder means its latest ``loop_asked_<round>.jsonl``.
        format: "asked" (what the data loop wants labeled), "prm800k", or any readable format.

    Raises:
        InputError: The file is missing, a line of it is bad, or it holds no solution.
    """
    if format == ASKED:
        samples = _read(latest_asked(path), _asked_sample)
    elif format == "prm800k":
        samples = _read(path, sample_of)
    elif format in READABLE_FORMATS:
        samples = list(_of_tables(path, format))
    else:
        raise InputError(f"format {format!r}: choose one of {', '.join((ASKED, *READABLE_FORMATS))}")
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
    path = Path(path)
    if path.is_file():
        return path
    if path.suffix and not path.exists():
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


def _asked_sample(record: Record) -> Sample:
    try:
        return Sample.model_validate({key: value for key, value in record.items() if key in Sample.model_fields})
    except ValidationError as error:
        fault = error.errors()[0]
        raise BadRecord(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}") from None


def sample_of(record: Record) -> Sample | None:
    """The solution that a PRM800K record labels; None if it has no steps.

    Args:
        record: A line of a PRM800K file.

    Raises:
        BadRecord: It is not such a record.
    """
    try:
        question, label = record["question"], record["label"]
        steps = question.get("pre_generated_steps") or _trajectory(label["steps"])
        if not steps:
            return None
        return Sample(
            problem=question["problem"],
            steps=steps,
            alternatives=_alternatives(label["steps"], steps),
            answer=question.get("ground_truth_answer"),
            solution=question.get("ground_truth_solution"),
            final_answer=question.get("pre_generated_answer"),
            score=question.get("pre_generated_verifier_score"),
            round=record.get("generation"),
            known=ratings_of(label["steps"], steps) if label.get("finish_reason") in _FINISHED else (),
        )
    except (KeyError, TypeError, AttributeError, ValidationError) as error:
        raise BadRecord(f"no PRM800K record ({str(error).splitlines()[0]:.80})") from None


def ratings_of(labels: list[Record], steps: Iterable[str]) -> tuple[int, ...]:
    """The ratings of a solution's own steps in ``label.steps``, up to the first -1 or the first step without one.

    Args:
        labels: The list ``label.steps`` of a PRM800K record.
        steps: Texts of the solution's own steps.
    """
    ratings: list[int] = []
    for label, text in zip(labels, steps, strict=False):
        rating = next((c["rating"] for c in label["completions"] or () if c["text"] == text), None)
        if rating is None:
            break
        ratings.append(rating)
        if rating == -1:
            break
    return tuple(ratings)


def _trajectory(labels: list[Record]) -> list[str]:
    """The chosen steps, then the last step's first wrong completion, which was not chosen."""
    walked = walk(labels)
    last = labels[-1]["completions"] or () if labels else ()
    wrong = [c["text"] for c in last if c["rating"] == -1]
    is_open = bool(walked.chosen) and walked.chosen[-1] == -1
    return [*walked.trajectory, *(wrong[:1] if is_open else [])]


def _alternatives(labels: list[Record], steps: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """The other completions of each step, up to the end of the record."""
    of_steps = zip(labels, steps, strict=False)
    return tuple(
        tuple(dict.fromkeys(c["text"] for c in label["completions"] or () if c["text"] != text))
        for label, text in of_steps
    )


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
        yield Sample(
            problem=problem["problem"],
            steps=tuple(row["steps"]),
            answer=_text(problem.get("answer")),
            solution=_text(problem.get("solution")),
            final_answer=_text(row["answer"]),
            negative=tuple(score.get("negative", ())),
            neutral=tuple(score.get("neutral", ())),
        )


def _text(value: object) -> str | None:
    return None if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]
