"""Samples of a source whose format nobody named: the first reader that understands the records reads them."""

from pathlib import Path

from stepscale.errors import InputError
from stepscale.formats.contract import Tables
from stepscale.formats.hub import HubError, is_hub_name
from stepscale.formats.nearest import what_is_wrong
from stepscale.formats.registry import READABLE_FORMATS, read, takes_rules
from stepscale.formats.source_files import Source, data_files, sources
from stepscale.grading import Rules


def read_samples_of(path: Source, format: str | None, rules: Rules) -> tuple[str, Tables]:
    """Tables that hold samples.

    Args:
        path: A file, a folder, a list of them, or a hub name.
        format: A name of ``READABLE_FORMATS``; None: the first whose reader understands the records.
        rules: Grading rules, for the readers that grade.

    Returns:
        The name of the format, and the tables.

    Raises:
        InputError: No format fits, or there are no samples.
    """
    if format is not None:
        tables = _tables(path, format, rules)
        if tables.solutions.empty:
            raise InputError(f"{path}: it holds no samples; give a file of problems with sampled solutions")
        return format, tables
    for source in sources(path):
        if not is_hub_name(source):
            data_files(Path(source))
    complaints, understood = dict[str, InputError](), ""
    for name in READABLE_FORMATS:
        try:
            tables = _tables(path, name, rules)
        except HubError:
            raise
        except InputError as error:
            complaints[name] = error
            continue
        if not tables.solutions.empty:
            return name, tables
        understood = understood or name
    complaint = what_is_wrong(path, complaints)
    if understood and not complaint:
        raise InputError(
            f"{path}: it is read as {understood} and holds no samples; give sampled solutions, such as a line per sample with "
            "its 'completion' (format sample_lines)"
        )
    raise InputError(
        complaint or f"{path}: no format fits its records; name one with format= ({', '.join(READABLE_FORMATS)})"
    )


def _tables(path: Source, format: str, rules: Rules) -> Tables:
    return read(path, format, rules=rules) if format in READABLE_FORMATS and takes_rules(format) else read(path, format)
