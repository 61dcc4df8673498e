"""Hashes of what a piece is made from: tables, settings, files, model folders."""

from collections.abc import Sequence
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
from pydantic import BaseModel

from stepscale.hub_names import loading_options
from stepscale.references import reference_in

_BLOCK = 1 << 24
_OF_A_MODEL = (".json", ".jinja", ".safetensors", ".model", ".txt")


def content_hash(*values: object) -> str:
    """The sha256 of values: tables by their columns and rows, paths by the content of their files, others as canonical JSON."""
    digest = sha256()
    for value in values:
        if isinstance(value, pd.DataFrame):
            digest.update(f"table of {len(value)} rows\n".encode())
            for name in value.columns:
                digest.update(canonical([str(name), value[name].tolist()]))
        elif isinstance(value, Path):
            for file in [value] if value.is_file() else sorted(file for file in value.rglob("*") if file.is_file()):
                digest.update(canonical([file.relative_to(value).as_posix(), _file_hash(file)]))
        else:
            digest.update(canonical(value))
    return digest.hexdigest()


def canonical(value: object) -> bytes:
    """JSON with sorted keys, equal for equal values.

    Args:
        value: Text, numbers, arrays, Pydantic models, paths, and lists or mappings of these.

    Raises:
        TypeError: A part is of another kind.
    """
    options = orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(value, default=_plain, option=options)


def model_hash(source: str | Path, dtype: str = "float32") -> str:
    """A key of a model: of a folder's contents, whatever it is called, or of a hub name's commit.

    Args:
        source: Folder or hub name.
        dtype: Precision that it runs in.
    """
    digest = blake2b(b"" if dtype == "float32" else dtype.encode(), digest_size=8)
    reference = reference_in(source)
    if reference and reference.kind == "model":
        return model_hash(str(reference.source), dtype)
    if reference:
        digest.update(canonical([reference.kind, reference.source, reference.identity]))
        return digest.hexdigest()
    if not Path(source).is_dir():
        from transformers import AutoConfig

        name, hub_options = loading_options(str(source))
        commit = getattr(AutoConfig.from_pretrained(name, **hub_options), "_commit_hash", None)
        digest.update(f"{name}@{commit}".encode())
    for path in sorted(Path(source).glob("*")):
        if path.suffix in _OF_A_MODEL:
            digest.update(path.name.encode())
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
    return digest.hexdigest()


def _file_hash(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    """What orjson does not know by itself."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Sequence):
        return list(value)
    if isinstance(value, Path):
        return str(value)
    if value is pd.NA or value is pd.NaT:
        return None
    raise TypeError(f"a {type(value).__name__} has no canonical form: give its hash")
