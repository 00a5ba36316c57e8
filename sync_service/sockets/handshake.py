"""The handshake: from ``hello`` with a ticket or a resume token to a session in a live room."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any, Final

from uuid_utils import uuid7

from shared.tickets import Verifier
from sync_service import metrics
from sync_service.delivery.frames import text_frame
from sync_service.live.hub import Hub
from sync_service.live.live_room import LiveRoom
from sync_service.live.presence import Presence
from sync_service.live.welcome import welcome
from sync_service.protocol import messages
from sync_service.protocol.codes import CloseCode
from sync_service.protocol.inbound import BadMessage
from sync_service.protocol.lookalikes import look_of
from sync_service.redis_client.client import StoreAway
from sync_service.room.commands import Join
from sync_service.room.events import Refusal
from sync_service.room.opening import opening_state
from sync_service.sockets.closing import Goodbye, refused_join
from sync_service.sockets.resume_tokens import InvalidResume, Resume, ResumeTokens
from sync_service.store.step import Arrive

ENTER_DEADLINE_S: Final = 4.0

Point = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Session:
    """A connection's place in a live room.

    ``resume`` is in its next resume token, ``point`` (epoch, seq, hash) the last event of a client that resumes,
    ``protocol`` the version agreed on, ``token`` (session, generation) the resume token by which it came. A
    ``second_screen`` has no player.
    """

    room: LiveRoom
    resume: Resume
    point: Point | None
    protocol: int
    token: tuple[str, int] | None = None
    second_screen: bool = False


class Handshake:
    """The handshakes of one partition's sockets."""

    def __init__(self, partition: int, hub: Hub, presence: Presence, tickets: Verifier, tokens: ResumeTokens) -> None:
        self._partition = partition
        self._clock = hub.partitions[partition]
        self._hub = hub
        self._presence = presence
        self._tickets = tickets
        self._tokens = tokens

    def now_ms(self) -> float:
        """Return the time by the partition's clock, in ms."""
        return self._clock.now_ms()

    async def enter(self, hello: dict[str, Any]) -> Session:
        """Return the session that a checked first message asks for; raises what closing.goodbye_of translates."""
        if hello["type"] != "hello":
            raise BadMessage("hello_expected")
        common = [version for version in messages.VERSIONS if version in hello["protocol"]]
        if not common:
            raise Goodbye(CloseCode.BAD_MESSAGE, "unsupported_protocol")
        try:
            async with asyncio.timeout(ENTER_DEADLINE_S):
                by_ticket = "ticket" in hello
                session = await (self._by_ticket(hello, common[0]) if by_ticket else self._by_resume(hello, common[0]))
                return replace(session, second_screen=hello.get("second_screen", False))
        except TimeoutError:
            raise StoreAway("the store did not answer in time") from None

    async def _by_ticket(self, hello: dict[str, Any], version: int) -> Session:
        now_ms = int(self._synchronized_ms())
        ticket = self._tickets.verify(hello["ticket"], now_ms / 1000)
        claim, user = ticket.room, ticket.user
        if claim["partition"] != self._partition:
            raise Goodbye(CloseCode.UNAUTHORIZED, "ticket_invalid", "the ticket is for another address")
        restore = ticket.restore
        if restore is None:
            state = opening_state(claim, now_ms)
            room = await self._hub.enter(self._partition, claim["id"], state)
        else:
            state = opening_state(claim, now_ms, restore["position_ms"], restore.get("length_ms"))
            room = await self._hub.enter(self._partition, claim["id"], state, (restore["epoch"], restore["seq"]))
        if room is None:
            raise StoreAway("the room could not be opened")
        # A node whose clock is slightly behind that of the restoring node must not refuse the room's first members.
        since_ms = max(now_ms, room.state.rights.since_ms)
        resume = Resume(
            room.id,
            self._partition,
            user["id"],
            user["name"],
            user["role"],
            uuid7().hex,
            1,
            since_ms,
            version=claim["version"],
            sid=ticket.sid,
            guest=user.get("guest", False),
        )
        arrive = Arrive(user["id"], ticket.jti, sid=ticket.sid)
        return await self._join(Session(room, resume, None, version), arrive, ticket.issued_ms)

    async def _by_resume(self, hello: dict[str, Any], version: int) -> Session:
        resume = self._tokens.read(hello["resume"], self._synchronized_ms() / 1000)
        if resume.partition != self._partition:
            raise InvalidResume("the resume token is for another address")
        room = await self._hub.enter(self._partition, resume.room)
        if room is None:
            raise InvalidResume("the room is not live any more")
        point = (hello.get("epoch", 0), hello.get("seq", 0), hello.get("hash", ""))
        token = resume.session, resume.generation
        # Again only once the connection that it let in is gone: then its client may not have got the next token.
        if token in room.tokens_in_use:
            raise InvalidResume("the resume token is in use")
        room.tokens_in_use.add(token)
        try:
            arrive = Arrive(resume.member, token=token, sid=resume.sid)
            return await self._join(Session(room, _next(resume), point, version, token), arrive)
        except BaseException:
            room.tokens_in_use.discard(token)
            raise

    def _synchronized_ms(self) -> float:
        """Return the time; raises StoreAway before the store's clock is known, for the node's own may be wrong."""
        if not self._clock.shard.clock.synchronized:
            raise StoreAway("the store's clock is not known yet")
        return self._clock.now_ms()

    async def _join(self, session: Session, arrive: Arrive, issued_ms: int | None = None) -> Session:
        room, resume, point = session.room, session.resume, session.point
        member = resume.member
        self._presence.arrive(room, member)
        try:
            join = Join(
                by=member,
                name=resume.name,
                role=resume.role,
                visit_id=str(uuid7()),
                since_ms=resume.since_ms,
                version=resume.version,
                issued_ms=issued_ms,
                look=look_of(resume.name),
                guest=resume.guest,
            )
            outcome = await room.ask(join, arrive)
            if not isinstance(outcome, Refusal):
                if point is not None and room.replica.may_remember(*point[:2]):
                    await room.remember()
                return session
        except BaseException:
            self._presence.lost(room, member)
            raise
        self._presence.lost(room, member)
        raise refused_join(outcome)

    def welcome(self, session: Session) -> bytes:
        """Return a connection's first frames: ``welcome``, and the missed events of one that resumes."""
        room, resume, point = session.room, session.resume, session.point
        if room.state.closed is not None:
            raise Goodbye(CloseCode.ROOM_CLOSED, "room_closed")
        suffix = None if point is None else room.replica.suffix_after(*point)
        if suffix is None:
            point, suffix = None, []
        metrics.hellos["snapshot" if point is None else "resumed"] += 1
        member = room.state.members.get(resume.member)
        role = resume.role if member is None else member.role
        you = {"id": resume.member, "name": resume.name, "role": role, "session": resume.session}
        now_ms = self.now_ms()
        message = welcome(room, now_ms, you, self._tokens.sign(resume, now_ms / 1000), session.protocol, point)
        return b"".join((text_frame(message), *suffix))

    def renewed(self, session: Session) -> tuple[Session, str]:
        """Return the session with its next resume token, and that token, signed."""
        session = replace(session, resume=_next(session.resume))
        return session, self._tokens.sign(session.resume, self.now_ms() / 1000)


def _next(resume: Resume) -> Resume:
    return replace(resume, generation=resume.generation + 1)
