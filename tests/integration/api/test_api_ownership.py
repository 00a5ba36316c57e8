"""A room as a whole: opened again, handed over, with moderators named beforehand, and shown another film."""

import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api_service.broker.archive import Archive
from api_service.usecases import screenings
from shared.events.envelope import new_event
from tests.integration.api.test_api_joining import VERIFIER
from tests.support.api_fixtures import SITE, RunningSite, Viewer, in_days, utc
from tests.support.journalled import Journal

Room = dict[str, Any]


async def told(site: RunningSite, type_: str) -> list[dict[str, Any]]:
    """Return the events of this type in the outbox, each checked against the contract."""
    rows = await site.cinema.rows("SELECT type, subject, data FROM outbox WHERE type = :type ORDER BY id", type=type_)
    return [new_event(row.type, row.subject, row.data, source="test").data for row in rows]


async def people(site: RunningSite, *names: str) -> list[Viewer]:
    return [site.viewer(await site.cinema.person(name)) for name in names]


async def opened(site: RunningSite, owner: Viewer, *guests: Viewer, **order: Any) -> Room:
    """Return a room of the owner's to which these friends of theirs are invited."""
    await site.cinema.befriend(owner.me, *(guest.me for guest in guests))
    users = [str(guest.me.id) for guest in guests]
    answer = await owner.post(
        "/rooms", json={"film_id": str(await site.cinema.film()), "invite": {"users": users}, **order}
    )
    assert answer.status == 201, answer.body
    return dict(answer.body)


async def role_at_joining(viewer: Viewer, room: Room) -> str:
    answer = await viewer.post(f"/rooms/{room['code']}/join")
    assert answer.status == 200, answer.body
    return str(VERIFIER.verify(answer.body["ticket"], time.time()).user["role"])


# --- opened again ---


async def test_a_closed_room_is_opened_again_and_those_invited_are_told(site: RunningSite) -> None:
    anna, boris = await people(site, "Anna", "Boris")
    room = await opened(site, anna, boris, starts_at=utc(in_days(2)))
    await anna.delete(f"/rooms/{room['code']}")

    for _ in range(2):
        answer = await anna.post(f"/rooms/{room['code']}/reopen")
        assert (answer.status, answer.body["status"], answer.body["closed_at"]) == (200, "open", None)

    (event,) = await told(site, "room.reopened.v1")
    assert (event["version"], event["room"]["id"]) == (3, room["id"])
    assert (event["position_ms"], event["epoch"]) == (None, 0)
    cancelled, again = await told(site, "invitation.changed.v1")
    assert (cancelled["change"], again["change"]) == ("cancelled", "reopened")
    assert again["sequence"] > cancelled["sequence"]
    assert await role_at_joining(boris, room) == "viewer"


async def test_a_room_goes_on_where_it_was_in_an_epoch_of_its_own(site: RunningSite) -> None:
    anna, boris = await people(site, "Anna", "Boris")
    room = await opened(site, anna)
    journal, archive = Journal(UUID(room["id"])), Archive(site.cinema.db)
    stopped = {"status": "paused", "position_ms": 41_000, "rate": 1.0, "at_ms": 1_000}
    for event in (
        journal.event(
            "playback.changed.v1", 4, event="paused", playback=stopped, by=None, at=datetime.now().astimezone()
        ),
        journal.said(3, boris.me, epoch=2),
    ):
        await archive.write(event)
    await anna.delete(f"/rooms/{room['code']}")

    await anna.post(f"/rooms/{room['code']}/reopen")

    (reopened,) = await told(site, "room.reopened.v1")
    assert (reopened["position_ms"], reopened["epoch"]) == (41_000, 2)


async def test_a_room_closed_over_a_day_ago_stays_closed(site: RunningSite) -> None:
    (anna,) = await people(site, "Anna")
    room = await opened(site, anna)
    await anna.delete(f"/rooms/{room['code']}")
    await site.cinema.rows("UPDATE rooms SET closed_at = closed_at - interval '25 hours' RETURNING 1")

    answer = await anna.post(f"/rooms/{room['code']}/reopen")

    assert (answer.status, answer.code) == (410, "room_closed")


async def test_a_repetition_that_comes_late_does_not_open_a_room_anew(site: RunningSite) -> None:
    (anna,) = await people(site, "Anna")
    room = await opened(site, anna)
    path, closed = f"/rooms/{room['code']}", await anna.delete(f"/rooms/{room['code']}")
    assert closed.status == 204
    headers = {"Idempotency-Key": "again", "If-Match": (await anna.get(path)).headers["ETag"]}

    first = await anna.post(f"{path}/reopen", headers=headers)
    repeated = await anna.post(f"{path}/reopen", headers=headers)
    await anna.delete(path)
    late = await anna.post(f"{path}/reopen", headers=headers)

    assert [answer.status for answer in (first, repeated, late)] == [200] * 3
    assert [answer.body["status"] for answer in (first, repeated, late)] == ["open", "open", "closed"]
    assert len(await told(site, "room.reopened.v1")) == 1


async def test_only_the_owner_opens_a_room_again(site: RunningSite) -> None:
    anna, boris = await people(site, "Anna", "Boris")
    room = await opened(site, anna, boris)
    await anna.delete(f"/rooms/{room['code']}")

    assert (await boris.post(f"/rooms/{room['code']}/reopen")).code == "not_room_owner"
    stale = {"If-Match": '"1-0"'}
    assert (await anna.post(f"/rooms/{room['code']}/reopen", headers=stale)).code == "room_changed"
    assert (await anna.get(f"/rooms/{room['code']}")).body["status"] == "closed"


async def test_a_room_that_was_opened_again_is_not_abandoned_at_once(site: RunningSite) -> None:
    (anna,) = await people(site, "Anna")
    room = await opened(site, anna)
    await site.cinema.rows("UPDATE rooms SET created_at = now() - interval '30 hours' RETURNING 1")
    assert await screenings.close_abandoned(site.cinema.db, SITE) == 1

    await anna.post(f"/rooms/{room['code']}/reopen")

    assert await screenings.close_abandoned(site.cinema.db, SITE) == 0
    await site.cinema.rows("UPDATE rooms SET reopened_at = now() - interval '25 hours' RETURNING 1")
    assert await screenings.close_abandoned(site.cinema.db, SITE) == 1


async def test_opening_again_counts_as_opening(site: RunningSite) -> None:
    (anna,) = await people(site, "Anna")
    room = await opened(site, anna)
    await anna.delete(f"/rooms/{room['code']}")
    await site.cinema.rows("UPDATE limit_uses SET used = 10000 WHERE name = 'rooms' RETURNING 1")

    assert (await anna.post(f"/rooms/{room['code']}/reopen")).code == "limit_reached"
    assert (await anna.get(f"/rooms/{room['code']}")).body["status"] == "closed"


# --- handed over ---


@pytest.mark.parametrize("known", ["friend", "invited", "visitor"])
async def test_a_room_goes_to_somebody_who_is_known_to_it(site: RunningSite, known: str) -> None:
    anna, boris = await people(site, "Anna", "Boris")
    room = await opened(site, anna, *([boris] if known == "invited" else []))
    path = f"/rooms/{room['code']}"
    if known == "friend":
        await site.cinema.befriend(anna.me, boris.me)
    elif known == "invited":
        await anna.delete(f"/me/friends/{boris.me.id}")
    else:
        await role_at_joining(boris, room)

    answer = await anna.post(f"{path}/transfer", json={"user_id": str(boris.me.id)})

    assert (answer.status, answer.body["owner"]["name"], answer.body["role"]) == (200, "Boris", "moderator")
    (event,) = await told(site, "room.changed.v1")
    assert event["changes"] == {"owner": str(boris.me.id)}
    assert event["room"]["owner"] == str(boris.me.id)
    assert (await role_at_joining(anna, room), await role_at_joining(boris, room)) == ("moderator", "owner")
    assert (await anna.patch(path, {"capacity": 9})).code == "not_room_owner"
    assert (await boris.patch(path, {"capacity": 9})).status == 200


async def test_whoever_handed_over_a_room_for_invited_people_still_comes_in(site: RunningSite) -> None:
    anna, boris = await people(site, "Anna", "Boris")
    room = await opened(site, anna, boris, access="invited")

    await anna.post(f"/rooms/{room['code']}/transfer", json={"user_id": str(boris.me.id)})

    assert (await anna.get(f"/rooms/{room['code']}")).body["role"] == "moderator"
    assert [one["code"] for one in (await anna.get("/rooms")).body["items"]] == [room["code"]]
    statuses = {one["invitee"]["name"]: one["status"] for one in await invitations(boris, room)}
    assert statuses["Anna"] == "accepted"


async def invitations(owner: Viewer, room: Room) -> list[dict[str, Any]]:
    answer = await owner.get(f"/rooms/{room['code']}/invitations")
    found: list[dict[str, Any]] = answer.body["items"]
    return found


@pytest.mark.parametrize("who", ["a stranger", "nobody", "oneself", "banned", "blocked"])
async def test_a_room_goes_to_nobody_else(site: RunningSite, who: str) -> None:
    anna, boris, vera = await people(site, "Anna", "Boris", "Vera")
    room = await opened(site, anna, boris)
    heir = {"a stranger": vera.me.id, "nobody": uuid4(), "oneself": anna.me.id}.get(who, boris.me.id)
    if who == "banned":
        await anna.put(f"/rooms/{room['code']}/bans/{boris.me.id}")
    elif who == "blocked":
        await site.cinema.rows("UPDATE users SET blocked_at = now() WHERE name = 'Boris' RETURNING 1")

    answer = await anna.post(f"/rooms/{room['code']}/transfer", json={"user_id": str(heir)})

    assert (answer.status, answer.code) == (409, "cannot_transfer")
    assert (await anna.get(f"/rooms/{room['code']}")).body["role"] == "owner"


async def test_only_the_owner_hands_over_and_only_an_open_room(site: RunningSite) -> None:
    anna, boris = await people(site, "Anna", "Boris")
    room = await opened(site, anna, boris)
    path, to_boris = f"/rooms/{room['code']}/transfer", {"user_id": str(boris.me.id)}

    assert (await boris.post(path, json=to_boris)).code == "not_room_owner"
    await anna.delete(f"/rooms/{room['code']}")
    assert (await anna.post(path, json=to_boris)).code == "room_closed"


# --- moderators ---


async def test_moderators_named_later_have_the_role_from_their_first_visit_on(site: RunningSite) -> None:
    anna, boris, vera = await people(site, "Anna", "Boris", "Vera")
    room = await opened(site, anna, boris)
    await site.cinema.befriend(anna.me, vera.me)

    answer = await anna.patch(f"/rooms/{room['code']}", {"moderators": [str(boris.me.id), str(vera.me.id)]})

    named = {one["invitee"]["name"]: one["moderates"] for one in answer.body["invitations"]}
    assert named == {"Boris": True, "Vera": True}
    assert len(await told(site, "invitation.created.v1")) == 2, "who is invited already is not invited again"
    assert (await role_at_joining(boris, room), await role_at_joining(vera, room)) == ("moderator", "moderator")


async def test_whoever_has_been_in_the_room_keeps_the_role_that_they_have_there(site: RunningSite) -> None:
    anna, boris = await people(site, "Anna", "Boris")
    room = await opened(site, anna, boris)
    await role_at_joining(boris, room)

    answer = await anna.patch(f"/rooms/{room['code']}", {"moderators": [str(boris.me.id)]})

    assert (answer.status, answer.body["invitations"][0]["moderates"]) == (200, False)
    assert await role_at_joining(boris, room) == "viewer"


async def test_strangers_are_not_made_moderators(site: RunningSite) -> None:
    anna, vera = await people(site, "Anna", "Vera")
    room = await opened(site, anna)

    answer = await anna.patch(f"/rooms/{room['code']}", {"capacity": 9, "moderators": [str(vera.me.id)]})

    assert (answer.code, answer.fields()) == ("not_friends", {"moderators.0"})
    assert (await anna.get(f"/rooms/{room['code']}")).body["capacity"] == 50, "nothing was changed"


# --- another film ---


async def test_another_film_is_told_to_those_invited_and_to_the_live_room(site: RunningSite) -> None:
    anna, boris = await people(site, "Anna", "Boris")
    before, after = in_days(2), in_days(3)
    room = await opened(site, anna, boris, starts_at=utc(before))
    film_id = str(await site.cinema.film("Upper Pines", title_ru="Верхние сосны", duration_ms=200_000))

    for _ in range(2):
        answer = await anna.patch(f"/rooms/{room['code']}", {"film_id": film_id, "starts_at": utc(after)})
        assert (answer.status, answer.body["film"]["title"]) == (200, "Верхние сосны")

    (live,) = await told(site, "room.changed.v1")
    assert live["changes"]["film"] == {"id": film_id, "title": "Верхние сосны", "duration_ms": 200_000}
    (change,) = await told(site, "invitation.changed.v1")
    assert (change["change"], change["film"]["title"], change["invitee"]["name"]) == (
        "film_changed",
        "Верхние сосны",
        "Boris",
    )
    assert (change["previous_starts_at"], change["starts_at"]) == (utc(before), utc(after))
    assert datetime.fromisoformat(change["ends_at"]) - after == timedelta(seconds=200) + timedelta(minutes=10)


async def test_the_film_of_a_room_in_which_somebody_was_stays(site: RunningSite) -> None:
    anna, boris = await people(site, "Anna", "Boris")
    room = await opened(site, anna, boris)
    await Archive(site.cinema.db).write(Journal(UUID(room["id"])).came(3, boris.me))
    film_id = str(await site.cinema.film("Upper Pines"))

    answer = await anna.patch(f"/rooms/{room['code']}", {"film_id": film_id})

    assert (answer.status, answer.code) == (409, "room_begun")
    same = await anna.patch(f"/rooms/{room['code']}", {"film_id": room["film"]["id"], "capacity": 9})
    assert (same.status, same.body["capacity"]) == (200, 9)


async def test_a_room_goes_on_with_another_film_and_the_same_people(site: RunningSite) -> None:
    anna, boris = await people(site, "Anna", "Boris")
    room = await opened(site, anna, boris)
    await Archive(site.cinema.db).write(Journal(UUID(room["id"])).came(3, boris.me))
    film_id = str(await site.cinema.film("Upper Pines"))

    answer = await anna.post(f"/rooms/{room['code']}/film", {"film_id": film_id, "start": "at_once"})

    assert (answer.status, answer.body["film"]["id"], answer.body["code"]) == (200, film_id, room["code"])
    again = await anna.post(f"/rooms/{room['code']}/film", {"film_id": film_id, "start": "at_once"})
    assert (again.status, again.body["version"]) == (200, answer.body["version"])
    (event,) = await told(site, "room.changed.v1")
    assert event["changes"]["film"]["id"] == film_id
    assert await told(site, "invitation.changed.v1") == [], "whoever is invited comes to what it has come to"
    lobby = await anna.post(f"/rooms/{room['code']}/film", {"film_id": room["film"]["id"]})
    assert lobby.body["settings"]["start"] == "together"


async def test_only_its_owner_chooses_another_film_and_only_one_that_is_shown(site: RunningSite) -> None:
    anna, boris = await people(site, "Anna", "Boris")
    room = await opened(site, anna, boris)
    over = await site.cinema.film("Over", available_until=in_days(-1))
    answers = [
        await boris.post(f"/rooms/{room['code']}/film", {"film_id": room["film"]["id"]}),
        await anna.post(f"/rooms/{room['code']}/film", {"film_id": str(uuid4())}),
        await anna.post(f"/rooms/{room['code']}/film", {"film_id": str(over)}),
    ]
    assert [answer.code for answer in answers] == ["not_room_owner", "film_not_found", "film_unavailable"]


async def test_a_film_that_is_not_there_is_no_choice(site: RunningSite) -> None:
    (anna,) = await people(site, "Anna")
    room = await opened(site, anna)

    assert (await anna.patch(f"/rooms/{room['code']}", {"film_id": str(uuid4())})).code == "film_not_found"
    gone = await site.cinema.film("Gone", available_until=in_days(-1))
    assert (await anna.patch(f"/rooms/{room['code']}", {"film_id": str(gone)})).code == "film_unavailable"
    assert (await anna.get(f"/rooms/{room['code']}")).body["film"]["id"] == room["film"]["id"]
