"""An order is repeated because its answer was lost: it is answered as then, also where it would be refused now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support.clients import RoomClient
from tests.support.sync_fixtures import Crowd, SyncNode

Nodes = tuple[SyncNode, SyncNode]
Room = dict[str, Any]
Order = Callable[[RoomClient, RoomClient], Awaitable[Any]]

# By whether the owner gives it, or Anna.
REPEATED: dict[str, tuple[bool, Order]] = {
    "a word in slow mode": (False, lambda owner, anna: anna.say("once", id_="same")),
    "sending somebody out": (True, lambda owner, anna: owner.kick(anna.id, id_="same")),
}


@pytest.mark.parametrize(("by_owner", "order"), REPEATED.values(), ids=REPEATED)
async def test_a_repeated_order_is_answered_as_then(
    nodes: Nodes, crowd: Crowd, room: Room, *, by_owner: bool, order: Order
) -> None:
    room["settings"] = {"slow_mode_s": 300}
    owner = await crowd.enter(nodes[0], room, room["owner"], "Owner")
    anna = await crowd.enter(nodes[1], room, name="Anna")
    await owner.reaches(anna.point[1])
    first = await order(owner, anna)
    assert first["type"] == "ack"
    giver = owner if by_owner else anna
    for node in nodes:
        await giver.reconnect(url=node.url())
        giver.received.clear()
        again = await order(owner, anna)
        assert (again["type"], again.get("seq")) == ("ack", first["seq"])
    end = giver.point[1]
    await owner.reaches(end)
    assert [event["type"] for event in owner.events].count("said") <= 1


async def test_what_was_refused_may_be_asked_again_under_the_same_id(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    room["control"] = "owner"
    owner = await crowd.enter(nodes[0], room, room["owner"], "Owner")
    anna = await crowd.enter(nodes[1], room, name="Anna")
    assert (await anna.seek(5_000, id_="same"))["code"] == "forbidden"
    await owner.change_settings(control="everyone")
    await anna.expect("settings_changed")
    anna.received.clear()
    assert (await anna.seek(5_000, id_="same"))["type"] == "ack"
