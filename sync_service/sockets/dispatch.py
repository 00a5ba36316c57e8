"""What each message of a member brings about: a command for the room, a signal to the others, or an answer at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol

from sync_service import metrics
from sync_service.live import limits
from sync_service.live.commit import Done, PendingCommand
from sync_service.live.hub import Hub
from sync_service.live.live_room import LiveRoom
from sync_service.protocol import outbound
from sync_service.redis_client.client import OutcomeUnknown, RedisError, StoreAway
from sync_service.room.chat import may_be_heard
from sync_service.room.commands import Command, DeleteMessage, Report
from sync_service.room.events import Refusal
from sync_service.room.film import rtt_bucket_ms
from sync_service.room.playback import position_at
from sync_service.room.state import Message
from sync_service.sockets import wishes
from sync_service.sockets.closing import RETRY_AFTER_MS
from sync_service.sockets.handshake import Handshake, Session
from sync_service.sockets.resume_tokens import RENEW_S
from sync_service.sockets.skew import SkewTeller
from sync_service.sockets.wishes import WISHES

_AWAY: Final = (StoreAway, OutcomeUnknown, RedisError)


class Speaker(Protocol):
    """The connection, as the handling of its messages sees it; ``received_s`` is when the last one came."""

    member_id: str
    room: LiveRoom | None
    received_s: float

    def tell(self, message: bytes) -> None:
        """Send a message to this socket alone, after the events of this turn."""

    def tell_now(self, message: bytes) -> None:
        """Send a message to this socket at once."""


class Handling:
    """One connection's."""

    def __init__(self, socket: Speaker, hub: Hub, entrance: Handshake) -> None:
        self._socket = socket
        self._hub = hub
        self._entrance = entrance
        self._seat: Session | None = None
        self._renew_at_s = 0.0
        self._was_ready = False
        self._skew = SkewTeller()

    def seated(self, seat: Session) -> None:
        """Take note of the seat whose resume token is to be renewed."""
        self._seat = seat
        self._renew_at_s = self._socket.received_s + RENEW_S

    def take(self, room: LiveRoom, message: dict[str, Any]) -> None:
        """Do what a checked message asks; raises BadMessage for what only its handling finds wrong."""
        kind = message["type"]
        wish = WISHES.get(kind)
        if wish is not None:
            self._command(room, wish(message, self._socket.member_id), message["id"])
        elif kind == "ping":
            self._ping(room, message)
        elif kind == "report":
            self._report(room, message)
        elif kind in {"react", "typing"}:
            self._signal(room, kind, message)
        elif kind == "history":
            self._hub.spawn(self._history(room, message))
        elif kind == "say":
            self._say(room, message)
        elif kind == "delete_message":
            self._with_message(room, message, "message_id", partial(self._delete, room, message))
        else:
            self._socket.tell(outbound.error("bad_message", "hello: was said before"))

    def _ping(self, room: LiveRoom, message: dict[str, Any]) -> None:
        if not room.tells_time:
            return  # a moment on the other clock would do the client more harm than a pong that was lost
        t1 = self._entrance.now_ms()
        token = None
        if self._socket.received_s >= self._renew_at_s and self._seat is not None:
            self._renew_at_s = self._socket.received_s + RENEW_S
            self._seat, token = self._entrance.renewed(self._seat)
        rtt_ms = message.get("rtt_ms")
        member = None if rtt_ms is None else room.state.members.get(self._socket.member_id)
        if (
            member is not None
            and rtt_bucket_ms(message["rtt_ms"]) != member.rtt_ms
            and not room.limits.take(self._socket.member_id, limits.COMMANDS, self._socket.received_s)
        ):
            self._command(room, Report(by=self._socket.member_id, rtt_ms=rtt_ms), None)
        # Sent at once, not at the end of the turn: this is what the client's clock is made of.
        self._socket.tell_now(outbound.pong(message["t0"], t1, self._entrance.now_ms(), token))

    def _report(self, room: LiveRoom, message: dict[str, Any]) -> None:
        report = wishes.report(message, self._socket.member_id, was_ready=self._was_ready)
        self._was_ready = self._was_ready or report.ready is True
        self._command(room, report, report.id)
        if "skew_ms" in message:
            metrics.skew_ms.observe(abs(message["skew_ms"]))
            if self._skew.worth_telling(message["skew_ms"], self._socket.received_s):
                self._hub.signal(room, outbound.skew(self._socket.member_id, round(message["skew_ms"])))

    def _signal(self, room: LiveRoom, kind: str, message: dict[str, Any]) -> None:
        now_ms = int(self._entrance.now_ms())
        refusal = may_be_heard(room.state, self._socket.member_id, now_ms)
        if refusal is not None:
            self._answered(None, refusal)
        elif kind == "typing":
            self._hub.signal(room, outbound.typing(self._socket.member_id))
        else:
            position_ms = round(position_at(room.state.playback, now_ms, room.state.duration_ms))
            self._hub.signal(room, outbound.reacted(self._socket.member_id, wishes.emoji(message), position_ms))

    async def _history(self, room: LiveRoom, message: dict[str, Any]) -> None:
        try:
            found = await room.store.history(room.keys, message.get("before", ""), message["limit"])
        except _AWAY:
            self._answered(message["id"], Refusal("try_again", "", RETRY_AFTER_MS))
            return
        if found is None:
            self._answered(message["id"], Refusal("message_not_found", "before: is not in the chat"))
            return
        messages, more = found
        self._socket.tell(outbound.history(message["id"], messages, more=more))

    def _say(self, room: LiveRoom, message: dict[str, Any]) -> None:
        say = wishes.say(message, self._socket.member_id)

        def submit(_found: Message | None = None) -> None:
            self._command(room, say, say.id)

        if say.reply_to is None:
            submit()
        else:
            self._with_message(room, message, "reply_to", submit)

    def _delete(self, room: LiveRoom, message: dict[str, Any], found: Message) -> None:
        self._command(room, DeleteMessage(by=self._socket.member_id, id=message["id"], message=found), message["id"])

    def _with_message(
        self, room: LiveRoom, message: dict[str, Any], field: str, use: Callable[[Message], None]
    ) -> None:
        """Use the chat message that a field names: at once if the copy has it, else when the store has told."""
        known = next((known for known in reversed(room.state.messages) if known.id == message[field]), None)
        if known is not None:
            use(known)
        else:
            self._hub.spawn(self._find(room, message, field, use))

    async def _find(self, room: LiveRoom, message: dict[str, Any], field: str, use: Callable[[Message], None]) -> None:
        try:
            found = await room.store.message(room.keys, message[field])
        except _AWAY:
            self._answered(message["id"], Refusal("try_again", "", RETRY_AFTER_MS))
            return
        if found is None:
            self._answered(message["id"], Refusal("message_not_found", f"{field}: is not in the chat"))
        elif self._socket.room is room:
            use(found)

    def _command(self, room: LiveRoom, command: Command, id_: str | None) -> None:
        room.submit(PendingCommand(command, partial(self._answered, id_)))

    def _answered(self, id_: str | None, outcome: Done | Refusal) -> None:
        if isinstance(outcome, Done):
            if id_ is not None:
                self._socket.tell(outbound.ack(id_, outcome.seq))
            return
        retry_ms = outcome.retry_after_ms
        if retry_ms is None and outcome.code in {"try_again", "outcome_unknown", "archive_full"}:
            retry_ms = RETRY_AFTER_MS
        self._socket.tell(outbound.error(outcome.code, outcome.message or None, id_, retry_ms))
