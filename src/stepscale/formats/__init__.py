"""Real data in and out: PRM800K, MATH, ProcessBench, Math-Shepherd, TRL, scored and best-of-N samples, Parquet tables.

`read(path, format)` gives `Tables`, whose frames `stepscale.formats.tables` declares; `write(tables, path, format)` is
its inverse; `iter_records(path)` streams raw records. docs/formats.md tells each format's options and what is kept of
it.
"""

from stepscale.formats.contract import Tables
from stepscale.formats.lines import iter_records
from stepscale.formats.registry import READERS, WRITERS, read, write

__all__ = ["READERS", "WRITERS", "Tables", "iter_records", "read", "write"]
