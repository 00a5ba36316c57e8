"""The fan-out: what reaches which socket, in which order, in how many writes."""

from __future__ import annotations

import pytest

from sync_service import audience
from sync_service.audience import Audience


class Ear:
    """A socket that keeps what is written to it."""

    name = "Anna"
    role = "viewer"
    since_ms = 0

    def __init__(self, room: Audience, member_id: str) -> None:
        self.member_id = member_id
        self.room = room
        self.writes: list[bytes] = []
        self.checks = 0
        self.kept: list[bytes] = []
        room.add(self)

    def transport_write(self, data: bytes, /) -> None:
        self.writes.append(data)

    def dismiss(self, code: str) -> None:
        self.room.remove(self)

    def keep(self, frame: bytes) -> None:
        self.kept.append(frame)
        self.room.keeps_for(self)

    def write(self, data: bytes) -> None:
        self.transport_write(b"".join((data, *self.kept)))
        self.kept.clear()

    def flush(self) -> None:
        self.write(b"")

    def check(self) -> None:
        self.checks += 1


class Lost(Ear):
    """A socket whose transport has just been lost."""

    def transport_write(self, data: bytes, /) -> None:
        raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")


@pytest.fixture
def room() -> Audience:
    return Audience()


def test_what_a_turn_brings_is_one_write_for_each_socket(room: Audience) -> None:
    ears = [Ear(room, "anna"), Ear(room, "boris")]
    room.push(b"one ")
    room.push(b"two")

    assert room.flush() == 4
    assert [ear.writes for ear in ears] == [[b"one two"]] * 2
    assert room.flush() == 0


def test_a_frame_of_ones_own_comes_behind_the_events_in_the_same_write(room: Audience) -> None:
    anna, boris = Ear(room, "anna"), Ear(room, "boris")
    room.push(b"event ")
    anna.keep(b"ack")
    room.flush()
    room.push(b"next")
    room.flush()

    assert anna.writes == [b"event ack", b"next"]
    assert boris.writes == [b"event ", b"next"]


@pytest.mark.parametrize("keeps", [False, True])
def test_a_socket_that_is_being_closed_hears_nothing_more_but_its_member_is_still_here(
    room: Audience, keeps: bool
) -> None:
    anna, boris = Ear(room, "anna"), Ear(room, "boris")
    if keeps:
        anna.keep(b"ack")
    room.silence(anna)
    room.push(b"event")

    assert room.flush() == 1
    assert (anna.writes, boris.writes) == ([], [b"event"])
    assert "anna" in room.by_member


def test_a_socket_may_be_silenced_by_the_write_that_finds_it_full(room: Audience) -> None:
    class Full(Ear):
        def write(self, data: bytes) -> None:
            super().write(data)
            self.room.silence(self)

    full = Full(room, "anna")
    full.keep(b"ack")
    for event in (b"one ", b"two"):
        room.push(event)
        room.flush()

    assert full.writes == [b"one ack"]


def test_a_lost_transport_keeps_nothing_from_the_others(room: Audience) -> None:
    Lost(room, "anna")
    boris = Ear(room, "boris")
    Lost(room, "clara")
    room.push(b"event")
    room.flush()

    assert boris.writes == [b"event"]


def test_who_does_not_read_is_looked_for_once_enough_was_written(room: Audience) -> None:
    anna = Ear(room, "anna")
    frame = bytes(audience.CHECK_EACH_BYTES // 4)
    for _ in range(3):
        room.push(frame)
        room.flush()
    assert anna.checks == 0

    room.push(frame)
    room.flush()
    assert anna.checks == 1


def test_a_member_is_gone_with_their_last_socket(room: Audience) -> None:
    tabs = [Ear(room, "anna"), Ear(room, "anna")]

    assert room.remove(tabs[0]) is False
    assert room.remove(tabs[1]) is True
    assert room.remove(tabs[1]) is False
