"""A room's sockets: what reaches which of them, in which order, in how many writes (how: test_sync_fan_out.py)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from sync_service.delivery.audience import Audience

pytestmark = pytest.mark.usefixtures("loop_of_fan_out")


class Ear:
    """A socket: what reaches it in one piece, and what it was given to write by itself."""

    name = "Anna"
    role = "viewer"
    since_ms = 0
    version = 0

    def __init__(self, room: Audience, member_id: str) -> None:
        self.member_id = member_id
        self.room = room
        self.pending: list[bytes] = []
        # Each write is a message of its own, so that they can be counted.
        self._near, self._far = socket.socketpair(type=socket.SOCK_SEQPACKET)
        self._far.setblocking(False)
        room.add(self)

    def hang_up(self) -> None:
        self.room.remove(self)
        self._near.close()
        self._far.close()

    @property
    def reads(self) -> list[bytes]:
        """Return what has come, by write."""
        writes = []
        with suppress(BlockingIOError):
            while True:
                writes.append(self._far.recv(1_000))
        return writes

    def fileno(self) -> int:
        return self._near.fileno()

    def unsent(self) -> int:
        return 0

    def dismiss(self, code: str) -> None:
        self.room.remove(self)

    def keep(self, frame: bytes) -> None:
        self.pending.append(frame)
        self.room.write_apart(self)

    def write(self, data: bytes) -> None:
        self._near.send(b"".join((data, *self.pending)))
        self.pending.clear()

    def flush(self) -> None:
        self.write(b"")


@pytest.fixture
def room() -> Audience:
    return Audience()


@pytest.fixture
def hear(room: Audience) -> Iterator[Callable[..., Ear]]:
    """Make ears in the room, which are gone when the test is over."""
    ears: list[Ear] = []

    def make(member_id: str, kind: type[Ear] = Ear) -> Ear:
        ears.append(kind(room, member_id))
        return ears[-1]

    yield make
    for ear in ears:
        ear.hang_up()


def test_what_a_turn_brings_is_one_write_for_each_socket(room: Audience, hear: Callable[..., Ear]) -> None:
    ears = [hear("anna"), hear("boris")]
    room.push(b"one ")
    room.push(b"two")

    assert room.flush() == 4
    assert [ear.reads for ear in ears] == [[b"one two"]] * 2
    assert room.flush() == 0


def test_a_frame_of_ones_own_comes_behind_the_events_in_the_same_write(
    room: Audience, hear: Callable[..., Ear]
) -> None:
    anna, boris = hear("anna"), hear("boris")
    room.push(b"event ")
    anna.keep(b"ack")
    room.flush()
    room.push(b"next")
    room.flush()

    assert anna.reads == [b"event ack", b"next"]
    assert boris.reads == [b"event ", b"next"]


@pytest.mark.parametrize("keeps", [False, True])
def test_a_socket_that_is_being_closed_hears_nothing_more_but_its_member_is_still_here(
    room: Audience, hear: Callable[..., Ear], keeps: bool
) -> None:
    anna, boris = hear("anna"), hear("boris")
    if keeps:
        anna.keep(b"ack")
    room.silence(anna)
    room.push(b"event")

    assert room.flush() == 1
    assert (anna.reads, boris.reads) == ([], [b"event"])
    assert "anna" in room.by_member


def test_a_socket_may_be_silenced_by_the_write_that_finds_it_full(room: Audience, hear: Callable[..., Ear]) -> None:
    class Full(Ear):
        def write(self, data: bytes) -> None:
            super().write(data)
            self.room.silence(self)

    full = hear("anna", Full)
    full.keep(b"ack")
    for event in (b"one ", b"two"):
        room.push(event)
        room.flush()

    assert full.reads == [b"one ack"]


def test_a_member_is_gone_with_their_last_socket(room: Audience, hear: Callable[..., Ear]) -> None:
    tabs = [hear("anna"), hear("anna")]

    assert room.remove(tabs[0]) is False
    assert room.remove(tabs[1]) is True
    assert room.remove(tabs[1]) is False
