"""Models that a process has open: each is opened once for all pieces of work that need it there."""

import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

from stepscale.engine.caching import clear_cache

_Model = TypeVar("_Model")

_MAX_OPEN_MODELS = 3  # a generator, and two verifiers that read what it writes
_open: OrderedDict[bytes, Any] = OrderedDict()


def opened(opens: Callable[..., _Model], *arguments: Any) -> _Model:
    """``opens(*arguments)``, or the model opened before with equal arguments, after its cache has been cleared.

    So a piece of work gets the same bytes whatever was made before it in this process. Those used longest ago are closed.

    Args:
        opens: At the top level of a module.
        arguments: Picklable; equal ones mean the same model.
    """
    key = pickle.dumps((opens, arguments))
    if key not in _open:
        while len(_open) >= _MAX_OPEN_MODELS:
            _open.popitem(last=False)
        _open[key] = opens(*arguments)
    _open.move_to_end(key)
    model: _Model = _open[key]
    clear_cache(model)
    return model


def close_all() -> None:
    """Drop the models, so that their memory is free for other work of this process."""
    _open.clear()
