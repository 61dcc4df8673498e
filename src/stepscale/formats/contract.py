"""What every reader returns and every writer takes: the declared tables of one data set, and what was left out.

The frames are those of `stepscale.formats.tables`. `records` is for lossless writing: what a PRM800K record holds
beyond them (`stepscale.formats.prm800k.reading` declares its columns); readers of other formats leave it None.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

import pandas as pd

from stepscale.formats import tables
from stepscale.formats.checking import empty


@dataclass(frozen=True)
class Tables:
    """The tables of one data set, each checked against its schema.

    `skipped` counts bad lines (``on_error="skip"``), `skip_reasons` tells file, line and reason of the first hundred;
    `dropped` counts the records that a reader's filters left out, by filter.
    """

    problems: pd.DataFrame
    solutions: pd.DataFrame = field(default_factory=lambda: empty(tables.SOLUTIONS))
    step_labels: pd.DataFrame = field(default_factory=lambda: empty(tables.STEP_LABELS))
    scores: pd.DataFrame = field(default_factory=lambda: empty(tables.SCORES))
    records: pd.DataFrame | None = None
    skipped: int = 0
    skip_reasons: tuple[str, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)


def problem_key(problem: str) -> str:
    """The problem_id of a problem whose data set names none: 16 hex digits of its stripped text.

    The same problem has the same id in every data set read so: PRM800K's texts are stripped, 489 of MATH's are not.
    """
    return blake2b(problem.strip().encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
