"""Which files a source names: a path is checked, and a folder is looked through to the last file.

In: what a user gave as source. Out: the data files in order of their names. Whatever in a folder looks like data and
cannot be read is one InputError, other names are a warning: nothing is left out without a word. It opens no data file.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from stepscale.errors import InputError
from stepscale.formats.saved_folders import refuse_missing_parts
from stepscale.user_paths import is_there, refuse_blank

logger = logging.getLogger(__name__)

Source = str | Path | Sequence[str | Path]

LINES = (".jsonl", ".ndjson", ".jl", ".jsonlines")
"""Endings of files with one JSON record per line."""
COMPRESSIONS = (".gz", ".zst", ".xz", ".bz2")
_JSON = (*LINES, ".json")
READABLE = (*_JSON, ".parquet", ".arrow", ".eval")
"""Endings that are read, in upper case too; the JSON ones also with one of `COMPRESSIONS` behind."""

_DATA = {
    *(*READABLE, *COMPRESSIONS, ".csv", ".tsv", ".feather", ".orc", ".avro", ".xls", ".xlsx", ".pkl", ".pickle"),
    *(".npz", ".npy", ".h5", ".hdf5", ".msgpack", ".zip", ".tar", ".tgz", ".7z", ".rar", ".lz4", ".br", ".z", ".zstd"),
    *(".zlib", ".lzma", ".tfrecord", ".sqlite", ".db", ".duckdb", ".ods", ".pq", ".parq", ".jsonld", ".json5"),
    *(".geojson", ".mat", ".hdf", ".joblib", ".dill", ".cbor", ".dta", ".sav", ".rda", ".rds", ".psv", ".xml", ".mds"),
}
_BESIDE_DATA = {
    *(".md5", ".sha1", ".sha256", ".sha512", ".sig", ".asc", ".lock", ".idx", ".index", ".license", ".md", ".py"),
}
_ABOUT_DATA = ("readme", "license", "notice", "changelog", "_success")  # how their names begin
_LIBRARY_FILES = {
    *("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"),  # of the datasets library
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json"),
    *("config.json", "generation_config.json", "preprocessor_config.json", "model.safetensors.index.json"),
    *("pytorch_model.bin.index.json", "trainer_state.json", "croissant.json", "package.json"),
}
_REMEDY = f"write it as {', '.join(READABLE)} (JSON also {', '.join(COMPRESSIONS)}) or move it out"


def sources(source: Source) -> list[str | Path]:
    """The paths and hub names of a source.

    Args:
        source: A path, or a list of them.

    Returns:
        Each of them, as given.

    Raises:
        InputError: An empty path, something that is not a path, or the same one twice.
    """
    if isinstance(source, str | os.PathLike):
        return [checked_path(source)]
    if not isinstance(source, list | tuple):
        raise InputError(f"path is {source!r:.60}; give a file, a folder, a hub name, or a list of them")
    if not source:
        raise InputError("path is an empty list; give at least one file or folder")
    paths = [checked_path(path) for path in source]
    places = set[str]()
    for path in paths:
        if (place := os.path.realpath(path)) in places:
            raise InputError(f"{path}: it is given twice, so the same records would come twice; leave one of them out")
        places.add(place)
    return paths


def checked_path(path: object) -> str | Path:
    """One path as given.

    Args:
        path: As it was given; "~" is the home folder.

    Raises:
        InputError: It is empty, no path at all, or an address of another protocol than the hub's.
    """
    if not isinstance(path, str | os.PathLike):
        raise InputError(f"path is {path!r:.60}, {type(path).__name__}; give a file or folder as a string or Path")
    name = os.fspath(path)
    if not isinstance(name, str):
        raise InputError(f"path is {name!r:.60}, bytes; give a file or folder as a string or Path")
    refuse_blank(name)
    protocol, separator, _ = name.partition("://")
    if separator and protocol.isalnum() and protocol != "hf":
        raise InputError(f"{name}: {protocol}:// is not read; give a local file or folder, or 'hf://owner/name'")
    name = os.path.expanduser(name)
    return name if isinstance(path, str) else Path(name)


def data_files(path: Path, split: str | None = None) -> list[Path]:
    """The files to read at a path.

    Args:
        path: A file, or a folder that is searched with all its folders, linked ones too.
        split: Of a folder written by ``DatasetDict.save_to_disk``, the split to read; else without effect.

    Returns:
        The files in order of their names.

    Raises:
        InputError: Nothing is there, or a file that looks like data cannot be read.
    """
    if not is_there(path):
        broken = "the link leads nowhere" if path.is_symlink() else "there is no such file or folder"
        raise InputError(f"{path}: {broken}; check the path (hub data sets are 'hf://owner/name')")
    if not path.is_dir():
        if not is_readable(path) and ending(path) in _DATA:
            raise InputError(f"{path}: a file of this kind is not read; {_REMEDY}")
        return [path]
    if split is not None and (path / "dataset_dict.json").is_file():
        if not (path / split).is_dir():
            raise InputError(f"{path}: it has no split {split!r}; choose one of {', '.join(_folders(path))}")
        path = path / split
    walked = sorted(_walk(path))
    _refuse_broken_links(walked)
    files = [file for file in walked if _is_data(file)]
    for file in files:
        _refuse_unreadable(file)
    _refuse_twice_the_same(files)
    refuse_missing_parts(walked)
    if unreadable := [file.name for file in walked if not _is_data(file) and not _belongs_to_no_data(file)]:
        file_names = ", ".join(unreadable[:5]) + (f" and {len(unreadable) - 5} more" if len(unreadable) > 5 else "")
        logger.warning("%s: not read, for their names are not those of data: %s", path, file_names)
    if not files:
        raise InputError(f"{path}: the folder holds no {', '.join(READABLE)} file; give the folder of the data")
    return files


def ending(path: Path) -> str:
    """The last ending of a name in lower case, without that of a compression.

    It is ``.jsonl`` of ``A.JSONL.gz``.

    Args:
        path: A file.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def is_readable(path: Path) -> bool:
    """Whether the name has an ending that is read.

    Args:
        path: A file.
    """
    return ending(path) in (_JSON if path.suffix.lower() in COMPRESSIONS else READABLE)


def is_file_name(name: str) -> bool:
    """Whether a name ends as data files do.

    Args:
        name: What a user gives, perhaps a hub name.
    """
    return Path(name).suffix.lower() in _DATA


def _walk(folder: Path) -> Iterator[Path]:
    """All files below a folder; hidden ones and those of __MACOSX left out, each folder once."""

    def refuse(error: OSError) -> None:
        raise InputError(f"{error.filename} cannot be read ({error.strerror}); check its permissions")

    visited: set[str] = set()
    for root, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        real = os.path.realpath(root)
        if real in visited:  # a link that leads back up
            folders.clear()
            continue
        visited.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        yield from (Path(root, name) for name in names if not name.startswith("."))


def _is_data(file: Path) -> bool:
    """Whether a file of a folder looks like data; one that belongs to a library or describes another does not."""
    suffixes = {suffix.lower() for suffix in file.suffixes}
    return not _belongs_to_no_data(file) and (file.suffix.lower() in _DATA or bool(suffixes & set(READABLE)))


def _belongs_to_no_data(file: Path) -> bool:
    """Whether a file is one that usually lies beside data."""
    name, last = file.name.lower(), file.suffix.lower()
    return last in _BESIDE_DATA or name in _LIBRARY_FILES or name.startswith(_ABOUT_DATA)


def _refuse_twice_the_same(files: list[Path]) -> None:
    """Raises InputError if a file lies beside itself, compressed: its records would come twice."""
    plain: dict[Path, Path] = {}
    for file in files:
        name = file.with_suffix("") if file.suffix.lower() in COMPRESSIONS else file
        if (other := plain.setdefault(name, file)) is not file:
            raise InputError(
                f"{file}: it differs from {other.name} in its compression alone, so the same records would come twice; move one "
                "of them out"
            )


def _refuse_broken_links(files: list[Path]) -> None:
    """Raises InputError if a link leads nowhere, whatever its name: it may have led to a folder of data."""
    for file in files:
        if file.is_symlink() and not file.exists():
            raise InputError(f"{file}: the link leads nowhere; mend or remove it")


def _refuse_unreadable(file: Path) -> None:
    if not file.is_file():
        raise InputError(f"{file}: not a regular file; remove it, or give another path")
    if not is_readable(file):
        raise InputError(f"{file}: a file of this kind is not read, and none is left out in silence; {_REMEDY}")


def _folders(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir() if entry.is_dir())
