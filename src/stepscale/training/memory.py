"""Makes the C library keep freed memory while a small model is fitted on a CPU, and give it back afterwards.

A fit's tensors come and go in megabytes. glibc hands each back to the system at once and fetches it again, page by page. That
is more than half of a small fit's time (``python -m bench training``). Inside ``freed_memory_kept`` it keeps them, in one arena
for all threads, and afterwards all of it is given back. Without glibc nothing happens.
"""

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX, _ARENA_MAX = -1, -2, -4, -8  # of mallopt, malloc.h
_KEPT = {_TRIM_THRESHOLD: 2**31 - 1, _TOP_PAD: 2**28, _MMAP_MAX: 0, _ARENA_MAX: 1}
_USUAL = {_TRIM_THRESHOLD: 2**17, _TOP_PAD: 2**17, _MMAP_MAX: 2**16, _ARENA_MAX: 0}


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Freed memory stays with the process inside, and is given back at the end.

    Meanwhile older objects (a run's tables are millions of them) are not searched for garbage. Trainer and the
    end of a fit collect the garbage of the fit itself.
    """
    is_unfrozen = not gc.get_freeze_count()  # else other code keeps objects frozen, and must find them so
    if is_unfrozen:
        gc.freeze()
    _set(_KEPT)
    try:
        yield
    finally:
        _set(_USUAL)
        give_back_freed_memory()
        if is_unfrozen:
            gc.unfreeze()


def give_back_freed_memory() -> None:
    """Return free memory to the operating system if the C library can (glibc); elsewhere nothing happens."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _set(options: dict[int, int]) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in options.items():
            mallopt(option, value)
