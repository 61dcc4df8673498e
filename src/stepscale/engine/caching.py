"""Models that keep a KV cache between calls, and how it is cleared before a piece of work."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Cached(Protocol):
    """A generator or verifier that caches keys and values of prefixes between calls."""

    def clear_cache(self) -> None:
        """Drop the cached prefixes, so that later results do not depend on earlier calls, not even in the last bit."""
        ...


def clear_cache(model: object) -> None:
    """Clear a model's cache before a piece of work: its bytes must not depend on other pieces made before in this process.

    Args:
        model: A generator or verifier. One without a cache, None or a class is left as it is.
    """
    # A class has the method too, and nothing to clear.
    if isinstance(model, Cached) and not isinstance(model, type):
        model.clear_cache()
