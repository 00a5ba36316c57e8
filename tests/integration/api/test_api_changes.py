"""An owner changes a room while people are in it."""

import asyncio
from datetime import timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import bindparam, select, text

from api_service.database import Statement
from api_service.usecases import room_access
from shared.events.envelope import Event, decode, encode, new_event
from tests.support.api_fixtures import PATIENCE_S, Answer, RunningSite, Viewer, in_days, utc

DEFAULTS = {
    "locked": False,
    "slow_mode_s": 0,
    "hold": True,
    "hold_max_s": 10,
    "early_start": False,
    "start": "at_once",
    "start_when_ready": 0,
    "wait_ad_s": 0,
    "wait_away_s": 0,
    "wait_until_members": 200,
    "snap_on_pause": True,
    "guests": "nobody",
}


async def a_room(site: RunningSite, **order: Any) -> tuple[Viewer, str, dict[str, Any]]:
    """Return Anna, the path of her room, and the room."""
    anna = site.viewer(await site.cinema.person("Anna"))
    answer = await anna.post("/rooms", json={"film_id": str(await site.cinema.film()), **order})
    assert answer.status == 201, answer.body
    return anna, f"/rooms/{answer.body['code']}", answer.body


async def published(site: RunningSite, kind: str = "room.changed.v1") -> list[dict[str, Any]]:
    """Return the data of the events in the outbox, each checked against the contract."""
    rows = await site.cinema.rows("SELECT type, subject, data FROM outbox WHERE type = :kind ORDER BY id", kind=kind)
    events: list[Event] = [new_event(row.type, row.subject, row.data, source="test") for row in rows]
    return [decode(encode(event)).data for event in events]


async def test_a_room_is_opened_with_the_settings_asked_for(site: RunningSite) -> None:
    _, _, room = await a_room(site, settings={"slow_mode_s": 30, "hold": False})

    assert room["settings"] == {**DEFAULTS, "slow_mode_s": 30, "hold": False}
    (opened,) = await published(site, "room.opened.v1")
    assert opened["room"]["settings"] == {"slow_mode_s": 30, "hold": False}


async def test_a_change_is_shown_kept_and_told_with_what_changed_only(site: RunningSite) -> None:
    anna, path, room = await a_room(site, starts_at=utc(in_days(30)), settings={"slow_mode_s": 30})
    wanted = {"control": "owner", "capacity": 50, "starts_at": None, "settings": {"locked": True, "slow_mode_s": 30}}

    answer = await anna.patch(path, wanted)

    assert answer.status == 200
    settings = {**DEFAULTS, "locked": True, "slow_mode_s": 30}
    expected = {**room, "version": 2, "control": "owner", "starts_at": None, "settings": settings}
    assert answer.body == expected == (await anna.get(path)).body
    (change,) = await published(site)
    assert change["changes"] == {"control": "owner", "starts_at": None, "settings": {"locked": True}}
    assert change["version"] == change["room"]["version"] == 2
    assert change["partition"] == change["room"]["partition"] == await site.cinema.value("SELECT partition FROM rooms")
    assert (change["room"]["control"], change["room"]["starts_at"]) == ("owner", None)
    assert change["room"]["settings"] == {"locked": True, "slow_mode_s": 30}


async def test_a_start_is_told_in_milliseconds(site: RunningSite) -> None:
    anna, path, _ = await a_room(site)

    start = in_days(30)
    in_moscow = start.astimezone(timezone(timedelta(hours=3)))

    answer = await anna.patch(path, {"starts_at": in_moscow.isoformat(), "access": "invited"})

    assert answer.body["starts_at"] == utc(start)
    assert [change["changes"] for change in await published(site)] == [
        {"starts_at": int(start.timestamp()) * 1000, "access": "invited"}
    ]


@pytest.mark.parametrize(
    "same",
    [
        {},
        {"settings": {}},
        {"control": "everyone", "capacity": 50, "access": "link", "starts_at": None},
        {"settings": DEFAULTS},
    ],
)
async def test_what_is_so_already_is_no_change(site: RunningSite, same: dict[str, Any]) -> None:
    anna, path, room = await a_room(site)

    answer = await anna.patch(path, same)

    assert (answer.status, answer.body) == (200, room)
    assert await published(site) == []


async def test_a_repeated_change_is_told_once(site: RunningSite) -> None:
    anna, path, _ = await a_room(site)

    answers = [await anna.patch(path, {"capacity": 3, "settings": {"hold": False}}) for _ in range(3)]

    assert [answer.body["version"] for answer in answers] == [2, 2, 2]
    assert len(await published(site)) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"access": "public"}, "access"),
        ({"control": None}, "control"),
        ({"capacity": 201}, "capacity"),
        ({"capacity": "20"}, "capacity"),
        ({"starts_at": "tomorrow"}, "starts_at"),
        ({"film_id": "17"}, "film_id"),
        ({"owner_id": "0199c0dd-0000-7000-8000-000000000001"}, "owner_id"),
        ({"moderators": ["17"]}, "moderators.0"),
        ({"settings": None}, "settings"),
        ({"settings": {"locked": "yes"}}, "settings.locked"),
        ({"settings": {"slow_mode_s": 301}}, "settings.slow_mode_s"),
        ({"settings": {"slow_mode_s": True}}, "settings.slow_mode_s"),
        ({"settings": {"hold_max_s": 0}}, "settings.hold_max_s"),
        ({"settings": {"hold": None}}, "settings.hold"),
        ({"settings": {"volume": 11}}, "settings.volume"),
    ],
)
async def test_a_wrong_change_names_its_field_and_changes_nothing(
    site: RunningSite, change: dict[str, Any], field: str
) -> None:
    anna, path, room = await a_room(site)

    answer = await anna.patch(path, {"capacity": 3, **change})

    assert (answer.status, answer.fields()) == (422, {field})
    assert (await anna.get(path)).body == room


async def test_only_the_owner_of_an_open_room_changes_it(site: RunningSite) -> None:
    anna, path, _ = await a_room(site)
    boris = site.viewer(await site.cinema.person("Boris"))

    refused = await boris.patch(path, {"capacity": 3})
    unknown = await boris.patch(f"/rooms/{'x' * 22}", {"capacity": 3})
    await anna.delete(path)
    closed = await anna.patch(path, {"capacity": 3})

    assert (refused.status, refused.code) == (403, "not_room_owner")
    assert (unknown.status, unknown.code) == (404, "room_not_found")
    assert (closed.status, closed.code) == (410, "room_closed")
    assert await published(site) == []


def given_up(asked: asyncio.Task[Answer]) -> bool:
    return asked.done() and asked.result().status == 503


async def changed_together(site: RunningSite) -> tuple[Viewer, str, list[int]]:
    """Change two settings at once: neither may read the room before both were asked for."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(PATIENCE_S):
        while True:
            anna, path, _ = await a_room(site)
            async with site.cinema.db.transaction() as locking:
                await locking.run(Statement(text("SELECT FROM rooms FOR UPDATE")))
                wanted = ({"locked": True}, {"hold": False})
                asked = [asyncio.create_task(anna.patch(path, {"settings": one})) for one in wanted]
                while await site.cinema.value(waiting) < len(asked) and not any(map(given_up, asked)):
                    await asyncio.sleep(0.01)
            answers = await asyncio.gather(*asked)
            if not any(map(given_up, asked)):
                return anna, path, sorted(answer.body["version"] for answer in answers)
            # One has waited past its deadline for the other to begin: all anew, in another room.
            await site.cinema.rows("WITH gone AS (DELETE FROM outbox) SELECT 1")


async def test_two_changes_at_the_same_moment_both_stay(site: RunningSite) -> None:
    anna, path, versions = await changed_together(site)

    assert versions == [2, 3]
    room = (await anna.get(path)).body
    assert room["settings"] == {**DEFAULTS, "locked": True, "hold": False}
    assert [change["version"] for change in await published(site)] == [2, 3]


async def test_without_locking_the_room_one_of_two_changes_would_be_lost(
    site: RunningSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_access, "_LOCK", Statement(select(bindparam("room_id"))))

    anna, path, _ = await changed_together(site)

    settings = (await anna.get(path)).body["settings"]
    assert (settings["locked"], settings["hold"]) != (True, False)
