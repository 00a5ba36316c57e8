"""Every message of a client has its route, and those that become commands have their fields."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, cast

import pytest

from sync_service.live.commit import PendingCommand
from sync_service.live.live_room import LiveRoom
from sync_service.protocol.client_messages import CLIENT
from sync_service.protocol.inbound import parse
from sync_service.room.commands import Command
from sync_service.room.decide import RULES
from sync_service.sockets.dispatch import ROUTES, Dispatch
from tests.support.room_contract import messages

EXAMPLES: dict[str, dict[str, Any]] = {
    message["name"]: example["payload"] for message in messages("sent") for example in message["examples"]
}
BECOMES = {type_: schema.becomes for type_, schema in CLIENT.items() if schema.becomes is not None}


class Room:
    """Keeps what is submitted to it."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def submit(self, pending: PendingCommand) -> None:
        self.commands.append(pending.command)


class Anna:
    member_id = "anna"
    room: LiveRoom | None = None
    received_s = 0.0

    def tell(self, message: bytes) -> None:
        """Hear nothing."""


def test_every_message_of_a_client_has_a_route() -> None:
    assert ROUTES.keys() == CLIENT.keys()


@pytest.mark.parametrize(("type_", "kind"), BECOMES.items(), ids=str)
def test_a_message_becomes_its_command_field_by_field(type_: str, kind: type[Command]) -> None:
    room, dispatch = Room(), Dispatch(cast("Any", Anna()), cast("Any", None), cast("Any", None))
    message = EXAMPLES[type_]
    ROUTES[type_].handle(dispatch, cast("Any", room), parse(json.dumps(message)))
    said = {name: value for name, value in message.items() if name != "type"}
    assert room.commands == [kind(by="anna", **said)]
    assert set(said) == {field.name for field in fields(kind)} - {"by"}
    assert RULES[kind].lowest is not None, "no member may give this command"
