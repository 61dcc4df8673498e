"""Memory that a fit freed stays with the process for as long as the fit runs, and no longer."""

import ctypes
import gc
import weakref

import pytest

from stepscale.training import memory


def test_memory_is_kept_inside_and_given_back_after_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[object] = []
    monkeypatch.setattr(memory, "_set", done.append)
    monkeypatch.setattr(memory, "give_back_freed_memory", lambda: done.append("given back"))

    @memory.freed_memory_kept()
    def fit() -> None:
        assert done == [memory._KEPT]
        raise ValueError("in the fit")

    with pytest.raises(ValueError, match="in the fit"):
        fit()
    assert done == [memory._KEPT, memory._USUAL, "given back"]
    assert memory._KEPT.keys() == memory._USUAL.keys(), "every setting is put back"


def test_without_glibc_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    with memory.freed_memory_kept():
        pass


def test_what_was_there_before_is_not_looked_through_and_what_a_fit_leaves_is_collected() -> None:
    class Left:
        def __init__(self) -> None:
            self.itself = self

    gc.collect()
    with memory.freed_memory_kept():
        assert gc.get_freeze_count() > 10_000
        left = weakref.ref(Left())
        memory.give_back_freed_memory()
        assert left() is None
    assert gc.get_freeze_count() == 0
