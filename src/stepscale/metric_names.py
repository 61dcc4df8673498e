"""Names of metrics and parameters as MLflow takes them: names of verifiers, strategies and votes may hold any character.

MLflow refuses a whole batch for one name with a comma, and a path such as ``a/../b``. A run must not be lost for that.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

_REFUSED = re.compile(r"[^\w. -]+")  # a subset of what MLflow takes on any system; slashes would be read as a path
_MAX_NAME_CHARACTERS = 250  # characters, MLflow's limit
_DIGEST_BYTES = 4


def flatten(params: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested parameters as ``a.b.c`` names.

    Args:
        params: Nested mappings.
        prefix: How every name begins.
    """
    flat: dict[str, Any] = {}
    for key, value in params.items():
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat


def stored_names(names: Iterable[str], before: Mapping[str, str] | None = None) -> dict[str, str]:
    """What each name is stored as; names that differ stay different.

    Args:
        names: Any texts.
        before: What earlier names of the same run are stored as, by name. They keep theirs, and no other name gets it.

    Returns:
        By name: the same, without the characters that MLflow refuses, and at most 250 characters long. Where that would be
        empty, cut short, or the same as for another name, a digest of the whole name follows.
    """
    before = before or {}
    distinct = list(dict.fromkeys(names))
    plain = {name: _REFUSED.sub("", name) for name in distinct}
    as_given = {name for name in distinct if plain[name] == name and name not in before.values()}
    stored = {name: before[name] for name in distinct if name in before}
    taken = as_given | set(before.values())
    for name in distinct:
        if name in stored:
            continue
        short = plain[name]
        clear = (
            short.strip(". ")
            and not short.startswith("..")
            and len(short) <= _MAX_NAME_CHARACTERS
            and (name in as_given or short not in taken)
        )
        stored[name] = short if clear else _with_digest(short, name)
        taken.add(stored[name])
    return stored


def _with_digest(short: str, name: str) -> str:
    digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()
    return f"{short[: _MAX_NAME_CHARACTERS - len(digest) - 1].strip('. ')} {digest}".strip()
