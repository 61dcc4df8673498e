"""TRL's stepwise supervision (its PRMTrainer, up to TRL 1.13): prompt, completions, a label for each; in and out.

    {"prompt": "Which is larger, 9.8 or 9.11?", "completions": ["Compare ...", "9.11 > 9.8."], "labels": [true, false]}

Labels are booleans. TRL cuts numbers between to whole ones, so a soft label read here becomes ``value`` and is never
cut. Out, a neutral rating counts as positive (Lightman et al. 2023, 2.4) unless asked otherwise, and no row is written
twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

import orjson
import pandas as pd

from stepscale.errors import InputError
from stepscale.formats.contract import Tables, checked
from stepscale.formats.dtypes import object_series
from stepscale.formats.fields import BadRecord, Record, problem_text, required, texts
from stepscale.formats.output import lines_path, write_lines
from stepscale.formats.solution_rows import SolutionRows, solution_reader


def _add(rows: SolutionRows, record: Record) -> None:
    steps, labels = texts(record, "completions"), required(record, "labels")
    if type(labels) is not list or len(labels) != len(steps):
        raise BadRecord(f"'labels' is {labels!r:.60} where one per completion ({len(steps)}) is needed")
    for label in labels:
        if not isinstance(label, bool | int | float) or not 0 <= label <= 1:
            raise BadRecord(f"label {label!r:.60} is neither true, false nor a number in [0, 1]")
    ratings = [None if type(label) is float else 1 if label else -1 for label in labels]
    values = [label if type(label) is float else None for label in labels]
    rows.add(problem_text(record, "prompt"), steps, ratings, values=values)


read = solution_reader("trl_stepwise", _add)
"""TRL rows as solutions: true is rated +1, false -1, a number in between is a soft ``value`` without a rating."""


def write(
    tables: Tables,
    path: str | Path,
    *,
    neutral: Literal["positive", "negative"] = "positive",
    threshold: float = 0.5,
    siblings: bool = True,
) -> int:
    """Write one row per trajectory (up to its first negative step) and, with ``siblings``, per labeled alternative.

    A step that the labeler wrote is true. A trajectory ends before a step without any label. No row is written twice.

    Args:
        tables: Problems, solutions and step_labels.
        path: The file.
        neutral: What a rating of 0 counts as.
        threshold: A soft label is true from here on.
        siblings: Whether alternatives are rows of their own.

    Returns:
        The number of rows.

    Raises:
        InputError: An unknown ``neutral``, tables that do not belong together, or nothing that is labeled.
    """
    path = lines_path(path)
    if neutral not in ("positive", "negative"):
        raise InputError(f"neutral is {neutral!r}; choose 'positive' or 'negative'")
    tables = checked(tables)
    labels = tables.step_labels.sort_values(["problem_id", "sample_id", "step", "completion"], kind="stable")
    labels = labels.assign(label=object_series(_labels(labels, neutral == "positive", threshold), labels.index))
    problems = dict(zip(tables.problems["problem_id"], tables.problems["problem"], strict=True))
    return write_lines(path, map(orjson.dumps, _without_repeats(_rows(labels, problems, siblings))))


def _labels(labels: pd.DataFrame, neutral: bool, threshold: float) -> list[bool | None]:
    human = labels["source"].eq("human").fillna(False) if "source" in labels else [False] * len(labels)
    booleans: list[bool | None] = []
    for rating, value, by_labeler in zip(labels["rating"], labels["value"], human, strict=True):
        if not pd.isna(rating):
            booleans.append(bool(rating > 0 or (rating == 0 and neutral)))
        elif not pd.isna(value):
            booleans.append(bool(value >= threshold))
        else:
            booleans.append(True if by_labeler else None)
    return booleans


def _rows(labels: pd.DataFrame, problems: dict[str, str], siblings: bool) -> Iterator[Record]:
    columns = ["problem_id", "sample_id", "labeler", "step", "text", "is_chosen", "label"]
    rows_of_all = zip(*(labels[name].tolist() for name in columns), strict=True)
    for (problem_id, *_), solution in groupby(rows_of_all, key=itemgetter(0, 1)):
        by_labeler: dict[Any, list[Any]] = {}
        for row in solution:
            by_labeler.setdefault(None if pd.isna(row[2]) else row[2], []).append(row[3:])
        for rows in by_labeler.values():
            for texts_, marks in _paths(rows, siblings):
                yield {"prompt": problems[problem_id], "completions": texts_, "labels": marks}


def _paths(rows: Sequence[Sequence[Any]], siblings: bool) -> Iterator[tuple[list[str], list[bool]]]:
    """Alternatives with the chosen steps before them, then the trajectory, unless an alternative of its end holds it
    all.
    """
    steps: list[str] = []
    marks: list[bool] = []
    in_an_alternative = False
    for _, group in groupby(rows, key=itemgetter(0)):
        alternatives = list(group)
        chosen = next(((text_, mark) for _, text_, is_chosen, mark in alternatives if is_chosen), None)
        other_completions = [
            (text_, mark) for _, text_, is_chosen, mark in alternatives if not is_chosen and mark is not None
        ]
        for text_, mark in other_completions if siblings else other_completions[:1] if chosen is None else []:
            yield [*steps, text_], [*marks, mark]
            in_an_alternative = chosen is None
        if chosen is None or chosen[1] is None:
            break
        steps.append(chosen[0])
        marks.append(chosen[1])
        if not chosen[1]:
            break
    if steps and not in_an_alternative:
        yield steps, marks


def _without_repeats(rows: Iterable[Record]) -> Iterator[Record]:
    """Rows not met before; only their hashes are stored."""
    hashes: set[int] = set()
    for row in rows:
        key = hash((row["prompt"], tuple(row["completions"]), tuple(row["labels"])))
        if key not in hashes:
            hashes.add(key)
            yield row
