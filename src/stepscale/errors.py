"""The exceptions a user is meant to read, and how they show a value.

Raised for bad input (a file, a line, a parameter, a model folder): its message is a single line that names
what is wrong, where, and the remedy. The command line prints that line and no traceback.
"""

from collections.abc import Sequence
from typing import Any, Protocol


class InputError(ValueError):
    """Bad input from the user's side. The message names the file, line or key and the remedy.

    Args:
        message: In one line. Line ends and half characters that a name or value in it brings along are made printable.
    """

    def __init__(self, message: object) -> None:
        printable = str(message).encode("utf-8", "backslashreplace").decode()
        super().__init__(" ".join(printable.splitlines()))


class MissingExtra(InputError, ImportError):
    """A package of an extra is not installed; the message names the extra. ``except ImportError`` catches it too."""


def in_short(value: object) -> str:
    """What was handed in, cut to one short line, as an error shows it.

    Args:
        value: Anything.
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


class _Faults(Protocol):
    """What pydantic's ``ValidationError`` and FastAPI's ``RequestValidationError`` have in common; neither is imported here."""

    def errors(self) -> Sequence[Any]:
        """Each fault with its place (``loc``), ``type`` and message (``msg``)."""


def describe_validation_error(error: _Faults, first_only: bool = False, verbatim: bool = False) -> str:
    """Each wrong key and what is wrong with it, in one line.

    Args:
        error: What pydantic says about settings, a file or a request.
        first_only: Only the first fault.
        verbatim: All parts of each place, and pydantic's own message; else as those who write settings read it.
    """
    faults = error.errors()[:1] if first_only else error.errors()
    if verbatim:
        return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
    return "; ".join(" ".join(_key_and_message(fault).split()) for fault in faults)


def _key_and_message(fault: Any) -> str:
    key = ".".join(part for part in map(str, fault["loc"]) if "[" not in part)  # a union names its types there
    message = "unknown key" if fault["type"] == "extra_forbidden" else str(fault["msg"]).removeprefix("Value error, ")
    return f"{key}: {message}" if key else message  # of several keys together: it names them itself
