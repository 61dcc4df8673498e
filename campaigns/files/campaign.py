"""The campaign of files: every mutation of every record, in an order drawn by the seed, so that any part is a sample."""

import os
import random
import traceback
from array import array
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

from campaigns.contract import Fault, Findings
from campaigns.files.judging import REFUSED, GoodFile, Verdict, faults_of_skipping, good_file, look
from campaigns.files.mutations import Mutation, mutations
from campaigns.files.records import RECORDS

Found = TypeVar("Found")


class FilesCampaign:
    """All mutations there are, by default."""

    name = "files"
    kinds = ("tracebacks", "silent_losses")
    cases_per_chunk = 500

    @property
    def default_cases(self) -> int:
        """How many mutations there are."""
        return sum(len(_mutations(index)) for index in range(len(RECORDS)))

    def run(self, seed: int, cases: range) -> Findings:
        """Each mutation in a file between two good records; those refused once more, left out of one file per record."""
        findings, places = Findings(), _order(seed, self.default_cases)
        refused: dict[int, list[int]] = {}
        for number in cases:
            index, good, mutation = _case(places[number])
            findings.count(good.of.format)
            found = _without_tracebacks(partial(look, good, mutation.line, _folder()))
            if found is REFUSED:
                findings.count("refused")
                refused.setdefault(index, []).append(number)
            else:
                _note(findings, number, good, mutation, found)
        for index, numbers in refused.items():
            mutations_refused = [_case(places[number])[2] for number in numbers]
            faults = _faults_of_skipping(_good(index), [mutation.line for mutation in mutations_refused])
            for number, mutation, fault in zip(numbers, mutations_refused, faults, strict=True):
                _note(findings, number, _good(index), mutation, fault)
        return findings


def _without_tracebacks(call: Callable[[], Found]) -> Found | tuple[str, str]:
    try:
        return call()
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return "tracebacks", f"{type(error).__name__} {error!s:.200} at {Path(where.filename).name}:{where.lineno}"


def _faults_of_skipping(good: GoodFile, lines: list[bytes]) -> list[Verdict]:
    """Of all lines in one file; of each alone if that raises, or if a line is two and cannot be counted as one."""
    whole = [line for line in lines if len(line.splitlines()) == 1]
    together = _without_tracebacks(partial(faults_of_skipping, good, whole, _folder()))
    found = dict(zip(whole, together, strict=True)) if isinstance(together, list) else {}
    return [
        found[line]
        if line in found
        else _without_tracebacks(lambda line=line: faults_of_skipping(good, [line], _folder())[0])  # type: ignore[misc]
        for line in lines
    ]


def _note(findings: Findings, number: int, good: GoodFile, mutation: Mutation, fault: Verdict) -> None:
    if fault:
        detail = f"{good.of.format}, {mutation.what}: {fault[1]}: {mutation.line!r:.2000}"
        findings.faults.append(Fault(fault[0], number, detail))


def _case(place: int) -> tuple[int, GoodFile, Mutation]:
    """The number of its record, what is read of that where nothing is changed, and the change."""
    for index in range(len(RECORDS)):
        if place < len(_mutations(index)):
            return index, _good(index), _mutations(index)[place]
        place -= len(_mutations(index))
    raise IndexError(place)


@cache
def _order(seed: int, n: int) -> "array[int]":
    places = array("l", range(n))
    random.Random(seed).shuffle(places)
    return places


@cache
def _mutations(index: int) -> tuple[Mutation, ...]:
    return tuple(mutations(RECORDS[index].record))


@cache
def _good(index: int) -> GoodFile:
    return good_file(RECORDS[index], _folder())


@cache
def _folder() -> Path:
    return Path(mkdtemp(prefix=f"files-{os.getpid()}-"))


CAMPAIGN = FilesCampaign()
