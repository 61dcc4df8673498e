"""A secret for each labeler, made once and kept beside the labels in a file that its owner alone can read."""

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from stepscale.errors import InputError
from stepscale.scratch import write_atomically


def tokens_for(labelers: Iterable[str], path: Path) -> dict[str, str]:
    """The token of each labeler; a labeler who has one keeps it, so links that were sent stay good.

    Args:
        labelers: Their names.
        path: The file of tokens; made if it is absent.

    Raises:
        InputError: The file holds something else, or cannot be written.
    """
    try:
        token_of = json.loads(path.read_text()) if path.exists() else {}
        if not all(isinstance(token, str) and len(token) >= 32 for token in token_of.values()):
            raise ValueError("a token is not a long text")
        tokens = {name: token_of.get(name) or secrets.token_urlsafe(32) for name in labelers}
        # a kill in between must not lose the tokens of links that were sent
        write_atomically(path, lambda partial: _write_for_owner(partial, token_of | tokens))
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path}: no file of tokens ({error}); mend it, or move it away to have new ones made"
        ) from None
    return tokens


def _write_for_owner(path: Path, tokens: Mapping[str, str]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(tokens, file, indent=1)
