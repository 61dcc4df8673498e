"""The file of labels: PRM800K records, a line each, written to disk before the page says that they are saved.

A process that is killed leaves at most one broken line, its last. The next start sets that aside, so the file stays readable.
"""

import errno
import json
import logging
import os
from pathlib import Path

from filelock import FileLock, Timeout

from stepscale.errors import InputError
from stepscale.formats.fields import Record
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
            OSError: It could not be written; the file is then as it was. Or it was moved away.
        """
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
        if last:
            lines += self._mended(last)
        records = []
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            record = _record(line)
            if record is None:
                raise InputError(f"{self.path}:{number}: not a PRM800K record; mend the line or move it elsewhere")
            records.append(record)
        return records

    def _mended(self, last: bytes) -> list[bytes]:
        """The last line, which has no end: it gets one if it is whole, else it is set aside."""
        if _record(last) is not None:
            _write(self._file, b"\n")
            os.fsync(self._file)
            return [last]
        aside = self.path.with_suffix(".broken")
        with aside.open("ab") as file:
            file.write(last + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.ftruncate(self._file, os.fstat(self._file).st_size - len(last))
        os.fsync(self._file)
        logger.warning("%s: its last line was broken off and never confirmed; it is in %s now", self.path, aside)
        return []


def _record(line: bytes) -> Record | None:
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    is_record = isinstance(record, dict) and all(isinstance(record.get(key), dict) for key in ("question", "label"))
    return record if is_record else None


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
