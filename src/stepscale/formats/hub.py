"""Data sets of the Hugging Face hub by name, through the `datasets` library, which is imported only then.

In: ``hf://owner/name``, or ``owner/name`` where that is not a path here; ``@revision`` behind it pins one. Out: its rows as
dicts.
Downloaded data is later read from the library's cache, also offline. If data cannot be had, one line says so
and what to do.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from stepscale.errors import InputError
from stepscale.formats.source_files import is_file_name
from stepscale.hub_names import ask_hub, name_and_revision
from stepscale.opening import needs
from stepscale.user_paths import is_there

_PREFIX = "hf://"


class HubError(InputError):
    """A data set cannot be had from the hub in any format; a retry would only cost time."""


_PLAIN_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+(@[\w./-]+)?")


def is_hub_name(source: str | Path) -> bool:
    """Whether a source is on the hub: ``hf://owner/name``, or ``owner/name`` where no such file or folder is here.

    Args:
        source: As a user gives it.
    """
    if not isinstance(source, str):
        return False
    plain = _PLAIN_NAME.fullmatch(source) is not None and not is_file_name(source)
    return source.startswith(_PREFIX) or (plain and not is_there(source))


def hub_name(source: str) -> tuple[str, str | None]:
    """The name on the hub, and the revision where one is named.

    Args:
        source: As a user gives it.

    Raises:
        HubError: It is not such a name.
    """
    name, revision = name_and_revision(source.removeprefix(_PREFIX).strip("/"))
    if not name or name.count("/") > 1:
        raise HubError(f"{source!r} is not a hub name; write hf://owner/name, and the split as an option")
    return name, revision


def rows(source: str, split: str | None = None, config: str | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a hub data set.

    Args:
        source: ``hf://owner/name`` or ``owner/name``.
        split: One split; without it all in turn.
        config: The configuration, where the data set has several.

    Returns:
        Dicts, one per row.

    Raises:
        HubError: The data set cannot be had, or the `datasets` library is not installed.
    """
    name, revision = hub_name(source)
    for part in _loaded(source, name, split, config, revision):
        yield from part


def _loaded(source: str, name: str, split: str | None, config: str | None, revision: str | None = None) -> list[Any]:
    try:
        with needs("models"):
            import datasets
    except InputError as error:
        raise HubError(f"{source}: {error}") from None
    pinned = {} if revision is None else {"revision": revision}
    try:
        with _asking_nobody() if ask_hub(name, "dataset", revision) == "no answer" else nullcontext():
            loaded = datasets.load_dataset(name, config, split=split, **pinned)
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        not_local = "" if source.startswith(_PREFIX) else "no such file or folder is here, and "
        raise HubError(
            f"{source}: {not_local}not to be had from the Hugging Face hub ({reason}); if this machine is offline, download"
            " the data set where there is a network and give its file or folder instead"
        ) from None
    return list(loaded.values()) if isinstance(loaded, dict) else [loaded]


@contextmanager
def _asking_nobody() -> Iterator[None]:
    """Makes the libraries read only their caches: else they try for minutes to reach the hub."""
    from huggingface_hub import constants

    before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
