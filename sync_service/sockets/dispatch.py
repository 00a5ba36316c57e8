"""What each message of a member brings about, and how often it may come: one table, ROUTES.

A message becomes a command for the room, a signal to the others, or is answered at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Protocol

from uuid_utils import uuid7

from shared.texts import cleaned, is_too_long, shows
from sync_service import metrics
from sync_service.live import limits
from sync_service.live.commit import Done, PendingCommand
from sync_service.live.hub import Hub
from sync_service.live.limits import Rate
from sync_service.live.live_room import LiveRoom
from sync_service.live.players import Facts
from sync_service.protocol import outbound
from sync_service.protocol.client_messages import CLIENT
from sync_service.protocol.emoji import is_emoji
from sync_service.protocol.inbound import BadMessage
from sync_service.redis_client.client import StoreError
from sync_service.room.chat import may_speak
from sync_service.room.commands import ChangeSettings, Command, DeleteMessage, EditMessage, ReactToMessage, Say
from sync_service.room.events import Refusal
from sync_service.room.playback import position_at
from sync_service.room.state import Message
from sync_service.room.value import value
from sync_service.sockets.closing import RETRY_AFTER_MS
from sync_service.sockets.handshake import Handshake, Session
from sync_service.sockets.resume_tokens import RENEW_S


class Speaker(Protocol):
    """The connection, as the dispatch of its messages sees it; ``received_s`` is when the last one came."""

    member_id: str
    room: LiveRoom | None
    received_s: float

    def tell(self, message: bytes) -> None:
        """Send a message to this socket alone, after the events of this turn."""

    def tell_now(self, message: bytes) -> None:
        """Send a message to this socket at once."""

    def leave(self) -> None:
        """Take the member out of the room for good and end the connection."""


class Dispatch:
    """One connection's handlers of its member's messages, as ROUTES names them.

    They raise BadMessage for what only the handling of a message finds wrong.
    """

    def __init__(self, socket: Speaker, hub: Hub, handshake: Handshake) -> None:
        self._socket = socket
        self._hub = hub
        self._handshake = handshake
        self._session: Session | None = None
        self._renew_at_s = 0.0
        self._facts = Facts(socket.tell)

    def opened(self, session: Session) -> None:
        """Begin a session: its resume token is renewed, and what its player says counts for the room."""
        self._session = session
        self._facts.second_screen = session.second_screen
        session.room.players.add(self._socket.member_id, self._facts)
        self._renew_at_s = self._socket.received_s + RENEW_S

    def closed(self, room: LiveRoom, *, leaving: bool) -> None:
        """End what the connection has said of its player; ``leaving`` where its member leaves with it."""
        if self._session is not None and self._session.token is not None:
            room.tokens_in_use.discard(self._session.token)
        skew_ms = room.players.remove(self._socket.member_id, self._facts, leaving=leaving)
        if skew_ms is not None:
            self._hub.signal(room, outbound.skew(self._socket.member_id, round(skew_ms)))

    # --- answered at once ---

    def hello(self, _room: LiveRoom, _message: dict[str, Any]) -> None:
        raise BadMessage("bad_message", "hello: was said before")

    def ping(self, room: LiveRoom, message: dict[str, Any]) -> None:
        if not room.tells_time:
            return  # a moment on the other clock would do the client more harm than a pong that was lost
        t1 = self._handshake.now_ms()
        token = None
        if self._socket.received_s >= self._renew_at_s and self._session is not None:
            self._renew_at_s = self._socket.received_s + RENEW_S
            self._session, token = self._handshake.renewed(self._session)
        if "rtt_ms" in message and self._facts.measured(message["rtt_ms"]):
            room.players.changed(self._socket.member_id)
        if "skew_ms" in message:
            self._skewed(room, message["skew_ms"])
        # Sent at once, not at the end of the turn: this is what the client's clock is made of.
        self._socket.tell_now(outbound.pong(message["t0"], t1, self._handshake.now_ms(), token))

    def history(self, room: LiveRoom, message: dict[str, Any]) -> None:
        self._hub.spawn(self._history(room, message))

    async def _history(self, room: LiveRoom, message: dict[str, Any]) -> None:
        try:
            found = await room.store.history(room.keys, message.get("before", ""), message["limit"])
        except StoreError:
            self._answer(message["id"], Refusal("try_again"))
            return
        if found is None:
            self._answer(message["id"], Refusal("message_not_found", "before: is not in the chat"))
            return
        messages, more = found
        self._socket.tell(outbound.history(message["id"], messages, more=more))

    def leave(self, _room: LiveRoom, _message: dict[str, Any]) -> None:
        self._socket.leave()

    # --- signals to the others ---

    def react(self, room: LiveRoom, message: dict[str, Any]) -> None:
        now_ms = int(self._handshake.now_ms())
        refusal = may_speak(room.state, self._socket.member_id, now_ms)
        if refusal is not None:
            self._answer(None, refusal)
            return
        if not is_emoji(message["emoji"]):
            raise BadMessage("bad_message", "emoji: must be one emoji")
        position_ms = round(position_at(room.state.playback, now_ms, room.state.duration_ms))
        self._hub.signal(room, outbound.reacted(self._socket.member_id, message["emoji"], position_ms))
        self._hub.reactions.add(room, position_ms, now_ms)

    def typing(self, room: LiveRoom, _message: dict[str, Any]) -> None:
        refusal = may_speak(room.state, self._socket.member_id, int(self._handshake.now_ms()))
        if refusal is not None:
            self._answer(None, refusal)
        else:
            self._hub.signal(room, outbound.typing(self._socket.member_id))

    # --- commands ---

    def report(self, room: LiveRoom, message: dict[str, Any]) -> None:
        facts, member, id_ = self._facts, self._socket.member_id, message.get("id")
        if "skew_ms" in message:
            self._skewed(room, message["skew_ms"])
            if message.keys() <= _SKEW_ALONE:  # nothing that the room has to be told
                self._answer(id_, Done(room.replica.seq))
                return
        facts.report(*(message.get(name) for name in ("ready", "buffering", "waits", "duration_ms", "visible")))
        room.players.changed(member, id_, None if id_ is None else partial(self._answer, id_))

    def _skewed(self, room: LiveRoom, own_ms: float) -> None:
        metrics.skew_ms.observe(abs(own_ms))
        self._facts.skew_ms = own_ms
        skew_ms = room.players.skew_due(self._socket.member_id, self._socket.received_s)
        if skew_ms is not None:
            self._hub.signal(room, outbound.skew(self._socket.member_id, round(skew_ms)))

    def change_settings(self, room: LiveRoom, message: dict[str, Any]) -> None:
        changes = {name: wanted for name, wanted in message.items() if name not in {"type", "id"}}
        if not changes:
            raise BadMessage("bad_message", "change_settings: name at least one setting", message["id"])
        self.submit(room, ChangeSettings(by=self._socket.member_id, id=message["id"], changes=changes))

    def say(self, room: LiveRoom, message: dict[str, Any]) -> None:
        text = _text_of(message)
        reply_to = message.get("reply_to")
        say = Say(by=self._socket.member_id, id=message["id"], message_id=str(uuid7()), text=text, reply_to=reply_to)
        if reply_to is None:
            self.submit(room, say)
        else:
            self._with_message(room, message, "reply_to", lambda _found: self.submit(room, say))

    def delete_message(self, room: LiveRoom, message: dict[str, Any]) -> None:
        def submit(found: Message) -> None:
            self.submit(room, DeleteMessage(by=self._socket.member_id, id=message["id"], message=found))

        self._with_message(room, message, "message_id", submit)

    def edit_message(self, room: LiveRoom, message: dict[str, Any]) -> None:
        text = _text_of(message)

        def submit(found: Message) -> None:
            self.submit(room, EditMessage(by=self._socket.member_id, id=message["id"], message=found, text=text))

        self._with_message(room, message, "message_id", submit)

    def react_to_message(self, room: LiveRoom, message: dict[str, Any]) -> None:
        emoji, on = message["emoji"], message["on"]
        if not is_emoji(emoji):
            raise BadMessage("bad_message", "emoji: must be one emoji", message["id"])

        def submit(found: Message) -> None:
            by = self._socket.member_id
            self.submit(room, ReactToMessage(by=by, id=message["id"], message=found, emoji=emoji, on=on))

        self._with_message(room, message, "message_id", submit)

    def command(self, kind: type[Command], room: LiveRoom, message: dict[str, Any]) -> None:
        """Submit the command that a message becomes by the names of its fields; the message is used up."""
        del message["type"]
        self.submit(room, kind(by=self._socket.member_id, **message))

    def submit(self, room: LiveRoom, command: Command) -> None:
        """Have the room decide and commit a command; this connection receives its outcome."""
        room.submit(PendingCommand(command, partial(self._answer, command.id)))

    def _with_message(
        self, room: LiveRoom, message: dict[str, Any], field: str, use: Callable[[Message], None]
    ) -> None:
        """Use the chat message that a field names: at once if the replica has it, else when the store has answered."""
        known = next((known for known in reversed(room.state.messages) if known.id == message[field]), None)
        if known is not None:
            use(known)
        else:
            self._hub.spawn(self._find(room, message, field, use))

    async def _find(self, room: LiveRoom, message: dict[str, Any], field: str, use: Callable[[Message], None]) -> None:
        try:
            found = await room.store.message(room.keys, message[field])
        except StoreError:
            self._answer(message["id"], Refusal("try_again"))
            return
        if found is None:
            self._answer(message["id"], Refusal("message_not_found", f"{field}: is not in the chat"))
        elif self._socket.room is room:
            use(found)

    def _answer(self, id_: str | None, outcome: Done | Refusal) -> None:
        if isinstance(outcome, Done):
            if id_ is not None:
                self._socket.tell(outbound.ack(id_, outcome.seq))
            return
        retry_ms = outcome.retry_after_ms
        if retry_ms is None and outcome.code in {"try_again", "outcome_unknown", "archive_full"}:
            retry_ms = RETRY_AFTER_MS
        self._socket.tell(outbound.error(outcome.code, outcome.message or None, id_, retry_ms))


def _text_of(message: dict[str, Any]) -> str:
    text = cleaned(message["text"])
    if not shows(text):
        raise BadMessage("text_empty", id_=message["id"])
    if is_too_long(text):
        raise BadMessage("text_too_long", id_=message["id"])
    return text


_SKEW_ALONE: Final = frozenset({"type", "id", "skew_ms", "position_ms"})


@value(frozen=True, slots=True)
class Route:
    """How a message is handled, and the rate of its kind; the connection's own limit of frames comes on top.

    ``answers_limit`` says whether a message that came too soon is answered at all.
    """

    handle: Callable[[Dispatch, LiveRoom, dict[str, Any]], None]
    rate: Rate = limits.COMMANDS
    answers_limit: bool = True


def _becomes(kind: type[Command]) -> Route:
    return Route(lambda dispatch, room, message: dispatch.command(kind, room, message))


ROUTES: Final[Mapping[str, Route]] = {
    **{type_: _becomes(schema.becomes) for type_, schema in CLIENT.items() if schema.becomes is not None},
    "hello": Route(Dispatch.hello),
    "ping": Route(Dispatch.ping, limits.PINGS),
    "report": Route(Dispatch.report),
    "say": Route(Dispatch.say, limits.CHAT),
    "react": Route(Dispatch.react, limits.SIGNALS),
    "typing": Route(Dispatch.typing, limits.SIGNALS, answers_limit=False),  # it only said something about now
    "delete_message": Route(Dispatch.delete_message),
    "edit_message": Route(Dispatch.edit_message, limits.CHAT),
    "react_to_message": Route(Dispatch.react_to_message, limits.SIGNALS),
    "change_settings": Route(Dispatch.change_settings),
    "history": Route(Dispatch.history),
    "leave": Route(Dispatch.leave),
}
