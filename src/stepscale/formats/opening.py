"""A file's bytes, decompressed: the compression is recognized by the first bytes, never by the name.

In: a path. Out: a binary stream, or the rows of a Parquet or Arrow file as dicts. Every error of a damaged file,
whichever library raises it, becomes one InputError here (`readable`).
"""

import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

from stepscale.errors import InputError
from stepscale.formats.decompression import bzip2_stream, xz_stream
from stepscale.formats.fields import Record
from stepscale.formats.file_kinds import N_START, foreign_binary_kind, foreign_kind
from stepscale.formats.missing_values import rows_without_nan

_BUFFER = 1 << 20  # bytes: Python's own 8 KiB cost a fifth of the time of reading PRM800K
_ROWS = 1024
DAMAGE = (OSError, EOFError, ValueError, OverflowError, zlib.error, lzma.LZMAError, pa.ArrowException, MemoryError)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what a damaged or unreadable file raises into one error.

    Args:
        path: The file.

    Raises:
        InputError: The block could not read the file.
    """
    try:
        yield
    except InputError:
        raise
    except DAMAGE as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(f"{path} cannot be read ({reason}); check the download and the file's permissions") from None


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, decompressed (gzip, zstd, xz, bzip2).

    Args:
        path: The file.

    Raises:
        InputError: The first bytes are of a kind that is not read.
    """
    with path.open("rb", _BUFFER) as raw, _decompressed(raw) as stream:
        if (reason := foreign_kind(stream.peek(N_START)[:N_START])) is not None:
            unpacked = "" if stream is raw else "what is compressed there is something else: "
            raise InputError(f"{path}: not lines of JSON: {unpacked}{reason}")
        yield cast(IO[bytes], stream)


def _decompressed(raw: Any) -> Any:
    """A stream with ``peek``, as all four have it."""
    magic = raw.peek(6)[:6]
    if magic.startswith(b"\x1f\x8b"):
        return gzip.open(raw)
    if magic.startswith(b"\xfd7zXZ\0"):
        return xz_stream(raw)
    if magic.startswith(b"BZh"):
        return bzip2_stream(raw)
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        return io.BufferedReader(pa.CompressedInputStream(raw, "zstd"), _BUFFER)
    return raw


def check_is_parquet(path: Path) -> None:
    """Check that a file begins as Parquet files do.

    Args:
        path: The file.

    Raises:
        InputError: It does not; the message says what it is, if that can be told.
    """
    with path.open("rb") as stream:
        start = stream.read(N_START)
    if not start.startswith(b"PAR1"):
        raise InputError(f"{path}: not a Parquet file{_remedy(start)}")


def _check_is_arrow(path: Path) -> None:
    """Raises InputError if a file begins neither as an Arrow file nor as a stream; one of before 2019 begins with a length."""
    with path.open("rb") as stream:
        start = stream.read(N_START)
    is_old_stream = start[3:4] == b"\0" and foreign_binary_kind(start) is None
    if start and not start.startswith((b"ARROW1", b"\xff\xff\xff\xff")) and not is_old_stream:
        raise InputError(f"{path}: not an Arrow file{_remedy(start)}")


def _remedy(start: bytes) -> str:
    reason = foreign_binary_kind(start)
    return "; check the download" if reason is None else f": {reason}"


def parquet_rows(path: Path) -> Iterator[Record]:
    """The rows of a Parquet file; the checksums of its pages are verified where it has them.

    Args:
        path: The file.

    Raises:
        InputError: It is no Parquet file, or damaged.
    """
    from pyarrow import parquet

    check_is_parquet(path)
    file = parquet.ParquetFile(path, page_checksum_verification=True)
    for batch in file.iter_batches(batch_size=_ROWS):
        yield from rows_without_nan(batch.to_pylist(), file.schema_arrow)


def arrow_rows(path: Path) -> Iterator[Record]:
    """The rows of an Arrow file or stream, as ``datasets.save_to_disk`` writes it.

    Args:
        path: The file.

    Raises:
        InputError: It is no Arrow file or stream, or damaged.
    """
    from pyarrow import ipc

    _check_is_arrow(path)
    with pa.memory_map(str(path)) as source:
        is_file = source.read(6) == b"ARROW1"
        source.seek(0)
        reader: Any = ipc.open_file(source) if is_file else ipc.open_stream(source)
        batches = map(reader.get_batch, range(reader.num_record_batches)) if is_file else reader
        for batch in batches:
            batch.validate(full=True)  # of a damaged file: offsets that lead out of the buffers end the process
            for start in range(0, batch.num_rows, _ROWS):
                yield from rows_without_nan(batch.slice(start, _ROWS).to_pylist(), batch.schema)
