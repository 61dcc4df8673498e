"""The address that a server listens on, taken before anything is loaded. One for all servers here."""

import errno
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from stepscale.errors import InputError

_MAX_HOST_CHARACTERS = 100  # characters of a host that a message shows
_BACKLOG = 2048  # connections that wait until they are accepted; as uvicorn has it


@contextmanager
def bound_sockets(host: str, port: int) -> Iterator[list[socket.socket]]:
    """Take an address, so that one in use is told at once; who connects is refused until ``listen`` is called.

    Args:
        host: A name or number of this machine.
        port: 0: any free one.

    Returns:
        A context manager. It gives a socket per number that the host has here, and closes them at the end.

    Raises:
        InputError: There is no such host or port, or another program uses it.
    """
    with ExitStack() as opened:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            bound: list[socket.socket] = []
            for family, address in dict.fromkeys((family, address) for family, _, _, _, address in found):
                with suppress(_NotHere):
                    bound.append(opened.enter_context(_bound(family, (address[0], _port(bound, port), *address[2:]))))
            if not bound:
                raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
        except (OSError, OverflowError, ValueError) as error:  # a UnicodeError: a part of the name is empty or too long
            raise _cannot_listen(host, port, error) from None
        yield bound


def listen(sockets: Sequence[socket.socket]) -> None:
    """Let clients connect: from here on a request waits for its answer, so the address may be told.

    Args:
        sockets: From ``bound_sockets``.

    Raises:
        InputError: Another program took the address meanwhile.
    """
    for bound in sockets:
        host, port = bound.getsockname()[:2]
        try:
            bound.listen(_BACKLOG)
        except OSError as error:
            raise _cannot_listen(host, port, error) from None


class _NotHere(Exception):
    """The machine does not have this number, or numbers of its kind, though the name stands for it."""


def _bound(family: int, address: tuple[Any, ...]) -> socket.socket:
    try:
        made = socket.socket(family)
    except OSError:
        raise _NotHere from None
    try:
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # numbers of IPv4 have a socket of their own
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else not within a minute of the last server
        made.bind(address)
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise _NotHere from None
        raise
    return made


def _port(bound: Sequence[socket.socket], port: int) -> int:
    """All numbers of a host have the same port, where any is free to choose too."""
    return port or (int(bound[0].getsockname()[1]) if bound else 0)


def _cannot_listen(host: str, port: int, error: Exception) -> InputError:
    """What to raise about an address, with the system's complaint."""
    return InputError(
        f"{host[:_MAX_HOST_CHARACTERS]}:{port} cannot be listened on ({error}); choose another --port or --host"
    )
