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
from stepscale.formats.missing_values import rows_without_nan

_BUFFER = 1 << 20  # bytes: Python's own 8 KiB cost a fifth of the time of reading PRM800K
_ROWS = 1024
DAMAGE = (OSError, EOFError, ValueError, OverflowError, zlib.error, lzma.LZMAError, pa.ArrowException, MemoryError)
_UTF_16 = "it is UTF-16 or UTF-32 text; convert it with `iconv -f UTF-16 -t UTF-8`"
_FOREIGN = (
    (b"\xff\xfe", _UTF_16),
    (b"\xfe\xff", _UTF_16),
    (b"\0\0\xfe\xff", _UTF_16),
    (b"{\0", _UTF_16),
    (b"[\0", _UTF_16),
    (b"\0{", _UTF_16),
    (b"\0[", _UTF_16),
    (b"PK\x03\x04", "it is a zip archive; unpack it"),
    (b"7z\xbc\xaf", "it is a 7z archive; unpack it"),
    (b"\x04\x22\x4d\x18", "it is compressed with lz4; unpack it"),
    (b"PAR1", "it is a Parquet file; give it the ending .parquet"),
    (b"ARROW1", "it is an Arrow file; give it the ending .arrow"),
    (b"version https://git-lfs", "it is a Git LFS pointer; fetch the file with `git lfs pull`"),
    (b"<!DOCTYPE", "it is an HTML page; check the download"),
    (b"<html", "it is an HTML page; check the download"),
)


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
        start = stream.peek(32)[:32]
        reason = next((reason for magic, reason in _FOREIGN if start.startswith(magic)), None)
        if reason is not None:
            raise InputError(f"{path}: not lines of JSON: {reason}")
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


def parquet_rows(path: Path) -> Iterator[Record]:
    """The rows of a Parquet file; the checksums of its pages are verified where it has them.

    Args:
        path: The file.

    Raises:
        InputError: It is no Parquet file, or damaged.
    """
    from pyarrow import parquet

    with path.open("rb") as stream:
        if stream.read(4) != b"PAR1":
            raise InputError(f"{path}: not a Parquet file; check the download")
    file = parquet.ParquetFile(path, page_checksum_verification=True)
    for batch in file.iter_batches(batch_size=_ROWS):
        yield from rows_without_nan(batch.to_pylist(), file.schema_arrow)


def arrow_rows(path: Path) -> Iterator[Record]:
    """The rows of an Arrow file or stream, as ``datasets.save_to_disk`` writes it.

    Args:
        path: The file.
    """
    from pyarrow import ipc

    with pa.memory_map(str(path)) as source:
        is_file = source.read(6) == b"ARROW1"
        source.seek(0)
        reader: Any = ipc.open_file(source) if is_file else ipc.open_stream(source)
        batches = map(reader.get_batch, range(reader.num_record_batches)) if is_file else reader
        for batch in batches:
            batch.validate(full=True)  # of a damaged file: offsets that lead out of the buffers end the process
            for start in range(0, batch.num_rows, _ROWS):
                yield from rows_without_nan(batch.slice(start, _ROWS).to_pylist(), batch.schema)
