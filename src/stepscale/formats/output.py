"""Lines into a file, whole or not at all: written beside it first and renamed when complete.

In: JSON lines as bytes. The format does not matter.
"""

import gzip
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from stepscale.errors import InputError
from stepscale.formats.source_files import LINES, checked_path, ending
from stepscale.scratch import beside

_ENDINGS = (*LINES, ".json", "")


def write_lines(path: str | Path, lines: Iterable[bytes]) -> int:
    """Write a file of lines, gzipped if its name ends in .gz, making its folder.

    Args:
        path: The file.
        lines: Without their ends.

    Returns:
        How many lines were written.

    Raises:
        InputError: The name is empty or belongs to another kind of file, there is not one line to write, or the file
            cannot be written. An old file of that name then stays as it was.
    """
    path = lines_path(path)
    if os.path.exists(path) and not path.is_file():  # a device, such as /dev/null, must not be replaced by a file
        raise InputError(f"{path} cannot be written: it is not a regular file; give the name of a file")
    part = beside(path, ".part", hidden=True)
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(part, "wb") if path.suffix.lower() == ".gz" else part.open("wb") as stream:
            for line in lines:
                stream.write(line + b"\n")
                count += 1
        if not count:
            raise InputError(f"{path}: the tables hold nothing that this format could write; no file was made")
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error}); check the folder and its permissions") from None
    finally:
        with suppress(OSError):
            part.unlink()
    return count


def make_folder(folder: Path, subject: str, remedy: str) -> None:
    """Make a folder for output if it does not exist, before hours of work are spent.

    Args:
        folder: The folder; missing parents are made too.
        subject: How the error names it.
        remedy: What the error advises.

    Raises:
        InputError: It cannot be made, or is there and cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{subject} cannot be made ({error.strerror}); {remedy}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"{subject} cannot be written to (its permissions); {remedy}")


def checked_output(path: str | Path) -> Path:
    """A path to write to.

    Args:
        path: As it was given; "~" is the home folder.

    Raises:
        InputError: It is empty, no path at all, or an address such as "hf://owner/name": only local files are written.
    """
    path = checked_path(path)
    if "://" in str(path):
        raise InputError(f"{path}: only local files are written; give the name of a file or folder here")
    return Path(path)


def checked_output_file(path: str | Path) -> Path:
    """A file to write to at the end of hours of work; its folder is made, and it can be written as far as can be told before.

    Args:
        path: As it was given; "~" is the home folder.

    Raises:
        InputError: As ``checked_output`` raises it; or the folder cannot be made or written to, or no file can be there.
    """
    path = checked_output(path)
    make_folder(path.parent, f"{path}: its folder {path.parent}", "give another place")
    if os.path.exists(path) and (path.is_dir() or not os.access(path, os.W_OK)):
        raise InputError(f"{path} cannot be written (a folder, or its permissions); give the name of another file")
    return path


def lines_path(path: str | Path) -> Path:
    """The path of a file of JSON lines.

    Args:
        path: As it was given.

    Raises:
        InputError: The name says something else.
    """
    path = checked_output(path)
    compression = path.suffix.lower() if path.suffix.lower() in (".zst", ".xz", ".bz2") else ""
    if not path.name or compression or ending(path) not in _ENDINGS:
        raise InputError(f"{path}: lines of JSON are written here; give a name that ends in .jsonl or .jsonl.gz")
    return path
