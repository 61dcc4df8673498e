"""Models that a process has open: each is opened once for all pieces of work that need it there."""

import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, runtime_checkable

_Model = TypeVar("_Model")


@runtime_checkable
class _Forgetful(Protocol):
    """A model that can forget the prefixes that it remembers between calls."""

    def forget(self) -> None: ...


_MAX_OPEN_MODELS = 3  # a generator, and two verifiers that read what it writes
_open: OrderedDict[bytes, Any] = OrderedDict()


def opened(opens: Callable[..., _Model], *arguments: Any) -> _Model:
    """``opens(*arguments)``, or the model opened before with equal arguments, after it has forgotten its prefixes.

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
    if isinstance(model, _Forgetful):
        model.forget()
    return model


def close_all() -> None:
    """Forget the models, so that their memory is free for other work of this process."""
    _open.clear()
