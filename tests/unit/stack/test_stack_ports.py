"""The fixed ports of a local run."""

import socket

import pytest

from deploy.local.ports import SITE, BadPort, require_free


def listen_on_ipv6(port: int) -> socket.socket | None:
    try:
        return socket.create_server(("::1", port), family=socket.AF_INET6)
    except OSError:
        return None


def test_a_port_that_is_taken_on_either_loopback_address_is_taken(free_port: int) -> None:
    """A browser tries both for `localhost`; a machine without IPv6 has only one, and no complaint about the other."""
    require_free([SITE], {"API_PORT": str(free_port)})

    with socket.create_server(("127.0.0.1", free_port)), pytest.raises(BadPort, match=str(free_port)):
        require_free([SITE], {"API_PORT": str(free_port)})
    server = listen_on_ipv6(free_port)
    if server is not None:
        with server, pytest.raises(BadPort, match=str(free_port)):
            require_free([SITE], {"API_PORT": str(free_port)})


def test_the_usual_port_is_used_where_none_is_asked_for() -> None:
    assert SITE.number({}) == 8080
    assert SITE.number({"API_PORT": ""}) == 8080
