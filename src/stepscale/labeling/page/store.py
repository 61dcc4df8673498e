"""The file of labels: PRM800K records, a line each, written to disk before the page says that they are saved.

A process that is killed leaves at most one broken line, its last. The next start sets that aside, so the file stays readable.
"""

import errno
import json
import logging
import os
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from stepscale.errors import InputError
from stepscale.formats.fields import BadRecord, Record
from stepscale.labeling.page.prm800k_samples import check_label
from stepscale.scratch import beside

logger = logging.getLogger(__name__)


class RecordFile:
    """A file of records that only grows; one process at a time has it.

    Args:
        path: A .jsonl file; made, with its folder, if it is absent.

    Raises:
        InputError: Another process has the file, it cannot be written, or a line of it is not a record.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.suffix != ".jsonl":
            raise InputError(f"{path}: labels are added to a file line by line; give a name that ends in .jsonl")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(beside(self.path, ".lock", hidden=True), timeout=0)
            self._lock.acquire()
        except Timeout:
            raise InputError(f"{path} is in use by another labeling server or command; end that one first") from None
        except OSError as error:
            raise InputError(f"{path} cannot be written ({error}); check the folder and its permissions") from None
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            _sync_folder(self.path.parent)
            self.records = self._read()
        except OSError as error:
            self._lock.release()
            raise InputError(f"{path} cannot be written ({error}); check the folder and its permissions") from None
        except InputError:
            self.close()
            raise

    def append(self, record: Record) -> None:
        """Add a record; it is on the disk when this returns.

        Args:
            record: What is added, as one line.

        Raises:
            InputError: No reader would take the record; with it in the file, the others could not be read either.
            OSError: It could not be written; the file is then as it was. Or it was moved away.
        """
        try:
            check_label(record)
        except BadRecord as error:
            raise InputError(f"{self.path}: a label that cannot be read back is not added ({error})") from None
        if not self.path.exists() or not os.path.samestat(self.path.stat(), os.fstat(self._file)):
            raise OSError(errno.ENOENT, f"{self.path} was moved away or replaced; restart the server")
        size = os.fstat(self._file).st_size
        try:
            _write(self._file, json.dumps(record).encode() + b"\n")
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, size)
            raise
        self.records.append(record)

    def close(self) -> None:
        """Let another process have the file."""
        os.close(self._file)
        self._lock.release()

    def _read(self) -> list[Record]:
        *lines, last = self.path.read_bytes().split(b"\n")
        records = [self._record(number, line) for number, line in enumerate(lines, 1) if line.strip()]
        if not last:
            return records
        # only once the others are records: a file of another kind stays as it is
        if _parsed(last) is None:
            self._set_aside(last)
            return records
        record = self._record(len(lines) + 1, last)
        _write(self._file, b"\n")
        os.fsync(self._file)
        return [*records, record]

    def _record(self, number: int, line: bytes) -> Record:
        record: Record | None = _parsed(line)
        try:
            if record is None:
                raise BadRecord("not JSON")
            check_label(record)
        except BadRecord as error:
            raise InputError(
                f"{self.path}:{number}: not a PRM800K record ({error}); correct the line or move it elsewhere"
            ) from None
        return record

    def _set_aside(self, last: bytes) -> None:
        """Move a last line that was broken off to a file of its own."""
        aside = self.path.with_suffix(".broken")
        with aside.open("ab") as file:
            file.write(last + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.ftruncate(self._file, os.fstat(self._file).st_size - len(last))
        os.fsync(self._file)
        logger.warning("%s: its last line was broken off and never confirmed; it is in %s now", self.path, aside)


def _parsed(line: bytes) -> Any:
    """What the line holds; None if it is no JSON, as a line that was broken off is."""
    try:
        return json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _sync_folder(folder: Path) -> None:
    """A new file is lost with the power if its folder is not on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
