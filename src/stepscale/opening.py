"""What opening any model begins with: is the optional part installed, is the folder there? What is missing is one clear line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeGuard

from pydantic import ValidationError

from stepscale.errors import InputError, MissingExtra, describe_validation_error
from stepscale.hub_names import is_hub_model
from stepscale.user_paths import written_out


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Imports in this block belong to an extra of the package.

    Args:
        extra: Of the package, such as "models".

    Raises:
        MissingExtra: One is not installed; the line names the extra. It is an InputError and an ImportError.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("stepscale"):
            raise
        raise MissingExtra(f"{error.name} is not installed; run: pip install 'stepscale[{extra}]'") from error


def is_address(source: object) -> TypeGuard[str]:
    """Whether a model is named by the address of a server, and not by a folder or a hub name.

    Args:
        source: What names the model.
    """
    return isinstance(source, str) and source.lower().startswith(("http://", "https://"))


def check_no_server_options(
    source: str | Path, model: str | None, tokenizer: str | None, api_key_variable: str | None
) -> None:
    """Refuses what only a server takes.

    Args:
        source: A model that is not a server's address.
        model: A model's name on a server.
        tokenizer: The tokenizer of a server's model.
        api_key_variable: The environment variable of a server's key.

    Raises:
        InputError: One of the three was given.
    """
    if model or tokenizer or api_key_variable:
        raise InputError(
            f"{source} is not a server's address, so it takes no model, tokenizer or key; begin it with http://"
        )


def checked_folder(source: str | Path) -> str | Path:
    """Check that a folder is at ``source``, unless it is a name on the hub.

    Args:
        source: A folder, in which "~" is the home folder, or a name on the hub.

    Returns:
        The same, with the home folder written out.

    Raises:
        InputError: Nothing is there and the hub has no such names, or a file is there, or it is an address.
    """
    if not isinstance(source, str | Path) or not str(source).strip() or "\0" in str(source):
        raise InputError(f"{source!r:.60} names no model; give a folder or a Hugging Face name")
    if "://" in str(source):
        raise InputError(f"{source}: models are not read from there; give a folder, a Hugging Face name or http://")
    is_path = isinstance(source, Path) or source.startswith((".", "/", "~"))
    place = written_out(source)
    try:
        is_file, is_folder = place.is_file(), place.is_dir()
    except OSError as error:  # a name that no file can have
        raise InputError(f"{source!r:.60} names no model ({error.strerror}); give a folder or a hub name") from None
    if is_file:
        raise InputError(f"{source}: it is a file; give the folder that holds the model, or a hub name")
    if not is_folder and (is_path or not is_hub_model(source)):
        raise InputError(f"{source}: there is no such folder; give one that holds a model, or a hub name (owner/name)")
    return place if isinstance(source, Path) else str(place) if is_path else source


def check_precision(dtype: str) -> None:
    """Check the name of a precision.

    Args:
        dtype: As a caller gives it.

    Raises:
        InputError: Models cannot run in this precision.
    """
    if dtype not in ("float32", "bfloat16"):
        raise InputError(f"dtype is {dtype!r:.60}; choose float32 or bfloat16")


@contextmanager
def settings_in_one_line() -> Iterator[None]:
    """Settings that are typed in this block come from a caller's arguments.

    Raises:
        InputError: One is of the wrong type or size; the line names it.
    """
    try:
        yield
    except ValidationError as error:
        raise InputError(f"{describe_validation_error(error)}; correct this argument") from None
