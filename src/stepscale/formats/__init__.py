"""Real data in and out: PRM800K, MATH, ProcessBench, PRMBench, samples of others, Parquet tables.

`read(path, format)` gives `Tables`, whose frames `stepscale.formats.tables` declares; `write(tables, path, format)` is
its inverse; `iter_records(path)` streams raw records. docs/formats.md says what each format has and lacks.
"""

from stepscale.formats.contract import Tables
from stepscale.formats.lines import iter_records
from stepscale.formats.registry import (
    READABLE_FORMATS,
    WRITABLE_FORMATS,
    ReadableFormat,
    WritableFormat,
    read,
    read_predictions,
    write,
)

__all__ = [
    "READABLE_FORMATS",
    "WRITABLE_FORMATS",
    "ReadableFormat",
    "Tables",
    "WritableFormat",
    "iter_records",
    "read",
    "read_predictions",
    "write",
]
