"""A container is healthy only while its process says so."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy/docker/healthcheck.py"


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        well = self.path == "/well"
        self.send_response(200 if well else 503)
        self.end_headers()
        self.wfile.write(b"fine" if well else b"redis is away")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answer) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def check(address: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT], env={"HEALTH_URL": address}, capture_output=True, text=True, check=False
    )


def test_a_process_that_is_well_passes(server: str) -> None:
    assert check(f"{server}/well").returncode == 0


def test_a_process_that_is_not_ready_fails_with_its_reason(server: str) -> None:
    done = check(f"{server}/unwell")
    assert done.returncode == 1
    assert "503 redis is away" in done.stderr


def test_a_process_that_does_not_listen_fails(free_port: int) -> None:
    done = check(f"http://127.0.0.1:{free_port}/well")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_only_http_is_asked() -> None:
    assert "not an http address" in check("file:///etc/passwd").stderr
