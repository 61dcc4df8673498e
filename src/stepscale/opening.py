"""What opening any model begins with: is the optional part installed, is the folder there? What is missing is one clear line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stepscale.errors import InputError


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Imports in this block belong to an extra of the package.

    Raises:
        InputError: One is not installed; the line names the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("stepscale"):
            raise
        raise InputError(f"{error.name} is not installed; run: pip install 'stepscale[{extra}]'") from error


def check_folder(source: str | Path) -> None:
    """Check that something is at ``source``, unless it is a name on the hub.

    Raises:
        InputError: Nothing is.
    """
    is_path = isinstance(source, Path) or source.startswith((".", "/", "~"))
    if is_path and not Path(source).is_dir():
        raise InputError(f"{source}: there is no such folder; give one that holds a model, or a hub name")
