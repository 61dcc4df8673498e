"""Records out of a source, one at a time: JSON lines, JSON, Parquet, Arrow or inspect's files, or a data set of the hub.

In: a path (or several, or a hub name). Out: one dict per record, in file order; a bad line is raised or skipped and
counted (``on_error``) under its file and number. JSON lines are streamed: a file of any size needs the memory of one
line. It does not interpret records.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import orjson

from stepscale.errors import InputError
from stepscale.formats import hub
from stepscale.formats.eval_archive import eval_samples
from stepscale.formats.fields import BadRecord, MissingKey, ReadError, Record
from stepscale.formats.missing_values import parsed, without_nan
from stepscale.formats.opening import arrow_rows, opened, parquet_rows, readable
from stepscale.formats.source_files import LINES, Source, data_files, ending, sources

OnError = Literal["raise", "skip"]
Place = tuple[str, int]
"""A file, and the number of a record in it."""

logger = logging.getLogger(__name__)

_MAX_REASONS = 100  # of the skipped lines, so that a file of another format does not fill memory with complaints
_BOM = b"\xef\xbb\xbf"
BAD_VALUES = (KeyError, TypeError, IndexError, AttributeError, ValueError, OverflowError)  # what bad values raise
_OR_SKIP = ", or read with on_error='skip' to leave it out"
_MAX_NAMED_FILES = 5  # files in a warning
_START = 1024  # bytes: more blanks than that open no file


class Records:
    """The records of a source, streamed; iterate, or hand each to a function with `read_into`.

    Args:
        source: A file, a folder, a hub name, or a list of them.
        on_error: "raise": the first bad line is an InputError; "skip": bad lines are left out and counted in
            ``skipped``, the first hundred with their places in ``reasons``.
        split: The split of a hub data set or of a folder written by ``DatasetDict.save_to_disk``.
        config: The configuration of a hub data set.

    Raises:
        InputError: The source is missing or empty, or a file cannot be read.
    """

    def __init__(
        self, source: Source, on_error: OnError = "raise", split: str | None = None, config: str | None = None
    ) -> None:
        if on_error not in ("raise", "skip"):
            raise InputError(f"on_error is {on_error!r}; choose 'raise' or 'skip'")
        self.source, self.on_error = source, on_error
        self.split, self.config = split, config
        self.skipped = 0
        self.reasons: list[str] = []
        self.file, self.number, self.count, self.good = "", 0, 0, 0
        self._sources = sources(source)
        self._empty: list[str] = []

    def __iter__(self) -> Iterator[Record]:
        for source in self._sources:
            if hub.is_hub_name(source):
                rows = hub.rows(str(source), self.split, self.config)
                yield from self._numbered(f"{source}", map(without_nan, rows))
                continue
            for path in data_files(Path(source), self.split):
                n_before = self.count + self.skipped
                yield from self._file_records(path)
                if self.count + self.skipped == n_before:
                    self._empty.append(str(path))
        if not self.count:
            detail = f" ({self.skipped} bad lines, the first: {self.reasons[0]})" if self.reasons else ""
            raise InputError(f"{self.source}: no records found{detail}; give a file that holds at least one")
        if self._empty:
            logger.warning("%s: no records found in %s", self.source, ", ".join(self._empty[:_MAX_NAMED_FILES]))

    def read_into(self, add: Callable[[Record], None]) -> None:
        """Hand every record to ``add``; what ``add`` raises about a record makes it a bad line.

        Args:
            add: Takes a record, or raises and then has added nothing.

        Raises:
            InputError: No record at all is good, or the first bad line where ``on_error`` is "raise".
        """
        for record in self:
            try:
                add(record)
            except BAD_VALUES as error:
                bad = bad_record(error)
                self.refuse(str(bad), lacks_key=isinstance(bad, MissingKey))
            else:
                self.good += 1
        if not self.good:
            raise InputError(f"{self.source}: none of {self.skipped} lines could be read, the first: {self.reasons[0]}")

    @property
    def place(self) -> Place:
        """Where the record at hand stands."""
        return self.file, self.number

    def refuse(self, reason: str, *, lacks_key: bool = False, place: Place | None = None) -> None:
        """Refuse a record: an error with its place, or one more that is left out.

        Args:
            reason: What is wrong with it, in words.
            lacks_key: Whether it lacks a key, as a record of another format does.
            place: Of an earlier record; None: the one at hand.

        Raises:
            ReadError: Bad records are not to be left out.
        """
        file, number = place or self.place
        message = f"{file}:{number}: {' '.join(reason.split())}"
        if self.on_error == "raise":
            raise ReadError(f"{message}; correct the line", or_skip=_OR_SKIP, good=self.good, is_foreign=lacks_key)
        self.skipped += 1
        if len(self.reasons) < _MAX_REASONS:
            self.reasons.append(message)

    def _file_records(self, path: Path) -> Iterator[Record]:
        kind = ending(path)
        with readable(path):
            if kind in (".parquet", ".arrow"):
                yield from self._numbered(str(path), (parquet_rows if kind == ".parquet" else arrow_rows)(path))
                return
            if kind == ".eval":
                yield from self._numbered(str(path), eval_samples(path))
                return
            with opened(path) as stream:
                if kind == ".json" or _begins_with_list(stream):
                    yield from self._json_records(path, stream)
                else:
                    yield from self._line_records(str(path), stream)

    def _json_records(self, path: Path, stream: IO[bytes]) -> Iterator[Record]:
        """A ``.json`` file, or one of lines that is a list after all: a list of records, one record, or one per line."""
        content = stream.read().removeprefix(_BOM)
        value, reason = _value_or_reason(content)
        if reason is None:
            yield from self._numbered(str(path), value if isinstance(value, list) else [value])
            return
        lines = content.splitlines()
        first = next((line for line in lines if line.strip()), b"")
        if len(lines) > 1 and (ending(path) in LINES or isinstance(_value_or_reason(first)[0], dict)):
            yield from self._line_records(str(path), lines)
        elif content.strip():
            self.file, self.number = str(path), content[: reason.pos].count(b"\n") + 1
            self.refuse(f"not JSON ({reason.msg})")

    def _line_records(self, name: str, lines: Iterable[bytes], first: int = 1) -> Iterator[Record]:
        self.file = name
        for self.number, line in enumerate(lines, first):
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                text = line.removeprefix(_BOM)
                if not text.strip():
                    continue
                record, reason = _value_or_reason(text)
                if reason is not None and b"\r" in text.strip():  # lines that end in CR alone
                    yield from self._line_records(name, text.splitlines(), self.number)
                    continue
                if reason is not None:
                    self.refuse(f"not JSON ({reason.msg} at column {reason.pos + 1})")
                    continue
            if type(record) is dict:
                self.count += 1
                yield record
            else:
                self.refuse(f"a JSON object is needed, got {type(record).__name__}")

    def _numbered(self, name: str, values: Iterable[Any]) -> Iterator[Record]:
        self.file = name
        for self.number, value in enumerate(values, 1):
            if isinstance(value, dict):
                self.count += 1
                yield value
            else:
                self.refuse(f"a JSON object is needed, got {type(value).__name__}")


def bad_record(error: Exception) -> BadRecord:
    """What to tell of a record that could not be read.

    Args:
        error: One of ``BAD_VALUES``.
    """
    if isinstance(error, BadRecord):
        return error
    if isinstance(error, KeyError):
        return MissingKey(error.args[0])
    return BadRecord(f"a value is not of the expected type ({error})")


@contextmanager
def no_skipping() -> Iterator[None]:
    """Where a user cannot say ``on_error``, no error advises it."""
    try:
        yield
    except ReadError as error:
        raise InputError(error.fault) from None


def iter_records(path: Source, *, on_error: OnError = "raise") -> Iterator[Record]:
    """The raw records of a file, folder or hub data set.

    Args:
        path: The source.
        on_error: "raise" or "skip".

    Returns:
        Dicts, streamed in order.

    Raises:
        InputError: As `Records`.
    """
    return iter(Records(path, on_error))


def _begins_with_list(stream: Any) -> bool:
    """Whether a file of JSON lines opens with a bracket: the `datasets` library reads such a file as one list, and so do we."""
    start: bytes = stream.peek(_START)[:_START]
    return start.removeprefix(_BOM).lstrip().startswith(b"[")


def _value_or_reason(content: bytes) -> tuple[Any, orjson.JSONDecodeError | None]:
    """The value of a JSON text, or the parser's complaint."""
    try:
        return parsed(content), None
    except orjson.JSONDecodeError as error:
        return None, error
