"""Pieces of work that a run would give to other processes, done in this one."""

import pytest


def do_pieces_here(patch: pytest.MonkeyPatch) -> None:
    """Start no process per core: each imports torch for seconds, which costs a tiny run more than it saves."""
    patch.setattr("stepscale.engine.cores._is_small", lambda folder: False)
