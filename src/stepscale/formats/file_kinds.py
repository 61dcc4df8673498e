"""What a file really is, by its first bytes, where it is of another kind than its name says.

In: the first bytes, decompressed as far as the reader does so. Out: the kind and the remedy in words. It opens no files.
"""

N_START = 1024
"""How many first bytes are looked at: a tar archive is known by those at 257, a page may begin with blank lines."""

_UTF_16 = "it is UTF-16 or UTF-32 text; convert it with `iconv -f UTF-16 -t UTF-8`"
_HTML = "it is an HTML page; check the download"
_BOM = b"\xef\xbb\xbf"
_MAGIC = (
    (b"\xff\xfe", _UTF_16),
    (b"\xfe\xff", _UTF_16),
    (b"\0\0\xfe\xff", _UTF_16),
    (b"{\0", _UTF_16),
    (b"[\0", _UTF_16),
    (b"\0{", _UTF_16),
    (b"\0[", _UTF_16),
    (b"PK\x03\x04", "it is a zip archive; unpack it"),
    (b"7z\xbc\xaf", "it is a 7z archive; unpack it"),
    (b"Rar!\x1a\x07", "it is a RAR archive; unpack it"),
    (b"\x04\x22\x4d\x18", "it is compressed with lz4; unpack it"),
    (b"\x1f\x8b", "it is compressed with gzip; unpack it"),
    (b"\xfd7zXZ\0", "it is compressed with xz; unpack it"),
    (b"BZh", "it is compressed with bzip2; unpack it"),
    (b"\x28\xb5\x2f\xfd", "it is compressed with zstd; unpack it"),
    (b"PAR1", "it is a Parquet file; give it the ending .parquet"),
    (b"ARROW1", "it is an Arrow file; give it the ending .arrow"),
    (b"version https://git-lfs", "it is a Git LFS pointer; fetch the file with `git lfs pull`"),
)
_TAR, _TAR_OFFSET = b"ustar", 257
_MARKUP = (  # in lower case, behind blanks
    (b"<!doctype", _HTML),
    (b"<html", _HTML),
    (b"<head", _HTML),
    (b"<body", _HTML),
    (b"<!--", _HTML),
    (b"<?xml", "it is an XML page, as servers send for an error; check the download"),
)
_JSON = "it is JSON text; give it the ending .json or .jsonl"


def foreign_kind(start: bytes) -> str | None:
    """What a file that should hold JSON is instead, and what to do about it; None where it may be JSON.

    Args:
        start: Its first bytes, ``N_START`` where it has as many, decompressed.
    """
    if start.startswith(_TAR, _TAR_OFFSET):
        return "it is a tar archive; unpack it"
    if (reason := next((reason for magic, reason in _MAGIC if start.startswith(magic)), None)) is not None:
        return reason
    text = _text(start).lower()
    return next((reason for magic, reason in _MARKUP if text.startswith(magic)), None)


def foreign_binary_kind(start: bytes) -> str | None:
    """The same of a file that should be an archive or a table: JSON is foreign there.

    Args:
        start: Its first bytes as they are.
    """
    return foreign_kind(start) or (_JSON if _text(start).startswith((b"{", b"[")) else None)


def _text(start: bytes) -> bytes:
    return start.removeprefix(_BOM).lstrip()
