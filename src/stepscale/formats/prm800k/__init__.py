"""PRM800K: `read` its records into tables, `write` tables as its records."""

from stepscale.formats.prm800k.reading import FILTERS, read
from stepscale.formats.prm800k.writing import write

__all__ = ["FILTERS", "read", "write"]
