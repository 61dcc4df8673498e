"""Records out of files: JSONL, JSON, Parquet, gzipped or in a folder, or a data set of the Hugging Face hub; one at a
time.

In: a path (or several, or a hub name). Out: one dict a record, in file order, with bad lines raised or skipped and
counted (`on_error`) under their file and line number. Files are streamed: a JSONL file of any size needs the memory of
one line. It does not know what a record means.
"""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import IO, Any, Literal, cast

import orjson

from stepscale.errors import InputError
from stepscale.formats import hub

OnError = Literal["raise", "skip"]
Source = str | Path | Sequence[str | Path]
Record = dict[str, Any]

SUFFIXES = (".jsonl", ".json", ".parquet", ".jsonl.gz", ".json.gz")
_BUFFER = 1 << 20  # bytes: Python's own 8 KiB cost a fifth of the time of reading PRM800K
_REASONS_KEPT = 100  # of the skipped lines, so that a file of another format does not fill memory with complaints


class BadRecord(ValueError):
    """A record that cannot be read; the message is the reason, without its place."""


class Records:
    """The records of `source`, streamed; iterate, or hand each to a function with `each`.

    Where `quick` is set, it gets each JSONL line first and says whether it took it; those it took are not parsed here.

    `skipped` and `reasons` tell of the lines left out under ``on_error="skip"``. `split` and `config` choose within a
    hub data set. Raises InputError for a missing or empty source and, under ``on_error="raise"``, for the first bad
    line.
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
        self.file, self.number, self.seen, self.good = "", 0, 0, 0
        self.quick: Callable[[bytes], bool] | None = None

    def __iter__(self) -> Iterator[Record]:
        for source in [self.source] if isinstance(self.source, str | Path) else self.source:
            if hub.is_hub_name(source):
                yield from self._numbered(f"{source}", hub.rows(str(source), self.split, self.config))
                continue
            for path in _files(Path(source)):
                yield from self._file_records(path)
        if not self.seen:
            detail = f" ({self.skipped} bad lines, the first: {self.reasons[0]})" if self.reasons else ""
            raise InputError(f"{self.source}: no records found{detail}; give a file that holds at least one")

    def each(self, add: Callable[[Record], None]) -> None:
        """Hand every record to `add`; what `add` raises about a record is a bad line. `add` keeps nothing of a bad
        one.
        """
        for record in self:
            try:
                add(record)
            except BadRecord as error:
                self.refuse(str(error))
            except KeyError as error:
                self.refuse(f"key {error} is missing")
            except (TypeError, IndexError, AttributeError, ValueError) as error:
                self.refuse(f"a value is not of the expected type ({error})")
            else:
                self.good += 1
        if not self.good:
            raise InputError(f"{self.source}: none of {self.skipped} lines could be read, the first: {self.reasons[0]}")

    def refuse(self, reason: str) -> None:
        """The record at hand is bad: raise InputError with its place, or count it."""
        message = f"{self.file}:{self.number}: {' '.join(reason.split())}"
        if self.on_error == "raise":
            raise InputError(f"{message}; correct the line, or read with on_error='skip' to leave it out")
        self.skipped += 1
        if len(self.reasons) < _REASONS_KEPT:
            self.reasons.append(message)

    def _file_records(self, path: Path) -> Iterator[Record]:
        try:
            if path.suffix == ".parquet":
                yield from self._numbered(str(path), _parquet_rows(path))
                return
            with cast(IO[bytes], gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb", _BUFFER)) as stream:
                if path.name.endswith((".json", ".json.gz")):
                    yield from self._json_records(path, stream)
                else:
                    yield from self._line_records(str(path), stream)
        except (OSError, EOFError) as error:
            raise InputError(f"{path} cannot be read ({error}); check the file and its permissions") from None

    def _json_records(self, path: Path, stream: IO[bytes]) -> Iterator[Record]:
        """A ``.json`` file: a list of records, one record, or after all one record a line."""
        content = stream.read()
        try:
            value = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            lines = content.splitlines()
            if len(lines) > 1 and _parses(lines[0]):
                yield from self._line_records(str(path), lines)
                return
            self.file, self.number = str(path), content[: error.pos].count(b"\n") + 1
            self.refuse(f"not JSON ({error.msg})")
            return
        yield from self._numbered(str(path), value if isinstance(value, list) else [value])

    def _line_records(self, name: str, lines: Iterable[bytes]) -> Iterator[Record]:
        self.file, quick = name, self.quick
        for number, line in enumerate(lines, 1):
            if quick is not None and quick(line):
                self.seen += 1
                self.good += 1
                continue
            self.number = number
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                if line.strip():
                    text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
                    record = self._parsed_otherwise(text, error)
                    if record is None:
                        continue
                else:
                    continue
            if type(record) is dict:
                self.seen += 1
                yield record
            else:
                self.refuse(f"a JSON object is needed, got {type(record).__name__}")

    def _parsed_otherwise(self, line: bytes, error: orjson.JSONDecodeError) -> Any:
        """What Python's own parser makes of a line that the fast one refuses (a NaN); None if it is bad."""
        try:
            value = json.loads(line)
            orjson.dumps(value)  # refuses half a surrogate pair, which no table could hold
            return value
        except (ValueError, TypeError, RecursionError):
            self.refuse(f"not JSON ({error.msg} at column {error.pos + 1})")
            return None

    def _numbered(self, name: str, values: Iterable[Any]) -> Iterator[Record]:
        self.file = name
        for self.number, value in enumerate(values, 1):
            if isinstance(value, dict):
                self.seen += 1
                yield value
            else:
                self.refuse(f"a JSON object is needed, got {type(value).__name__}")


def iter_records(path: Source, *, on_error: OnError = "raise") -> Iterator[Record]:
    """The raw records of a file, folder or hub data set as dicts, streamed in order. Raises InputError as `Records`
    does.
    """
    return iter(Records(path, on_error))


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.name.endswith(SUFFIXES) and file.is_file())
        if not found:
            raise InputError(f"{path}: the folder holds no {', '.join(SUFFIXES)} file; give the folder of the data")
        return found
    if not path.exists():
        raise InputError(
            f"{path}: there is no such file or folder; check the path (hub data sets are 'hf://owner/name')"
        )
    return [path]


def _parses(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _parquet_rows(path: Path) -> Iterator[Record]:
    import pyarrow
    from pyarrow import parquet

    try:
        batches = parquet.ParquetFile(path).iter_batches(batch_size=1024)
        yield from chain.from_iterable(batch.to_pylist() for batch in batches)
    except pyarrow.ArrowInvalid as error:
        raise InputError(f"{path}: not a Parquet file ({error}); check the download") from None


def text(record: Record, key: str) -> str:
    """The string under `key`. Raises BadRecord if it is missing or not a string."""
    if key not in record:
        raise BadRecord(f"key {key!r} is missing")
    value = record[key]
    if type(value) is not str:
        raise BadRecord(f"{key!r} is {type(value).__name__} where a string is needed")
    return value


def maybe_text(record: Record, key: str) -> str | None:
    """The string under `key`, None if it is missing or null. Raises BadRecord for anything else."""
    return None if record.get(key) is None else text(record, key)


def texts(record: Record, key: str) -> list[str]:
    """The list of strings under `key`. Raises BadRecord if it is missing or holds anything else."""
    if key not in record:
        raise BadRecord(f"key {key!r} is missing")
    value = record[key]
    if type(value) is not list or not all(type(item) is str for item in value):
        raise BadRecord(f"{key!r} is not a list of strings")
    return value
