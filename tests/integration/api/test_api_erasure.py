"""Erasing a person: afterwards no table of the database knows who they were, and rooms go on without them."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from api_service.broker.archive import Archive
from api_service.database import Database
from api_service.usecases import erasing, muting
from api_service.usecases.people import DELETED_ID, User
from shared.events.envelope import InvalidEvent
from shared.events.invitations import INVITATION_CHANGED, INVITATION_CREATED
from shared.events.rooms import MEMBER_ERASED, ROOM_CLOSED, SESSION_ENDED
from tests.support.api_fixtures import ISSUER, SITE, Cinema, RunningSite, in_days, utc
from tests.support.journalled import Journal
from tests.support.traces import places_of

NAME, EMAIL, SUBJECT = "Зоя Соловей", "Zoya.Nightingale@example.com", "subject-of-zoya-4711"


async def zoya_of(cinema: Cinema) -> User:
    zoya = await cinema.person("Zoya", email=EMAIL)
    await cinema.rows(
        "UPDATE users SET subject = :subject, name = :name WHERE id = :id RETURNING id",
        subject=SUBJECT,
        name=NAME,
        id=zoya.id,
    )
    return User(zoya.id, NAME, EMAIL, "ru")


async def outbox(cinema: Cinema, type_: str) -> list[dict[str, Any]]:
    return [row.data for row in await cinema.rows("SELECT data FROM outbox WHERE type = :type ORDER BY id", type=type_)]


async def test_no_table_knows_an_erased_person(site: RunningSite) -> None:
    """Everything that a person can leave behind, and then a look into every column there is."""
    cinema = site.cinema
    zoya, boris = await zoya_of(cinema), await cinema.person("Boris")
    film_id = await cinema.film()
    hers, his = site.viewer(zoya), site.viewer(boris)
    await cinema.befriend(zoya, boris)
    await cinema.want(film_id, zoya, boris)
    order = {"film_id": str(film_id), "title": f"{NAME} invites", "invite": {"users": [str(boris.id)]}}
    own = (await hers.post("/rooms", order, headers={"Idempotency-Key": "zoya"})).body
    invite = {"film_id": str(film_id), "invite": {"users": [str(zoya.id)]}}
    other = (await his.post("/rooms", invite)).body
    assert (await hers.post(f"/rooms/{other['code']}/join")).status == 200
    assert (await his.post(f"/rooms/{own['code']}/join")).status == 200
    assert (await hers.put(f"/me/muted/{boris.id}")).status == 204
    assert (await hers.get("/people", params={"email": "boris@example.com"})).status == 200
    assert (await hers.delete(f"/me/watchlist/{film_id}")).status == 204
    await muting.want_mails(cinema.db, EMAIL, wanted=False)
    for code in (own["code"], other["code"]):
        room_id = UUID((own if code == own["code"] else other)["id"])
        journal = Journal(room_id)
        for event in (
            journal.came(1, zoya, f"v-{room_id}"),
            journal.said(2, zoya, f"{NAME} was here"),
            journal.played(3, by=zoya.id),
            journal.came(4, boris, f"b-{room_id}"),
        ):
            await Archive(cinema.db).write(event)
    await cinema.rows("UPDATE visits SET started_at = now() RETURNING id")
    third = (await hers.post("/rooms", {"film_id": str(film_id)})).body
    assert (await hers.put(f"/rooms/{third['code']}/bans/{boris.id}")).status == 204
    assert (await hers.delete(f"/rooms/{third['code']}")).status == 204
    await cinema.rows("INSERT INTO feed_runs (id) VALUES ('run') RETURNING id")
    await cinema.rows(
        "INSERT INTO feed_named (run_id, kind, one_id, other_id) VALUES ('run', 'people', :id, :id) RETURNING kind",
        id=zoya.id,
    )
    await cinema.rows(
        "INSERT INTO match_rankings (user_id, film_ids, friends_counts, named)"
        " VALUES (:boris, ARRAY[:film], '{1}', ARRAY[:id]) RETURNING user_id",
        boris=boris.id,
        film=film_id,
        id=zoya.id,
    )
    # Half of what the outbox tells is told already, and stands there for a week.
    await cinema.rows("UPDATE outbox SET published_at = now() WHERE random() < 0.5 RETURNING id")

    assert await places_of(cinema, NAME) >= {"users.name", "chat_messages.text", "outbox.data", "rooms.title"}
    assert await places_of(cinema, EMAIL) >= {"users.email", "outbox.data", "unsubscribed.email"}
    assert await places_of(cinema, SUBJECT) >= {"users.subject", "outbox.data"}
    known = {"limit_uses.key", "feed_named.one_id", "visits.user_id", "match_rankings.named"}
    assert known <= await places_of(cinema, str(zoya.id))

    assert (await hers.delete("/me")).status == 204
    for word in (NAME, EMAIL, SUBJECT):
        assert await places_of(cinema, word) == set()
    assert await places_of(cinema, str(zoya.id)) <= {"erasures.user_id", "outbox.data", "outbox.subject"}
    assert (await hers.get("/me")).code == "sign_in_required", "the cookie is dead"
    assert (await hers.delete("/me")).code == "sign_in_required"

    seen = (await his.get(f"/rooms/{own['code']}")).body
    assert (seen["owner"]["id"], seen["role"], seen["status"]) == (str(boris.id), "owner", "open")
    assert (seen["title"], seen["now"]["people"]) == (None, [{"id": str(boris.id), "name": "Boris"}])


async def test_the_sessions_end_and_the_live_rooms_are_told(site: RunningSite) -> None:
    cinema = site.cinema
    zoya, boris = await zoya_of(cinema), await cinema.person("Boris")
    viewer = site.viewer(zoya)
    film_id = str(await cinema.film())
    room = (await site.viewer(boris).post("/rooms", {"film_id": film_id})).body
    assert (await viewer.post(f"/rooms/{room['code']}/join")).status == 200

    await erasing.erase(cinema.db, SITE, zoya.id)
    (ended,) = await outbox(cinema, SESSION_ENDED)
    assert (ended["reason"], ended["sessions"]) == ("deleted", [str(zoya.id)])
    (told,) = await outbox(cinema, MEMBER_ERASED)
    assert (told["user_id"], told["room"]["id"], told["room"]["owner"]) == (str(zoya.id), room["id"], str(boris.id))
    assert told["version"] == told["room"]["version"] == 2


@pytest.mark.parametrize("access", ["link", "invited"])
async def test_an_open_room_passes_on_to_a_moderator_else_to_whoever_was_there_longest(
    site: RunningSite, access: str
) -> None:
    cinema = site.cinema
    zoya, boris, chiara, dora = await zoya_of(cinema), *[await cinema.person(name) for name in ("Boris", "Chiara", "D")]
    await cinema.befriend(zoya, boris, chiara, dora)
    order = {
        "film_id": str(await cinema.film()),
        "access": access,
        "invite": {"users": [str(one.id) for one in (boris, chiara, dora)]},
    }
    hers = site.viewer(zoya)
    codes = [(await hers.post("/rooms", order)).body for _ in range(3)]
    for room in codes:
        journal = Journal(UUID(room["id"]))
        for seq, person in ((10, boris), (30, chiara), (50, dora)):
            assert (await site.viewer(person).post(f"/rooms/{room['code']}/join")).status == 200
            await Archive(cinema.db).write(journal.left(seq, person, f"{person.name}-{room['id']}"))
    moderated, longest, banned = codes
    await Archive(cinema.db).write(Journal(UUID(moderated["id"])).made(60, boris.id, "moderator"))
    assert (await hers.put(f"/rooms/{banned['code']}/bans/{dora.id}")).status == 204

    await erasing.erase(cinema.db, SITE, zoya.id)
    for room, heir in ((moderated, boris), (longest, dora), (banned, chiara)):
        seen = (await site.viewer(heir).get(f"/rooms/{room['code']}")).body
        assert (seen["owner"]["id"], seen["role"], seen["status"]) == (str(heir.id), "owner", "open")
        others = {boris.id, chiara.id, dora.id} - {heir.id}
        assert {UUID(one["invitee"]["id"]) for one in seen["invitations"]} == others, "and invitations stand"
    (told,) = [event for event in await outbox(cinema, MEMBER_ERASED) if event["room"]["id"] == longest["id"]]
    assert told["room"]["owner"] == str(dora.id)


async def test_a_room_that_nobody_came_to_is_closed_and_those_invited_are_told_by_nobody(site: RunningSite) -> None:
    cinema = site.cinema
    zoya, boris = await zoya_of(cinema), await cinema.person("Boris")
    await cinema.befriend(zoya, boris)
    order = {
        "film_id": str(await cinema.film()),
        "starts_at": utc(in_days(1)),
        "invite": {"users": [str(boris.id)]},
    }
    room = (await site.viewer(zoya).post("/rooms", order)).body

    await erasing.erase(cinema.db, SITE, zoya.id)
    assert len(await outbox(cinema, ROOM_CLOSED)) == 1
    seen = (await site.viewer(boris).get(f"/rooms/{room['code']}")).body
    assert (seen["status"], seen["owner"]) == ("closed", {"id": str(DELETED_ID), "name": "Удалённый зритель"})
    (created,), (changed,) = await outbox(cinema, INVITATION_CREATED), await outbox(cinema, INVITATION_CHANGED)
    assert changed["change"] == "cancelled"
    assert created["inviter"] == changed["inviter"] == {"id": str(DELETED_ID), "name": "Удалённый зритель"}
    link = changed["unsubscribe_link"].removeprefix(SITE.public_url)
    assert (await site.viewer().raw("GET", link)).status == 200


async def test_what_was_not_mailed_yet_names_the_new_owner(site: RunningSite) -> None:
    cinema = site.cinema
    zoya, boris, chiara = await zoya_of(cinema), *[await cinema.person(name) for name in ("Boris", "Chiara")]
    await cinema.befriend(zoya, boris, chiara)
    order = {"film_id": str(await cinema.film()), "title": "T", "moderators": [str(boris.id)]}
    room = (await site.viewer(zoya).post("/rooms", {**order, "invite": {"users": [str(chiara.id)]}})).body

    await erasing.erase(cinema.db, SITE, zoya.id)
    for told in await outbox(cinema, INVITATION_CREATED):
        assert told["inviter"] == {"id": str(boris.id), "name": "Boris"}
        assert told["title"] is None
    (invited,) = (await site.viewer(chiara).get("/me/invitations")).body["items"]
    assert (invited["inviter"]["name"], invited["room"]["code"]) == ("Boris", room["code"])


async def test_what_comes_late_of_an_erased_person_is_stored_as_nobody_s(db: Database, site: RunningSite) -> None:
    cinema = site.cinema
    zoya, boris = await zoya_of(cinema), await cinema.person("Boris")
    room = (await site.viewer(boris).post("/rooms", {"film_id": str(await cinema.film())})).body
    journal, archive = Journal(UUID(room["id"])), Archive(db)
    await archive.write(journal.came(1, zoya))
    await erasing.erase(db, SITE, zoya.id)

    late = [
        journal.left(2, zoya),
        journal.came(3, zoya, "v2"),
        journal.said(4, zoya, NAME),
        journal.played(5, by=zoya.id),
        journal.made(6, zoya.id, "moderator"),
        journal.aside(7, zoya, "ad"),
    ]
    for event in (*late, *late):
        await archive.write(event)
    for word in (NAME, EMAIL, SUBJECT):
        assert await places_of(cinema, word) == set()
    visits = await cinema.rows("SELECT user_id, end_reason FROM visits ORDER BY id")
    assert visits == [(DELETED_ID, "left"), (DELETED_ID, None)]
    assert await cinema.value("SELECT user_id FROM room_events") == DELETED_ID
    assert await cinema.value("SELECT user_id FROM asides") == DELETED_ID
    assert await cinema.value("SELECT count(*) FROM chat_messages") == 0
    with pytest.raises(InvalidEvent, match="no such room or person"):
        await archive.write(journal.said(8, User(uuid4(), "Never was", None, "ru")))


async def test_erasing_is_repeatable_and_never_conflicts(db: Database, site: RunningSite) -> None:
    """Twice at once, and while the person opens rooms, others invite them and the archive writes of them."""
    cinema = site.cinema
    zoya, boris = await zoya_of(cinema), await cinema.person("Boris")
    await cinema.befriend(zoya, boris)
    film_id = str(await cinema.film())
    hers, his = site.viewer(zoya), site.viewer(boris)
    room = (await his.post("/rooms", {"film_id": film_id})).body
    journal, archive = Journal(UUID(room["id"])), Archive(db)

    answers = await asyncio.gather(
        *(hers.raw("POST", "/api/v1/rooms", json={"film_id": film_id}) for _ in range(8)),
        *(his.raw("POST", f"/api/v1/rooms/{room['code']}/invitations", json={"matches": True}) for _ in range(4)),
        *(his.raw("PUT", f"/api/v1/rooms/{room['code']}/bans/{zoya.id}") for _ in range(4)),
        *(archive.write(journal.said(seq, zoya, NAME)) for seq in range(1, 20)),
        erasing.erase(db, SITE, zoya.id),
        erasing.erase(db, SITE, zoya.id),
    )
    told = {answer.status for answer in answers if answer is not None}
    assert told <= {201, 204, 401, 404, 503}, told
    await erasing.erase(db, SITE, zoya.id)
    for word in (NAME, EMAIL, SUBJECT):
        assert await places_of(cinema, word) == set()


async def test_the_outbox_is_looked_through_whatever_its_length(
    db: Database, site: RunningSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    cinema = site.cinema
    zoya, boris = await zoya_of(cinema), await cinema.person("Boris")
    await cinema.befriend(zoya, boris)
    order = {"film_id": str(await cinema.film()), "invite": {"users": [str(zoya.id)]}}
    for _ in range(4):
        await site.viewer(boris).post("/rooms", order)
    monkeypatch.setattr(erasing, "CHUNK", 3)
    progress = []

    await erasing.erase(db, SITE, zoya.id, lambda: progress.append(1))
    assert len(progress) > 3
    assert EMAIL not in json.dumps([row.data for row in await cinema.rows("SELECT data FROM outbox")])


async def test_an_erased_account_of_the_same_name_begins_anew(cinema: Cinema, db: Database) -> None:
    zoya = await zoya_of(cinema)
    await erasing.erase(db, SITE, zoya.id)

    again = await cinema.rows(
        "INSERT INTO users (id, issuer, subject, name) VALUES (:id, :issuer, :subject, 'Z') RETURNING id",
        id=uuid4(),
        issuer=ISSUER,
        subject=SUBJECT,
    )
    await erasing.erase_subject(db, SITE, ISSUER, SUBJECT)
    await erasing.erase_subject(db, SITE, ISSUER, SUBJECT)
    assert (
        await cinema.value("SELECT count(*) FROM erasures WHERE user_id IN (:old, :new)", old=zoya.id, new=again[0].id)
        == 2
    )
