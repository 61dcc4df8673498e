"""Formats by name: one `read` and one `write` over all of them.

In: a path (file, folder, list of them, or ``hf://owner/name``) and the name of a format. Out: `Tables`. It only
dispatches; options are the keyword arguments of the format's own module, and an unknown one is an error that names
those there are.
"""

from collections.abc import Callable
from importlib import import_module
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from stepscale.errors import InputError
from stepscale.formats.contract import Tables
from stepscale.formats.lines import OnError, Source

READERS = {
    "prm800k": "prm800k.reading",
    "math": "math_problems",
    "processbench": "processbench",
    "math_shepherd": "math_shepherd",
    "trl_stepwise": "trl_stepwise",
    "scored_samples": "scored_samples",
    "best_of_n": "best_of_n",
    "parquet": "parquet",
}
"""Formats that can be read, by the module that reads them."""

WRITERS = {"prm800k": "prm800k.writing", "math": "math_problems", "trl_stepwise": "trl_stepwise", "parquet": "parquet"}
"""Formats that can be written."""


def read(path: Source, format: str, *, on_error: OnError = "raise", **options: Any) -> Tables:
    """The tables of `path`. `on_error` "raise": the first bad line is an InputError of file, line and reason; "skip":
    bad lines are left out, counted in ``.skipped``, with their places and reasons in ``.skip_reasons``.

    Raises InputError for an unknown format or option, a missing or empty file, or a hub data set that cannot be had.
    """
    reader = _function(format, READERS, "read")
    if format != "parquet":
        options["on_error"] = on_error
    _check_options(format, reader, options)
    tables: Tables = reader(path, **options)
    return tables


def write(tables: Tables, path: str | Path, format: str, **options: Any) -> int:
    """Write the tables to a file (``.gz``: compressed) or, for "parquet", a folder; returns the number of lines or
    files.

    Raises InputError for a format that cannot be written, an unknown option, or a path that cannot be written to.
    """
    writer = _function(format, WRITERS, "write")
    _check_options(format, writer, options)
    written: int = writer(tables, path, **options)
    return written


def _function(format: str, known: dict[str, str], verb: str) -> Callable[..., Any]:
    if format not in known:
        raise InputError(f"format {format!r}: cannot {verb} it; choose one of {', '.join(known)}")
    function: Callable[..., Any] = getattr(import_module(f"stepscale.formats.{known[format]}"), verb)
    return function


def _check_options(format: str, function: Callable[..., Any], options: dict[str, Any]) -> None:
    parameters = signature(function).parameters.values()
    known = {parameter.name for parameter in parameters if parameter.kind is Parameter.KEYWORD_ONLY}
    unknown = sorted(set(options) - known)
    if unknown:
        raise InputError(f"{format}: there is no option {unknown[0]!r}; it has {', '.join(sorted(known)) or 'none'}")
