"""Work cut into shards that are saved as they are finished: what a crash costs is one shard, and none is made twice.

In: parts of some work, each with everything that makes it. Out: named shards, and which of them are still to be made. A
shard's name holds a key of all that made it (model, prompts, sampling, seed, what it is made from), so a changed parameter
or model never finds an old shard. Does not know what a shard's rows mean, who makes them, nor where shards are saved.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pandas as pd

_ENGINE = 3  # raise when the engine rounds, or ends steps and solutions, otherwise
Finished = Mapping[str, Callable[[], pd.DataFrame]]  # name of a saved shard -> its reader


@runtime_checkable
class Forgetful(Protocol):
    """A generator or verifier that remembers prefixes and can forget them."""

    def forget(self) -> None:
        """Forget, so that what follows does not depend on what came before, not even in the last bit."""
        ...


@dataclass(frozen=True)
class Shard:
    """A part of the work: its problems, and the name and number of rows its result is saved under.

    ``solutions``: what is worked on, where that is more than the problems.
    """

    name: str
    problems: pd.DataFrame
    rows: int
    solutions: pd.DataFrame | None = None


def shard_name(purpose: str, start: int, made_of: Any) -> str:
    """Name of the shard that begins at problem ``start``; ``made_of``: everything that decides its rows, as JSON."""
    key = blake2b(json.dumps([_ENGINE, made_of]).encode(), digest_size=8).hexdigest()
    return f"{purpose}-{start:06d}-{key}"


def unfinished(shards: Sequence[Shard], finished: Finished) -> list[Shard]:
    """The shards that are not in ``finished``, or not whole there: a kill may have cut a file short."""
    return [shard for shard in shards if not _is_whole(shard, finished)]


def _is_whole(shard: Shard, finished: Finished) -> bool:
    if shard.name not in finished:
        return False
    read = finished[shard.name]
    if not callable(read):  # or the error below would be taken for a broken file, and finished work made again
        raise TypeError(f"finished shards are given by their readers, not as {type(read).__name__}")
    try:
        return len(read()) == shard.rows
    except Exception:  # whatever a reader says about half a file, the remedy is to make the shard again
        return False


def start_afresh(model: object) -> None:
    """Before every shard: its bytes must be the same whether or not others were made before it in this process."""
    if isinstance(model, Forgetful):
        model.forget()


def model_key(source: str | Path, dtype: str = "float32") -> str:
    """A key of a model run in ``dtype``: of a folder's contents, whatever it is called, or of a hub name's commit."""
    digest = blake2b(b"" if dtype == "float32" else dtype.encode(), digest_size=8)
    if not Path(source).is_dir():
        from transformers import AutoConfig

        commit = getattr(AutoConfig.from_pretrained(str(source)), "_commit_hash", None)
        digest.update(f"{source}@{commit}".encode())
    for path in sorted(Path(source).glob("*")):
        if path.suffix in (".json", ".jinja", ".safetensors", ".model", ".txt"):
            digest.update(path.name.encode())
            with path.open("rb") as file:
                while block := file.read(1 << 24):
                    digest.update(block)
    return digest.hexdigest()
