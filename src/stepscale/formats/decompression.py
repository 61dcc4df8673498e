"""The bytes of a bzip2 or xz file, of which every stream is read or refused.

``bz2.open`` and ``lzma.open`` take an error in the first buffer of a later stream for the end of the file, so that a damaged
file, or one with an error page behind it, would lose its later records in silence.
"""

import bz2
import io
import lzma
from collections.abc import Callable
from typing import IO, Any

_BUFFER = 1 << 18  # compressed bytes at a time
_PADDING = 4  # an xz file may end in zero bytes, a multiple of four, also between its streams


def xz_stream(raw: IO[bytes]) -> io.BufferedReader:
    """The decompressed bytes of an xz file.

    Args:
        raw: The file.

    Returns:
        A stream. Reading it raises OSError or EOFError where a stream of the file is damaged or cut off, or is none.
    """
    return io.BufferedReader(_Streams(raw, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ), _PADDING), _BUFFER)


def bzip2_stream(raw: IO[bytes]) -> io.BufferedReader:
    """The decompressed bytes of a bzip2 file.

    Args:
        raw: The file.

    Returns:
        As `xz_stream`.
    """
    return io.BufferedReader(_Streams(raw, bz2.BZ2Decompressor), _BUFFER)


class _Streams(io.RawIOBase):
    """Compressed streams one after another, each with a decompressor of its own."""

    def __init__(self, raw: IO[bytes], new: Callable[[], Any], padding: int = 0) -> None:
        self.raw, self.new, self.padding = raw, new, padding
        self.decompressor, self.is_within = new(), False
        self.rest = b""  # read from the file and not yet handed on
        self.n_ended = 0

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with decompressed bytes; 0 at the end of the file."""
        while self.is_within or self._begins():
            needs_input = self.decompressor.needs_input
            given = (self._taken() or self._cut_off()) if needs_input else b""
            try:
                content = self.decompressor.decompress(given, len(buffer))
            except (OSError, lzma.LZMAError) as error:
                raise OSError(f"stream {self.n_ended + 1} of the file is damaged: {error}") from None
            if self.decompressor.eof:
                self.rest, self.is_within = self.decompressor.unused_data, False
                self.n_ended += 1
            if content:
                buffer[: len(content)] = content
                return len(content)
        return 0

    def _begins(self) -> bool:
        """Whether another stream begins; the zero bytes before it are left out."""
        self.rest, n_zeros = self.rest or self.raw.read(_BUFFER), 0
        while self.padding and self.n_ended and self.rest.startswith(b"\0"):
            left = self.rest.lstrip(b"\0")
            n_zeros += len(self.rest) - len(left)
            self.rest = left or self.raw.read(_BUFFER)
        if n_zeros and n_zeros % self.padding:
            raise OSError(f"stream {self.n_ended} of the file is followed by {n_zeros} zero bytes")
        if self.rest:
            self.decompressor, self.is_within = self.new(), True
        return self.is_within

    def _taken(self) -> bytes:
        taken, self.rest = self.rest or self.raw.read(_BUFFER), b""
        return taken

    def _cut_off(self) -> bytes:
        raise EOFError(f"the file ends within its stream {self.n_ended + 1}")
