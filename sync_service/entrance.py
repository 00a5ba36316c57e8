"""Hello: from a ticket or a resume token to a seat in a live room."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any, Final

from uuid_utils import uuid7

from shared.tickets import Verifier
from sync_service import metrics, protocol
from sync_service.commands import Join
from sync_service.errors import Goodbye, refused_hello
from sync_service.frames import text_frame
from sync_service.hub import Hub
from sync_service.live_room import LiveRoom
from sync_service.presence import Presence
from sync_service.protocol import BadMessage, CloseCode
from sync_service.redis_link import StoreAway
from sync_service.resume import InvalidResume, Resume, ResumeTokens
from sync_service.room import Refusal
from sync_service.store import Arrive
from sync_service.welcome import opening_state, welcome

ENTER_DEADLINE_S: Final = 4.0

Point = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a connection has entered; ``point`` (epoch, seq, hash) is where a resuming client stands."""

    room: LiveRoom
    resume: Resume
    point: Point | None


class Entrance:
    """One partition's entrance."""

    def __init__(self, partition: int, hub: Hub, presence: Presence, tickets: Verifier, tokens: ResumeTokens) -> None:
        self._partition = partition
        self._hub = hub
        self._presence = presence
        self._tickets = tickets
        self._tokens = tokens

    async def enter(self, hello: dict[str, Any]) -> Seat:
        """Let somebody in; raises what errors.goodbye_of translates."""
        if hello["type"] != "hello":
            raise BadMessage("hello_expected", protocol.ERRORS["hello_expected"])
        if hello["protocol"] != protocol.VERSION:
            raise Goodbye(CloseCode.BAD_MESSAGE, "unsupported_protocol")
        if ("ticket" in hello) == ("resume" in hello):
            raise BadMessage("bad_message", "hello: needs either a ticket or a resume token")
        try:
            async with asyncio.timeout(ENTER_DEADLINE_S):
                return await (self._by_ticket(hello["ticket"]) if "ticket" in hello else self._by_resume(hello))
        except TimeoutError:
            raise StoreAway("the store did not answer in time") from None

    async def _by_ticket(self, token: str) -> Seat:
        ticket = self._tickets.verify(token)
        claim, user = ticket.room, ticket.user
        if claim["partition"] != self._partition:
            raise Goodbye(CloseCode.UNAUTHORIZED, "ticket_invalid", "the ticket is for another address")
        restore, now_ms = ticket.restore, int(self._hub.clock.now_ms())
        if restore is None:
            state = opening_state(claim, 0, now_ms, started=False)
            room = await self._hub.enter(self._partition, claim["id"], state)
        else:
            state = opening_state(claim, restore["position_ms"], now_ms, started=True)
            room = await self._hub.enter(self._partition, claim["id"], state, (restore["epoch"], restore["seq"]))
        if room is None:
            raise StoreAway("the room could not be opened")
        resume = Resume(room.id, self._partition, user["id"], user["name"], user["role"], uuid7().hex, 1)
        return await self._seat(room, resume, ticket.jti, None)

    async def _by_resume(self, hello: dict[str, Any]) -> Seat:
        resume = self._tokens.read(hello["resume"])
        if resume.partition != self._partition:
            raise InvalidResume("the resume token is for another address")
        room = await self._hub.enter(self._partition, resume.room)
        if room is None:
            raise InvalidResume("the room is not live any more")
        point = (hello.get("epoch", 0), hello.get("seq", 0), hello.get("hash", ""))
        return await self._seat(room, replace(resume, generation=resume.generation + 1), None, point)

    async def _seat(self, room: LiveRoom, resume: Resume, jti: str | None, point: Point | None) -> Seat:
        member = resume.member
        self._presence.hold(room, member)
        try:
            join = Join(by=member, name=resume.name, role=resume.role, visit_id=str(uuid7()))
            outcome = await room.ask(join, Arrive(member, jti))
            if not isinstance(outcome, Refusal):
                if point is not None and room.copy.may_remember(*point[:2]):
                    room.copy.remember(await room.store.log(room.keys))
                return Seat(room, resume, point)
        except BaseException:
            self._presence.lost(room, member)
            raise
        self._presence.lost(room, member)
        raise refused_hello(outcome)

    def welcome(self, seat: Seat) -> bytes:
        """Give the frames that a connection begins with: welcome, and for one who resumes what they have missed."""
        room, resume, point = seat.room, seat.resume, seat.point
        if room.state.closed is not None:
            raise Goodbye(CloseCode.ROOM_CLOSED, "room_closed")
        suffix = None if point is None else room.copy.suffix_after(*point)
        if suffix is None:
            point, suffix = None, []
        metrics.hellos["snapshot" if point is None else "resumed"] += 1
        member = room.state.members.get(resume.member)
        role = resume.role if member is None else member.role
        you = {"id": resume.member, "name": resume.name, "role": role, "session": resume.session}
        message = welcome(room, self._hub.clock.now_ms(), you, self._tokens.sign(resume), point)
        return b"".join((text_frame(message), *suffix))

    def renewed(self, seat: Seat) -> str:
        """Give a fresh resume token for a connection that goes on."""
        return self._tokens.sign(seat.resume)
