"""The commands of sync_service: what is live in Redis, and what waits there for RabbitMQ."""

import json

from sync_service.room.commands import Close, Say
from tests.support.commands import Ended, command
from tests.support.store_desk import Desk, desk

__all__ = ["desk"]

WORDS = "words that are nobody else's business"


async def test_live_rooms_are_listed_and_shown_and_what_waits_is_counted(desk: Desk) -> None:
    async def told(*words: str) -> Ended:
        return await command("sync_service", {"REDIS_URL": desk.url, "PARTITIONS": "64"}, *words)

    empty = await told("rooms", "list", "--occupied")
    await desk.join("anna")
    await desk.step(Say(by="anna", id="1", message_id="m", text=WORDS))

    listed, shown = await told("rooms", "list", "--occupied"), await told("rooms", "show", desk.room_id)
    waiting = await told("journal", "list")
    await desk.step(Close(reason="owner"))
    after, gone = await told("rooms", "list"), await told("rooms", "show", desk.room_id)

    assert (empty.code, desk.room_id in empty.out) == (0, False), "nobody was inside"
    assert desk.room_id in listed.out
    assert "1 live rooms" in listed.out
    assert [member["id"] for member in json.loads(shown.out)["members"]] == ["anna"]
    assert WORDS not in shown.out
    assert "2 entries wait" in waiting.out
    assert desk.room_id not in after.out, "Redis keeps a closed room for an hour"
    assert (gone.code, gone.out) == (1, "")
    assert "is not live" in gone.err
