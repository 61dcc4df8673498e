"""Lines into a file, whole or not at all: written beside it first and renamed when complete.

In: JSON lines as bytes. It does not know their format.
"""

import gzip
from collections.abc import Iterable
from pathlib import Path

from stepscale.errors import InputError


def write_lines(path: str | Path, lines: Iterable[bytes]) -> int:
    """Write `lines` to `path`, gzipped if it ends in .gz, making its folder; returns how many.

    Raises InputError if the file cannot be written; an old file of that name then stays as it was.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(part, "wb") if path.suffix == ".gz" else part.open("wb") as stream:
            for line in lines:
                stream.write(line + b"\n")
                count += 1
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error}); check the folder and its permissions") from None
    finally:
        part.unlink(missing_ok=True)
    return count
