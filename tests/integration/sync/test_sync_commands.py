"""The commands of sync_service: live rooms as Redis has them, on either kind of Redis."""

import json
from typing import Any

import pytest

from sync_service.store.redis_keys import RoomKeys, room_of
from tests.support.commands import Ended, command
from tests.support.sync_fixtures import NEVER_MS, Cinema, Crowd, SyncNode


@pytest.fixture
def environment(nodes: tuple[SyncNode, SyncNode], module_redis_url: str) -> dict[str, str]:
    # No more than what the commands need.
    return {"REDIS_URL": module_redis_url}


async def rooms(environment: dict[str, str], *words: str) -> Ended:
    return await command("sync_service", environment, "rooms", *words)


async def test_live_rooms_are_listed_and_shown_with_who_is_inside(
    cinema: Cinema, crowd: Crowd, node: SyncNode, environment: dict[str, str]
) -> None:
    room, other = (cinema.room(partition=number, starts_at=NEVER_MS) for number in (5, 40))
    anna = await crowd.enter(node, room, room["owner"], "Anna")
    boris = await crowd.enter(node, other, other["owner"], "Boris")
    await anna.seek(61_000)
    await boris.leave()

    listed = await rooms(environment, "list")
    occupied = await rooms(environment, "list", "--occupied")
    shown: dict[str, Any] = json.loads((await rooms(environment, "show", room["code"])).out)
    by_id = json.loads((await rooms(environment, "show", other["id"])).out)

    (line,) = [line.split() for line in listed.out.splitlines() if room["id"] in line]
    assert line == [room["code"], room["id"], "5", "1", "paused", "0:01:01", "Фильм"]
    assert other["id"] in listed.out
    assert room["id"] in occupied.out
    assert other["id"] not in occupied.out
    assert [member["name"] for member in shown["members"]] == ["Anna"]
    assert shown["position_ms"] == 61_000
    assert (by_id["partition"], by_id["members"]) == (40, [])


async def test_a_room_that_is_not_live_is_told(environment: dict[str, str]) -> None:
    unknown = await rooms(environment, "show", "no-such-room")

    assert (unknown.code, unknown.out) == (1, "")
    assert "no-such-room is not live" in unknown.err


async def test_what_waits_in_the_journal_is_counted(environment: dict[str, str]) -> None:
    counted = await command("sync_service", environment, "journal", "list")

    assert counted.code == 0, counted.err
    assert "entries wait" in counted.out


async def test_a_redis_that_is_away_and_settings_that_are_missing_are_told(free_port: int) -> None:
    away = await rooms({"REDIS_URL": f"redis://:secret@127.0.0.1:{free_port}/0"}, "list")
    untold = await rooms({}, "list")

    assert away.code == 1
    assert "REDIS_URL" in away.err
    assert "secret" not in away.err
    assert untold.code == 78


def test_a_rooms_first_key_alone_names_it() -> None:
    keys = RoomKeys.of(17, "0199c0de")

    assert room_of(keys.room) == (17, "0199c0de")
    assert [room_of(key) for key in (keys.members, keys.log, keys.closed, b"{p17}:journal")] == [None] * 4
