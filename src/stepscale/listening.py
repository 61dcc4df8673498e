"""The address that a server listens on, checked before anything is loaded. One for all servers here."""

import socket

from stepscale.errors import InputError

_MAX_HOST_CHARACTERS = 100  # characters of a host that a message shows


def address_family(host: str, port: int) -> socket.AddressFamily:
    """The family of an address to listen on.

    Args:
        host: A name or number of this machine.
        port: 0: any free one.

    Raises:
        InputError: There is no such host or port.
    """
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    except (OSError, OverflowError, ValueError) as error:  # a UnicodeError: a part of the name is empty or too long
        raise cannot_listen(host, port, error) from None


def cannot_listen(host: str, port: int, error: Exception) -> InputError:
    """What to raise about an address that cannot be listened on.

    Args:
        host: As the user gave it.
        port: Likewise.
        error: The system's complaint.
    """
    return InputError(
        f"{host[:_MAX_HOST_CHARACTERS]}:{port} cannot be listened on ({error}); choose another --port or --host"
    )
