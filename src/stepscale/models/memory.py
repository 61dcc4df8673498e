"""Gives freed memory back to the system: glibc keeps gigabytes of it after a fit, whose tensors come in many sizes."""

import ctypes
import gc


def give_back_freed_memory() -> None:
    """Return what is free to the operating system, where the C library can (glibc); elsewhere nothing happens."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
