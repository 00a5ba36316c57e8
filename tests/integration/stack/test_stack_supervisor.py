"""The supervisor with small programs in place of services."""

import io
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.program import NotStarted, PortTaken, WebProgram
from deploy.local.progress import Progress
from deploy.local.supervisor import StopRequested, Supervisor

SERVER = """
import http.server, os, signal, sys, threading
port, last_words_s = int(sys.argv[1]), float(sys.argv[2])
def end(*_):
    os.write(1, b"asked to end")
    threading.Event().wait(last_words_s)
    os._exit(0)
signal.signal(signal.SIGTERM, end)
http.server.HTTPServer(("127.0.0.1", port), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def server(folder: Path, port: int, *, last_words_s: float = 0) -> WebProgram:
    """A web server that obeys SIGTERM in its time."""
    command = [sys.executable, "-c", SERVER, str(port), str(last_words_s)]
    url = f"http://127.0.0.1:{port}/"
    return WebProgram("server", command, ready_url=url, log=folder / "server.log", cwd=str(folder), timeout_s=30)


@contextmanager
def signal_once(condition: Callable[[], bool]) -> Iterator[threading.Event]:
    """Send the signal when the condition holds, at latest after one and a half minutes; return whether it was sent."""
    over, sent = threading.Event(), threading.Event()

    def watch() -> None:
        deadline = time.monotonic() + 90
        while not condition() and time.monotonic() < deadline:
            if over.wait(0.05):
                return
        sent.set()
        os.kill(os.getpid(), signal.SIGTERM)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield sent
    finally:
        over.set()
        watcher.join()


def test_a_program_that_keeps_dying_is_started_again_after_growing_pauses(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.local.supervisor.SHORT_LIFE_S", 3600)
    said = io.StringIO()
    supervisor = Supervisor(Progress(said))
    program = server(tmp_path, free_port)
    killed = 0

    def has_died_twice() -> bool:
        nonlocal killed
        if killed < 2 and said.getvalue().count(" ready ") == killed + 1 and program.pid is not None:
            os.kill(program.pid, signal.SIGKILL)
            killed += 1
        return "again in 2 s" in said.getvalue()

    with supervisor.listening():
        supervisor.start([program])
        with signal_once(has_died_twice), pytest.raises(StopRequested):
            supervisor.watch()
        supervisor.stop()

    assert said.getvalue().count("server ended by SIGKILL and is started again in 1 s") == 1
    assert said.getvalue().count("server ended by SIGKILL and is started again in 2 s") == 1


def test_a_signal_that_another_thread_takes_ends_the_wait() -> None:
    supervisor = Supervisor(Progress(io.StringIO()))
    noticed, missed = threading.Event(), threading.Event()

    def take_a_signal() -> None:
        time.sleep(0.3)  # the supervisor waits by then
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        if not noticed.wait(30):
            missed.set()
            os.kill(os.getpid(), signal.SIGTERM)

    taker = threading.Thread(target=take_a_signal)

    def watch() -> None:
        taker.start()
        supervisor.watch()

    with supervisor.listening():
        with pytest.raises(StopRequested):
            watch()
        noticed.set()
        taker.join()

    assert not missed.is_set()


def test_stopping_waits_for_last_words_unless_asked_again(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.local.program.STOP_S", 60)
    supervisor = Supervisor(Progress(io.StringIO()))
    program = server(tmp_path, free_port, last_words_s=100)
    with supervisor.listening():
        supervisor.start([program])
        began = time.monotonic()
        with signal_once(lambda: "asked to end" in program.log.read_text()) as asked_again:
            supervisor.stop()

    assert asked_again.is_set()
    assert time.monotonic() - began < 60  # it would be killed then
    assert not program.running()


def test_the_signals_mean_again_what_they_meant_before(tmp_path: Path, free_port: int) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGCHLD)
    with Supervisor(Progress(io.StringIO())).listening():
        assert signal.getsignal(signal.SIGTERM) != before[0]

    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGCHLD)) == before


def test_a_program_on_a_taken_port_is_not_started(tmp_path: Path, free_port: int) -> None:
    with server(tmp_path, free_port), pytest.raises(PortTaken, match=str(free_port)):
        server(tmp_path, free_port).start()


def test_the_port_of_a_process_that_was_killed_is_waited_for(tmp_path: Path, free_port: int) -> None:
    program = server(tmp_path, free_port)
    program.start().kill()
    with socket.create_server(("127.0.0.1", free_port)) as held:
        threading.Timer(0.5, held.close).start()
        program.start()
    program.kill()


def test_a_program_that_ends_at_start_is_shown_with_its_last_words(tmp_path: Path, free_port: int) -> None:
    command = [sys.executable, "-c", "print('no such key'); raise SystemExit(0)"]
    program = WebProgram("short", command, ready_url=f"http://127.0.0.1:{free_port}/", log=tmp_path / "log")

    with pytest.raises(NotStarted, match="short ended at start with code 0\nno such key"):
        program.start()


def test_a_program_that_is_never_ready_is_ended(tmp_path: Path, free_port: int) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    url = f"http://127.0.0.1:{free_port}/"
    program = WebProgram("mute", command, ready_url=url, log=tmp_path / "log", timeout_s=0.5)

    with pytest.raises(NotStarted, match="mute was not ready in"):
        program.start()
    assert not program.running()


def test_a_missing_program_is_named(tmp_path: Path, free_port: int) -> None:
    url = f"http://127.0.0.1:{free_port}/"
    program = WebProgram("ghost", ["no-such-server"], ready_url=url, log=tmp_path / "log")

    with pytest.raises(NotStarted, match="no-such-server is not on this machine"):
        program.start()
