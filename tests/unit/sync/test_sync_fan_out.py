"""The fan-out over real connections: what each socket reads, whole and in order, however slowly it reads."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_service.delivery import fan_out as fan_out_module
from sync_service.delivery.fan_out import FanOut

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.usefixtures("loop_of_fan_out")


class Line:
    """Both ends of a connection; what the kernel does not take waits in ``buffer``, as in a transport."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.far.settimeout(10)
        self.pending: list[bytes] = []
        self.buffer = b""
        self.written: list[bytes] = []

    def fileno(self) -> int:
        return self.near.fileno()

    def unsent(self) -> int:
        return len(self.buffer)

    def write(self, data: bytes) -> None:
        self.written.append(data)
        self.buffer += b"".join((data, *self.pending))
        self.pending = []
        self.hand_over()

    def hand_over(self) -> None:
        """Let the kernel take as much of the buffer as it will."""
        try:
            while self.buffer:
                self.buffer = self.buffer[self.near.send(self.buffer) :]
        except BlockingIOError:
            pass
        except OSError:
            self.buffer = b""

    def reads(self, size: int) -> bytes:
        """Read so much, whatever it waits in."""
        got = b""
        while len(got) < size:
            got += self.far.recv(size - len(got))
            self.hand_over()
        return got

    def close(self) -> None:
        self.near.close()
        self.far.close()


@pytest.fixture
def lines() -> Iterator[list[Line]]:
    made = [Line() for _ in range(3)]
    yield made
    for line in made:
        line.close()


@pytest.fixture
def fan_out(lines: list[Line]) -> Iterator[FanOut]:
    made = FanOut()
    for line in lines:
        made.add(line)
    yield made
    for line in lines:
        made.discard(line)


def test_everyone_reads_it_and_no_transport_is_troubled(fan_out: FanOut, lines: list[Line]) -> None:
    fan_out.send(b"an event")

    assert [line.reads(8) for line in lines] == [b"an event"] * 3
    assert [line.written for line in lines] == [[], [], []]


def test_what_the_kernel_does_not_take_comes_whole_and_in_order(fan_out: FanOut, lines: list[Line]) -> None:
    slow, *quick = lines
    events = [bytes([65 + number]) * 100_000 for number in range(20)]
    for event in events:
        fan_out.send(event)
        for line in quick:
            assert line.reads(len(event)) == event
    assert slow.buffer, "the kernel took it all: this shows nothing"

    assert slow.reads(20 * 100_000) == b"".join(events)
    assert [line.written for line in quick] == [[], []]


def test_who_has_read_it_all_is_written_to_directly_again(fan_out: FanOut, lines: list[Line]) -> None:
    slow = lines[0]
    while not slow.buffer:
        fan_out.send(bytes(100_000))
        for line in lines[1:]:
            line.reads(100_000)
    fan_out.send(b"behind")
    assert slow.written[-1] == b"behind"

    slow.far.setblocking(False)
    while slow.buffer:
        slow.far.recv(1_000_000)
        slow.hand_over()
    count = len(slow.written)
    fan_out.send(b"again")

    assert len(slow.written) == count


def test_what_is_written_apart_takes_its_own_frames_along_once(fan_out: FanOut, lines: list[Line]) -> None:
    anna, boris, _ = lines
    anna.pending.append(b" and an answer")
    fan_out.write_apart(anna)
    fan_out.write_apart(anna)
    fan_out.send(b"one")
    fan_out.send(b"two")

    assert anna.reads(20) == b"one and an answertwo"
    assert anna.written == [b"one"]
    assert boris.reads(6) == b"onetwo"


def test_nothing_overtakes_what_a_transport_still_holds(fan_out: FanOut, lines: list[Line]) -> None:
    anna = lines[0]
    anna.buffer = b"of its own, "  # as after a write that the kernel did not take at once
    fan_out.write_apart(anna)
    fan_out.send(b"then the event")

    assert anna.reads(26) == b"of its own, then the event"


def test_nothing_overtakes_what_was_late_once_the_kernel_takes_more(fan_out: FanOut, lines: list[Line]) -> None:
    slow, anna, _ = lines
    sent = 0
    while not slow.buffer:
        fan_out.send(bytes(100_000))
        sent += 100_000
        for line in lines[1:]:
            line.reads(100_000)
    taken = slow.far.recv(1_000_000)  # its transport, which waits for the loop, does not know yet
    anna.pending.append(b", and hers")
    fan_out.write_apart(anna)
    fan_out.send(b"the last")

    assert slow.reads(sent + 8 - len(taken)).endswith(b"\0the last")
    assert anna.reads(18) == b"the last, and hers"


def test_who_is_written_to_apart_hears_once_what_somebody_else_is_late_for(fan_out: FanOut, lines: list[Line]) -> None:
    slow, anna, _ = lines
    anna.pending.append(b"!")
    fan_out.write_apart(anna)
    fan_out.send(bytes(1_000_000))
    assert slow.buffer, "the kernel took it all: this shows nothing"

    assert anna.reads(1_000_001) == bytes(1_000_000) + b"!"
    assert anna.buffer == b""
    assert len(anna.written) == 1


def test_a_lost_connection_keeps_nothing_from_the_others(fan_out: FanOut, lines: list[Line]) -> None:
    lines[1].far.close()
    for _ in range(2):
        fan_out.send(b"event")

    assert [line.reads(10) for line in (lines[0], lines[2])] == [b"eventevent"] * 2
    assert lines[1].written, "its transport is to find out"


def test_a_descriptor_that_the_kernel_gave_to_somebody_else_is_never_written_to(
    fan_out: FanOut, lines: list[Line]
) -> None:
    number = lines[0].near.fileno()
    stranger, far = socket.socketpair()
    with stranger, far:
        lines[0].near.close()  # as uvloop does some callbacks before anyone hears of it
        os.dup2(stranger.fileno(), number)
        fan_out.send(b"for the room alone")
        far.setblocking(False)
        with pytest.raises(BlockingIOError):
            far.recv(100)
        os.close(number)


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("gone", [0, 1, 2])
def test_who_is_discarded_reads_the_end_and_the_others_their_own(
    fan_out: FanOut, lines: list[Line], gone: int, *, apart: bool
) -> None:
    if apart:
        for line in lines:
            line.pending.append(str(lines.index(line)).encode())
            fan_out.write_apart(line)
    fan_out.discard(lines[gone])
    lines[gone].near.close()
    fan_out.discard(lines[gone])
    fan_out.send(b"event")

    assert lines[gone].far.recv(100) == b""
    left = [line for line in lines if line is not lines[gone]]
    assert len(fan_out) == 2
    assert [line.reads(6 if apart else 5) for line in left] == [
        b"event" + (str(lines.index(line)).encode() if apart else b"") for line in left
    ]


def test_who_is_lost_already_is_not_added(fan_out: FanOut) -> None:
    line = Line()
    line.close()
    fan_out.add(line)
    fan_out.write_apart(line)

    assert len(fan_out) == 3


def test_where_descriptors_have_run_out_nobody_is_half_added(fan_out: FanOut) -> None:
    line = Line()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            fan_out.add(line)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    fan_out.send(b"event")

    assert len(fan_out) == 3
    line.close()


def test_the_compiled_loop_is_used_where_there_is_one() -> None:
    assert ("c" if fan_out_module.LIBRARY.exists() else "python") == fan_out_module.PATH


def test_without_the_library_everything_starts_and_one_warning_says_so(tmp_path: Path) -> None:
    for part in ("sync_service", "shared"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    program = """
import sync_service.app
from sync_service.delivery import fan_out
from sync_service import metrics
fan_out.warn_unless_compiled()
(paths,) = [metric for metric in metrics._Counts().collect() if metric.name == "sync_fan_out"]
print([(sample.labels["path"], sample.value) for sample in paths.samples])
"""
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"NO_COLOR": "1"},
    )

    assert said.returncode == 0, said.stderr
    assert said.stdout.count("[warning") == 1
    assert "`make setup` compiles it" in said.stdout
    assert said.stdout.splitlines()[-1] == "[('c', 0), ('python', 1)]"
