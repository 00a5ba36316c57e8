"""The fixed ports of a local run, and the free ones of everything else."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import port_for
import pytest

from deploy.local.free_ports import free_port
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


def reserved_elsewhere(port: int, **environ: str) -> bool:
    """Return whether another process gets a port; it has ended when this returns."""
    program = f"from deploy.local.free_ports import reserve; raise SystemExit(0 if reserve({port}) else 7)"
    code = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[3], env=os.environ | environ, check=False
    ).returncode
    assert code in {0, 7}
    return code == 0


def test_a_port_that_nothing_listens_on_yet_is_given_to_no_other_process(free_port: int) -> None:
    assert not reserved_elsewhere(free_port)


def test_a_process_that_has_ended_keeps_no_port(tmp_path: Path) -> None:
    # Locks of its own: any port of the machine's may be another suite's at this moment.
    assert reserved_elsewhere(8080, TMPDIR=str(tmp_path))
    assert list(tmp_path.iterdir())
    assert reserved_elsewhere(8080, TMPDIR=str(tmp_path))


def test_no_port_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {free_port() for _ in range(3)}
    monkeypatch.setattr("deploy.local.free_ports._handed_out", set[int]())
    monkeypatch.setattr(port_for, "available_good_ports", lambda: set(few))

    assert {free_port() for _ in range(3)} == few
