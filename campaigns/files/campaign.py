"""The campaign of files: every mutation of every record, in an order drawn by the seed, so that any part is a sample."""

import os
import random
import traceback
from array import array
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from campaigns.contract import Fault, Findings
from campaigns.files.judging import GoodFile, fault_of, good_file
from campaigns.files.mutations import Mutation, mutations
from campaigns.files.records import RECORDS


class FilesCampaign:
    """All mutations there are, by default."""

    name = "files"
    kinds = ("tracebacks", "silent_losses")
    cases_per_chunk = 100

    @property
    def default_cases(self) -> int:
        """How many mutations there are."""
        return sum(len(_mutations(index)) for index in range(len(RECORDS)))

    def run(self, seed: int, cases: range) -> Findings:
        """Each mutation in a file between two good records."""
        findings, places = Findings(), _order(seed, self.default_cases)
        for number in cases:
            good, mutation = _case(places[number])
            findings.count(good.format)
            try:
                fault = fault_of(good, mutation.line, _folder())
            except Exception as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{Path(where.filename).name}:{where.lineno}"
                fault = ("tracebacks", f"{type(error).__name__} {error!s:.200} at {place}")
            if fault:
                detail = f"{good.format}, {mutation.what}: {fault[1]}: {mutation.line!r:.2000}"
                findings.faults.append(Fault(fault[0], number, detail))
        return findings


def _case(place: int) -> tuple[GoodFile, Mutation]:
    for index in range(len(RECORDS)):
        if place < len(_mutations(index)):
            return _good(index), _mutations(index)[place]
        place -= len(_mutations(index))
    raise IndexError(place)


@cache
def _order(seed: int, n: int) -> "array[int]":
    places = array("l", range(n))
    random.Random(seed).shuffle(places)
    return places


@cache
def _mutations(index: int) -> tuple[Mutation, ...]:
    return tuple(mutations(RECORDS[index][1]))


@cache
def _good(index: int) -> GoodFile:
    return good_file(*RECORDS[index], _folder())


@cache
def _folder() -> Path:
    return Path(mkdtemp(prefix=f"files-{os.getpid()}-"))


CAMPAIGN = FilesCampaign()
