"""A room as a client keeps it: what each message of docs/protocol.md makes of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

Message = dict[str, Any]

# What an event about a member makes of them.
_CHANGES: Mapping[str, Callable[[Message], Message]] = {
    "stepped_aside": lambda event: {
        "aside": {"reason": event["reason"], "since_ms": event["time_ms"], "position_ms": event["position_ms"]}
    },
    "came_back": lambda _: {"aside": None},
    "role_set": lambda event: {"role": event["role"]},
    "muted": lambda event: {"muted_until_ms": event["until_ms"]},
}


class RoomReplica:
    """Starts over with each snapshot, follows the events after it, and fails on a gap.

    ``received`` holds everything, ``events`` and ``log`` (their places) the ordered events since the last snapshot;
    ``room``, ``playback``, ``members`` and ``messages`` are what a client would show. ``point`` and ``resume_token``
    are what it comes back with.
    """

    def __init__(self) -> None:
        self.received: list[Message] = []
        self.events: list[Message] = []
        self.log: list[tuple[int, int, str]] = []
        self.welcome: Message = {}
        self.id = ""
        self.resume_token = ""
        self.point: tuple[int, int, str] = (0, 0, "")
        self.room: Message = {}
        self.playback: Message = {}
        self.members: dict[str, Message] = {}
        self.messages: list[Message] = []

    @property
    def settings(self) -> Message:
        """The room's settings now."""
        settings: Message = self.room["settings"]
        return settings

    @property
    def me(self) -> Message:
        """The member that this client is."""
        return self.members[self.id]

    def position_at(self, server_ms: float) -> float:
        """Return where the film stands, by the formula of docs/protocol.md."""
        playback = self.playback
        position: float = playback["position_ms"]
        if playback["status"] == "playing":
            ahead = server_ms < playback["at_ms"]
            rate = (playback["lead_rate"] or 0) if ahead else playback["rate"]
            position += (server_ms - playback["at_ms"]) * rate
        duration_ms: float = playback["length_ms"] or self.room["film"]["duration_ms"] or math.inf
        return min(max(position, 0), duration_ms)

    def take(self, message: Message) -> None:
        """Take a message of the server's."""
        self.received.append(message)
        kind = message["type"]
        if kind == "welcome":
            self.welcome = message
            self.id = message["you"]["id"]
            self.resume_token = message["resume"]
            if message["mode"] == "snapshot":
                self._replace(message)
        elif kind == "snapshot":
            self._replace(message)
        elif kind == "pong":
            self.resume_token = message.get("resume", self.resume_token)
        elif "seq" in message and "hash" in message:
            self._follow(message)

    def _replace(self, message: Message) -> None:
        self.room = message["room"]
        self.playback = message["state"]["playback"]
        self.members = {member["id"]: member for member in message["members"]}
        self.messages = list(message["messages"])
        self.point = message["epoch"], message["seq"], message["hash"]
        self.events = []
        self.log = []

    def _follow(self, event: Message) -> None:
        epoch, seq, _ = self.point
        assert (event["epoch"], event["seq"]) == (epoch, seq + 1), f"after {self.point} came {event}"
        self.point = event["epoch"], event["seq"], event["hash"]
        self.events.append(event)
        self.log.append(self.point)
        if "playback" in event:
            self.playback = event["playback"]
        match event["type"]:
            case "rebased":
                self._shift_moments(event["shift_ms"])
            case "member_joined" | "member_changed":
                self.members[event["member"]["id"]] = event["member"]
            case "member_left":
                self.members.pop(event["member_id"], None)
            case "film_changed":
                self._lay_film(event["film"])
            case "stepped_aside" | "came_back" | "role_set" | "muted":
                self._change_member(event["member_id"], **_CHANGES[event["type"]](event))
            case "host_changed":
                self.room = {**self.room, "host": event["host"]}
            case "settings_changed":
                self._change_room(event)
            case "said":
                self.messages.append(event["message"])
            case "message_deleted" | "message_edited" | "message_reacted":
                self._change_message(event)

    def _change_room(self, event: Message) -> None:
        names = ("settings", "access", "starts_at", "title", *(["film"] if event["film"] is not None else []))
        self.room = {**self.room, **{name: event[name] for name in names}}
        if event["owner"] is not None:
            self._change_member(self.room["owner"], role="moderator")
            self._change_member(event["owner"], role="owner")
            self.room |= {"owner": event["owner"], "host": None}

    def _lay_film(self, film: Message) -> None:
        self.room = {**self.room, "film": film}
        for member in list(self.members.values()):
            players = {
                node: {**player, "ready": False, "buffering": False, "duration_ms": None}
                for node, player in member["players"].items()
            }
            self._change_member(
                member["id"],
                ready=False,
                buffering=False,
                duration_ms=None,
                players=players,
                aside=member["aside"] if member["aside"] and member["aside"]["reason"] == "away" else None,
            )

    def _shift_moments(self, shift_ms: int) -> None:
        for member in list(self.members.values()):
            muted_until_ms = member["muted_until_ms"]
            self._change_member(
                member["id"],
                joined_ms=member["joined_ms"] + shift_ms,
                muted_until_ms=None if muted_until_ms is None else muted_until_ms + shift_ms,
                holds=[hold_ms + shift_ms for hold_ms in member["holds"]],
                aside=member["aside"] and {**member["aside"], "since_ms": member["aside"]["since_ms"] + shift_ms},
            )

    def _change_member(self, member_id: str, **changes: Any) -> None:
        # What was decided about somebody who is away is kept by the server alone.
        if member_id in self.members:
            self.members[member_id] = {**self.members[member_id], **changes}

    def _change_message(self, event: Message) -> None:
        """Let a message be what an event makes of it; a deleted one changes no more."""

        def changed(message: Message) -> Message:
            return {**message, **_changes(message, event), "revision": message["revision"] + 1}

        self.messages = [
            changed(message) if message["id"] == event["message_id"] and not message["deleted"] else message
            for message in self.messages
        ]


def _changes(message: Message, event: Message) -> Message:
    if event["type"] == "message_deleted":
        return {"text": "", "deleted": True, "reactions": {}}
    if event["type"] == "message_edited":
        return {"text": event["text"], "edited_ms": event["time_ms"]}
    others = [id_ for id_ in message["reactions"].get(event["emoji"], []) if id_ != event["by"]]
    who = [*others, event["by"]] if event["on"] else others
    reactions = {**message["reactions"], event["emoji"]: who}
    return {"reactions": {emoji: ids for emoji, ids in reactions.items() if ids}}
