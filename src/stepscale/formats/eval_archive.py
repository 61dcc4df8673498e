"""The samples in an ``.eval`` archive of inspect-ai: a zip whose members may be compressed with zstd.

In: a path. Out: each sample's JSON object, in order of the members. Python's zipfile reads zstd from 3.14 on, so such
members are taken out here. `inspect_log` interprets the samples.
"""

import logging
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import orjson
import pyarrow as pa

from stepscale.errors import InputError
from stepscale.formats.file_kinds import N_START, foreign_binary_kind
from stepscale.formats.missing_values import parsed

_ZSTD = 93  # zip's number of the method
_HEADER = 30  # bytes of a member's local header, before its name
_MAX_SAMPLE_BYTES = 1 << 30  # bytes of one sample: more is not a sample, or an archive made to fill memory
_SAMPLES, _ABOUT = "samples/", "header.json"

logger = logging.getLogger(__name__)


def eval_samples(path: Path) -> Iterator[Any]:
    """The parsed members below ``samples/``; of members of one name the last, which is the one that counts.

    Args:
        path: The file.

    Raises:
        InputError: It is not a zip archive, or a member is damaged or too large.
    """
    with path.open("rb") as stream:
        try:
            archive = zipfile.ZipFile(stream)
        except zipfile.BadZipFile as error:
            stream.seek(0)
            start = stream.read(N_START)
            kind = None if start.startswith(b"PK") else foreign_binary_kind(start)
            reason = f" ({error}); check the download" if kind is None else f": {kind}"
            raise InputError(f"{path}: not an .eval archive{reason}") from None
        members = {member.filename: member for member in archive.infolist() if _is_sample(member)}
        _tell_of_the_unfinished(path, archive, stream)
        for name, member in sorted(members.items()):
            if member.file_size > _MAX_SAMPLE_BYTES:
                raise InputError(
                    f"{path}: {name} has {member.file_size} bytes; a sample has at most {_MAX_SAMPLE_BYTES}"
                )
            try:
                yield parsed(_content(archive, stream, member))
            except (zipfile.BadZipFile, NotImplementedError, RuntimeError, orjson.JSONDecodeError) as error:
                raise InputError(f"{path}: {name} cannot be read ({error}); check the download") from None


def _is_sample(member: zipfile.ZipInfo) -> bool:
    return member.filename.startswith(_SAMPLES) and member.filename.endswith(".json")


def _content(archive: zipfile.ZipFile, stream: IO[bytes], member: zipfile.ZipInfo) -> bytes:
    if member.compress_type != _ZSTD:
        return archive.read(member)
    stream.seek(member.header_offset)
    header = stream.read(_HEADER)
    # lengths of the name and of extra fields
    lengths = (int.from_bytes(header[offset : offset + 2], "little") for offset in (26, 28))
    stream.seek(member.header_offset + _HEADER + sum(lengths))
    packed = pa.BufferReader(stream.read(member.compress_size))
    content: bytes = pa.CompressedInputStream(packed, "zstd").read(_MAX_SAMPLE_BYTES)
    if zlib.crc32(content) != member.CRC:
        raise zipfile.BadZipFile("its checksum differs")
    return content


def _tell_of_the_unfinished(path: Path, archive: zipfile.ZipFile, stream: IO[bytes]) -> None:
    """Warn about a log whose evaluation did not finish: some of its samples are absent."""
    header = next((member for member in archive.infolist() if member.filename == _ABOUT), None)
    try:
        status = None if header is None else orjson.loads(_content(archive, stream, header)).get("status")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, AttributeError, orjson.JSONDecodeError):
        return
    if status != "success":
        logger.warning("%s: the evaluation did not end (%s): samples may be absent", path, status or "no header")
