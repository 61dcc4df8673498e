"""The exceptions a user is meant to read, and how they show a value.

Raised for bad input (a file, a line, a parameter, a model folder): its message is a single line that names
what is wrong, where, and the remedy. The command line prints that line and no traceback.
"""


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
