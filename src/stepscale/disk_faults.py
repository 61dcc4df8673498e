"""What a disk has refused, in one line for a user. An error of safetensors or torch tells by its words what it is."""

import errno

_OF_THE_DISK = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOTDIR,
    errno.EIO,
)
# torch's errors have no type of their own
_OF_TORCH_WRITING = ("unexpected pos", "PytorchStreamWriter failed", "iostream error")
_MEND = "make room or mend its permissions, then run again"


def disk_refusal(error: BaseException) -> str | None:
    """The line for a user whose disk is full, or refuses to be written to or read.

    Args:
        error: What was raised.

    Returns:
        The line; None if the error is not of that kind.
    """
    if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
        return f"{error.filename or 'a file'} cannot be written or read ({error.strerror}); {_MEND}"
    if type(error).__name__ == "SafetensorError" and "I/O error" in str(error):
        return f"a file of weights cannot be written or read ({str(error).rpartition('I/O error: ')[2]}); {_MEND}"
    if isinstance(error, RuntimeError) and any(words in str(error) for words in _OF_TORCH_WRITING):
        return f"a checkpoint cannot be written whole; {_MEND}"
    return None
