"""People's labels as a whole: who labeled how much, how far they agree with known labels and with each other.

In: the file of their records, as PRM800K's interface or ours leaves it. Out: rows and numbers for the report and the data card,
and the labelers who are left out (Lightman et al. 2023, 2.4).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from stepscale.errors import InputError
from stepscale.formats.fields import Record
from stepscale.formats.lines import Records, no_skipping
from stepscale.labeling.agreement import agreement
from stepscale.labeling.contract import label_table, up_to_first_negative
from stepscale.labeling.page.asked_samples import latest_asked, read_known, read_samples
from stepscale.labeling.page.known import Tally, id_of, is_known_question, tallies
from stepscale.labeling.page.page_options import LabelFile
from stepscale.labeling.page.prm800k_samples import check_label, sample_of

_FINISHED = ("found_error", "solution")


@dataclass(frozen=True)
class People:
    """Who labeled a file's solutions.

    Attributes:
        labelers: A row for each.
        pairs: Agreement on the solutions that two people labeled; empty if there are none.
    """

    labelers: tuple[dict[str, Any], ...]
    pairs: Mapping[str, float]


def read_people(labeler: LabelFile) -> People:
    """Who labeled, and their agreement.

    Args:
        labeler: The file of labels, and that of the known ones.

    Raises:
        InputError: The file or that of the known labels is missing, or a line is bad.
    """
    records = _records(labeler.path)
    tally_of = _tallies(labeler, records)
    by_labeler: dict[str, list[Record]] = {}
    for record in records:
        by_labeler.setdefault(_name(record, labeler), []).append(record)
    left_out = set(_left_out(labeler, tally_of))
    rows = tuple(
        _row(name, labels, tally_of.get(name), name in left_out) for name, labels in sorted(by_labeler.items())
    )
    return People(rows, _pairs({name: labels for name, labels in by_labeler.items() if name not in left_out}))


def labelers_left_out(labeler: LabelFile) -> list[str]:
    """The labelers whose records are left out, for they agree too little with known labels.

    Args:
        labeler: The file of labels, and that of the known ones.

    Raises:
        InputError: As `read_people`.
    """
    if labeler.known is None or not Path(labeler.path).exists():
        return []
    return _left_out(labeler, _tallies(labeler, _records(labeler.path)))


def n_waiting(requests: str | Path, labeler: LabelFile) -> tuple[int, int]:
    """How many of the solutions asked for are still without a label that counts.

    Args:
        requests: The file, or the folder of files by round, of the solutions asked for.
        labeler: Where labels are, and whose do not count.

    Returns:
        Those that wait, and how many were asked for.
    """
    path = latest_asked(requests)
    samples = read_samples(path) if path.stat().st_size else []
    records = _records(labeler.path) if Path(labeler.path).exists() else []
    left_out = set(labelers_left_out(labeler))
    labeled = {id_of(record) for record in records if _counts(record) and _name(record, labeler) not in left_out}
    return sum(sample.id not in labeled for sample in samples), len(samples)


def _records(path: str | Path) -> list[Record]:
    records: list[Record] = []

    def add(record: Record) -> None:
        check_label(record)  # a line of another format is a bad line
        records.append(record)

    with no_skipping():
        Records(str(path)).read_into(add)
    return records


def _name(record: Record, labeler: LabelFile) -> str:
    return str(record.get("labeler") or labeler.name)


def _counts(record: Record) -> bool:
    """Whether the record labels a solution: it is finished and no question with a known answer."""
    return not is_known_question(record) and record["label"].get("finish_reason") in _FINISHED


def _tallies(labeler: LabelFile, records: list[Record]) -> dict[str, Tally]:
    return {} if labeler.known is None else tallies(records, read_known(labeler.known.path))


def _left_out(labeler: LabelFile, tally_of: Mapping[str, Tally]) -> list[str]:
    key_answers = labeler.known
    if key_answers is None:
        return []
    return [
        name
        for name, tally in tally_of.items()
        if tally.fails(key_answers.least_agreement, key_answers.least_questions)
    ]


def _row(name: str, records: list[Record], tally: Tally | None, is_left_out: bool) -> dict[str, Any]:
    counted = [record for record in records if _counts(record)]
    seconds = [
        record["label"]["total_time"] / 1000 for record in records if record["label"].get("total_time") is not None
    ]
    return {
        "labeler": name,
        "solutions": len(counted),
        "steps": sum(len(record["label"]["steps"]) for record in counted),
        "unfinished": sum(not is_known_question(record) for record in records) - len(counted),
        "seconds": median(seconds) if seconds else None,
        "known_questions": tally.answered if tally else 0,
        "agreement": tally.agreement if tally else None,
        "left_out": is_left_out,
    }


def _pairs(by_labeler: Mapping[str, list[Record]]) -> Mapping[str, float]:
    """Agreement over all solutions that two people labeled, each pair of people once."""
    ratings: dict[str, dict[str, tuple[str, list[str], list[int]]]] = {}
    for name, records in by_labeler.items():
        for record in filter(_counts, records):
            sample = sample_of(record)
            if sample is not None and sample.known:
                rated = (sample.problem, list(sample.steps), up_to_first_negative(sample.known))
                ratings.setdefault(sample.id, {})[name] = rated
    pairs = [
        (problem, steps, ratings_of_first, of_sample[second][2])
        for of_sample in ratings.values()
        for first, second in combinations(sorted(of_sample), 2)
        for problem, steps, ratings_of_first in [of_sample[first]]
    ]
    if not pairs:
        return {}
    problems, steps, first_ratings, second_ratings = map(list, zip(*pairs, strict=True))
    solutions = pd.DataFrame({"problem_id": problems, "sample_id": range(len(pairs)), "steps": steps})
    try:
        return agreement(label_table(solutions, "one", first_ratings), label_table(solutions, "other", second_ratings))
    except InputError:
        return {}
