"""Addresses are taken before anything is loaded, and listened on afterwards."""

import socket

import pytest

from stepscale.errors import InputError
from stepscale.listening import bound_sockets, listen


def test_an_address_is_taken_at_once_and_answers_once_it_is_listened_on() -> None:
    with bound_sockets("127.0.0.1", 0) as [bound]:
        address = bound.getsockname()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        listen([bound])
        socket.create_connection(address).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_a_port_in_use_is_one_line_whenever_it_is_noticed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(InputError, match=rf"127\.0\.0\.1:{port} cannot be listened on .*; choose another --port"),
            bound_sockets("127.0.0.1", port),
        ):
            pass
    with bound_sockets("127.0.0.1", 0) as [first]:
        port = first.getsockname()[1]
        with bound_sockets("127.0.0.1", port) as second:  # both may be bound, until one of them listens
            listen([first])
            with pytest.raises(InputError, match=f"{port} cannot be listened on"):
                listen(second)


def test_all_numbers_of_a_host_have_one_port() -> None:
    with bound_sockets("localhost", 0) as bound:
        assert len({one.getsockname()[1] for one in bound}) == 1


def test_numbers_that_are_not_here_are_left_out_unless_there_is_no_other(monkeypatch) -> None:
    numbers = ["203.0.113.1", "127.0.0.1"]  # the first is nobody's (RFC 5737)
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, 0)) for number in numbers]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with bound_sockets("name", 0) as bound:
        assert [one.getsockname()[0] for one in bound] == ["127.0.0.1"]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found[:1])
    with pytest.raises(InputError, match="cannot be listened on"), bound_sockets("name", 0):
        pass
