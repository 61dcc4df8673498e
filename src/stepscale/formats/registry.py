"""Formats by name: one `read` and one `write` over all of them.

In: a path (file, folder, list of them, or ``hf://owner/name``) and the name of a format. Out: `Tables`. It only
dispatches; options are the keyword arguments of the format's own module, and an unknown one is an error that names
those there are.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any, Literal, get_args

from stepscale.errors import InputError
from stepscale.formats.contract import Tables
from stepscale.formats.lines import OnError
from stepscale.formats.reader_options import check_options as check_options_of
from stepscale.formats.source_files import Source
from stepscale.grading import Rules

ReadableFormat = Literal[
    "prm800k",
    "math",
    "processbench",
    "prmbench",
    "hard2verify",
    "math_shepherd",
    "trl_stepwise",
    "scored_samples",
    "best_of_n",
    "search_and_learn",
    "lm_eval",
    "inspect",
    "openr",
    "compute_optimal_tts",
    "sample_lines",
    "parquet",
]
"""Formats that `read` knows."""
SEARCHED_FORMATS = ("search_and_learn", "openr", "compute_optimal_tts", "parquet")
"""Formats that `read_predictions` knows."""
WritableFormat = Literal["prm800k", "math", "trl_stepwise", "parquet"]
"""Formats that `write` knows."""
READABLE_FORMATS: tuple[str, ...] = get_args(ReadableFormat)
WRITABLE_FORMATS: tuple[str, ...] = get_args(WritableFormat)

_MODULES = {name: name for name in READABLE_FORMATS} | {
    "math": "math_problems",
    "inspect": "inspect_log",
    "compute_optimal_tts": "openr",
}
_VERBS = {"read": "read it", "write": "write it", "read_searches": "read results of searches in it"}


def read(path: Source, format: str, *, on_error: OnError = "raise", **options: Any) -> Tables:
    """Read a data set.

    Args:
        path: A file, a folder, a list of them, or ``hf://owner/name``.
        format: One of `READABLE_FORMATS`.
        on_error: "raise": the first bad line is an error of file, line and reason. "skip": bad lines are left out,
            counted in ``.skipped``, with their places and reasons in ``.skip_reasons``.
        **options: Those of the format (docs/formats.md).

    Returns:
        The checked tables.

    Raises:
        InputError: An unknown format or option, a missing or empty file, or a hub data set that cannot be had.
    """
    reader = _function(format, READABLE_FORMATS, "read")
    if format != "parquet":
        options["on_error"] = on_error
    check_options_of(format, reader, options)
    tables: Tables = reader(path, **options)
    return tables


def read_predictions(
    path: Source, format: str, *, on_error: OnError = "raise", rules: Rules = "prm800k", **options: Any
) -> Tables:
    """Read what searches of others answered, to stand beside samples of the same problems.

    Args:
        path: A file, a folder, a list of them, or ``hf://owner/name``.
        format: One of `SEARCHED_FORMATS`.
        on_error: As for `read`.
        rules: How answers without a verdict are graded.
        **options: Those of the format (docs/formats.md).

    Returns:
        Problems and their ``predictions``.

    Raises:
        InputError: As for `read`, or the file holds no results of a search.
    """
    reader = _function(format, SEARCHED_FORMATS, "read_searches")
    if format != "parquet":
        options |= {"on_error": on_error, "rules": rules}
    check_options_of(format, reader, options)
    tables: Tables = reader(path, **options)
    return tables


def check_options(format: str, options: Mapping[str, Any], function: Literal["read", "read_searches"] = "read") -> None:
    """Check the options of a reader before any file is opened.

    Args:
        format: The name of a format.
        options: What is to be handed to its reader.
        function: "read": samples and problems; "read_searches": results of searches.

    Raises:
        InputError: The format cannot be read so, has no such option, or the option takes no such value.
    """
    formats = READABLE_FORMATS if function == "read" else SEARCHED_FORMATS
    check_options_of(format, _function(format, formats, function), options)


def takes_rules(format: str) -> bool:
    """Whether the format's reader grades samples without a verdict, by its option ``rules``.

    Args:
        format: One of `READABLE_FORMATS`.

    Returns:
        True if it has that option.
    """
    return "rules" in signature(_function(format, READABLE_FORMATS, "read")).parameters


def write(tables: Tables, path: str | Path, format: str, **options: Any) -> int:
    """Write a data set to a file (``.gz``: compressed) or, for "parquet", a folder.

    Args:
        tables: What to write.
        path: The file or folder.
        format: One of `WRITABLE_FORMATS`.
        **options: Those of the format (docs/formats.md).

    Returns:
        The number of lines or files.

    Raises:
        InputError: A format that cannot be written, an unknown option, tables that do not belong together or hold
            nothing for this format, or a path that cannot be written to.
    """
    writer = _function(format, WRITABLE_FORMATS, "write")
    check_options_of(format, writer, options)
    n_rows: int = writer(tables, path, **options)
    return n_rows


def _function(format: str, formats: Iterable[str], verb: str) -> Callable[..., Any]:
    if not isinstance(format, str) or format not in formats:
        raise InputError(f"format {format!r}: cannot {_VERBS[verb]}; choose one of {', '.join(formats)}")
    function: Callable[..., Any] = getattr(import_module(f"stepscale.formats.{_MODULES[format]}"), verb)
    return function
