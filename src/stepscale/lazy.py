"""Names that a package offers and loads when they are first used (PEP 562), so that importing it loads nothing heavy."""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any


def lazy_names(
    package: str, homes: Mapping[str, str], extras: Mapping[str, str] = MappingProxyType({})
) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package.

    Args:
        package: Its name.
        homes: The module within it that each name comes from.
        extras: The extra that a name needs, where that is not "models".

    Returns:
        A function of a name. It raises MissingExtra, with the extra to install, where a package is missing.
    """

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        from stepscale.opening import needs  # pydantic comes with it, which `import stepscale` need not wait for

        with needs(extras.get(name, "models")):
            return getattr(import_module(f"{package}.{homes[name]}"), name)

    return load
