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


class Line:
    """Both ends of a connection; what the kernel does not take waits in ``held``, as in a transport."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.far.settimeout(10)
        self.pending: list[bytes] = []
        self.held = b""
        self.written: list[bytes] = []

    def fileno(self) -> int:
        return self.near.fileno()

    def unsent(self) -> int:
        return len(self.held)

    def write(self, data: bytes) -> None:
        self.written.append(data)
        self.held += b"".join((data, *self.pending))
        self.pending = []
        self.hand_over()

    def hand_over(self) -> None:
        """Give the kernel what it takes of what is held."""
        try:
            while self.held:
                self.held = self.held[self.near.send(self.held) :]
        except BlockingIOError:
            pass
        except OSError:
            self.held = b""

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
    assert slow.held, "the kernel took it all: this shows nothing"

    assert slow.reads(20 * 100_000) == b"".join(events)
    assert [line.written for line in quick] == [[], []]


def test_who_has_read_it_all_is_written_to_directly_again(fan_out: FanOut, lines: list[Line]) -> None:
    slow = lines[0]
    while not slow.held:
        fan_out.send(bytes(100_000))
        for line in lines[1:]:
            line.reads(100_000)
    fan_out.send(b"behind")
    assert slow.written[-1] == b"behind"

    slow.far.setblocking(False)
    while slow.held:
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
    anna.held = b"of its own, "  # as after a write that the kernel did not take at once
    fan_out.write_apart(anna)
    fan_out.send(b"then the event")

    assert anna.reads(26) == b"of its own, then the event"


def test_nothing_overtakes_what_was_late_once_the_kernel_takes_more(fan_out: FanOut, lines: list[Line]) -> None:
    slow, anna, _ = lines
    sent = 0
    while not slow.held:
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
    assert slow.held, "the kernel took it all: this shows nothing"

    assert anna.reads(1_000_001) == bytes(1_000_000) + b"!"
    assert anna.held == b""
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


def test_a_missing_library_is_named_with_its_remedy(tmp_path: Path) -> None:
    elsewhere = tmp_path / "sync_service" / "delivery" / "fan_out.py"
    elsewhere.parent.mkdir(parents=True)
    shutil.copy(fan_out_module.__file__, elsewhere)
    said = subprocess.run([sys.executable, elsewhere], capture_output=True, text=True, check=False)

    assert said.returncode == 1
    assert f"{tmp_path}/build/fan_out.so cannot be loaded" in said.stderr
    assert "`make setup` compiles it" in said.stderr
