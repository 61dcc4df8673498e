"""Sick machines: a disk that is full or read-only, two runs in one folder, a clock that jumps."""
