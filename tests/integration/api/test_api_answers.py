"""Answers to invitations, what became of their mails, and keys that make a repetition harmless."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from api_service.broker.deliveries import Deliveries
from api_service.usecases.people import User
from shared.events.envelope import Event, new_event
from shared.events.invitations import NOTIFICATION_FAILED, NOTIFICATION_SENT
from tests.support.api_fixtures import RunningSite, Viewer


async def invited(site: RunningSite, **more: Any) -> tuple[Viewer, Viewer, dict[str, Any]]:
    """Anna, her friend Boris, and her room with an invitation for him."""
    anna, boris = [site.viewer(await site.cinema.person(name)) for name in ("Anna", "Boris")]
    await site.cinema.befriend(anna.me, boris.me)
    order = {"film_id": str(await site.cinema.film()), "invite": {"users": [str(boris.me.id)]}, **more}
    return anna, boris, (await anna.post("/rooms", json=order)).body


async def status(anna: Viewer, room: dict[str, Any]) -> str:
    (one,) = (await anna.get(f"/rooms/{room['code']}/invitations")).body["items"]
    return str(one["status"])


async def last_mail(site: RunningSite) -> Any:
    rows = await site.cinema.rows("SELECT id, data FROM outbox WHERE type LIKE 'invitation.%' ORDER BY id DESC LIMIT 1")
    return rows[0]


def answered(type_: str, mail: Any, **more: Any) -> Event:
    data = {"invitation_id": mail.data["invitation_id"], "event_id": str(mail.id), "at": datetime.now(UTC), **more}
    return new_event(type_, str(uuid4()), data, source="notifier")


async def test_a_mail_goes_from_pending_to_sent_to_delivered(site: RunningSite) -> None:
    anna, _, room = await invited(site)
    deliveries = Deliveries(site.cinema.db)
    assert room["invitations"][0]["status"] == await status(anna, room) == "pending"

    await site.cinema.rows("UPDATE outbox SET published_at = now() RETURNING 1")
    assert await status(anna, room) == "sent"

    sent = answered(NOTIFICATION_SENT, await last_mail(site))
    for _ in range(2):
        await deliveries.write(sent)
    assert await status(anna, room) == "delivered"


async def test_a_mail_that_cannot_be_sent_says_why_and_a_late_failure_changes_nothing(site: RunningSite) -> None:
    anna, _, room = await invited(site)
    deliveries = Deliveries(site.cinema.db)
    mail = await last_mail(site)

    await deliveries.write(answered(NOTIFICATION_FAILED, mail, reason="refused", detail="550 no such user"))
    (one,) = (await anna.get(f"/rooms/{room['code']}/invitations")).body["items"]
    assert (one["status"], one["failure"]) == ("failed", "refused")

    await deliveries.write(answered(NOTIFICATION_SENT, mail))
    await deliveries.write(answered(NOTIFICATION_FAILED, mail, reason="refused", detail=""))
    assert await status(anna, room) == "delivered"


async def test_an_answer_about_an_earlier_mail_says_nothing_of_the_last_one(site: RunningSite) -> None:
    anna, _, room = await invited(site, starts_at=None)
    mail = await last_mail(site)
    await site.cinema.rows("UPDATE invitations SET mail_id = :id RETURNING 1", id=uuid4())

    await Deliveries(site.cinema.db).write(answered(NOTIFICATION_FAILED, mail, reason="refused", detail=""))

    assert await status(anna, room) != "failed"


async def test_the_invited_person_accepts_declines_and_thinks_again(site: RunningSite) -> None:
    anna, boris, room = await invited(site)
    path = f"/me/invitations/{room['invitations'][0]['id']}"

    for answer in ("declined", "accepted", "accepted"):
        reply = await boris.put(path, json={"answer": answer})
        assert (reply.status, reply.body["answer"]) == (200, answer)
        assert await status(anna, room) == answer

    assert (await anna.put(path, json={"answer": "declined"})).code == "invitation_not_found"
    assert (await boris.put(path, json={"answer": "perhaps"})).fields() == {"answer"}
    await anna.delete(f"/rooms/{room['code']}")
    assert (await boris.put(path, json={"answer": "declined"})).code == "invitation_over"
    assert (await boris.get("/me/invitations")).body["items"] == []


async def test_who_comes_has_accepted(site: RunningSite) -> None:
    anna, boris, room = await invited(site)
    await boris.post(f"/rooms/{room['code']}/join")
    assert await status(anna, room) == "accepted"


async def test_an_unanswered_invitation_expires_with_its_room(site: RunningSite) -> None:
    anna, _, room = await invited(site)
    await anna.delete(f"/rooms/{room['code']}")
    assert await status(anna, room) == "expired"


async def link(site: RunningSite, name: str) -> str:
    """Return the path of a link in the last mail."""
    return str((await last_mail(site)).data[name].removeprefix(site.url))


async def test_the_link_in_the_mail_answers_without_signing_in(site: RunningSite) -> None:
    anna, _, room = await invited(site)
    path, nobody = await link(site, "answer_link"), site.viewer()

    shown = await nobody.raw("GET", path)
    assert shown.status == 200
    assert "Anna" in shown.body.decode()
    assert await status(anna, room) == "pending"  # whoever only follows the link has not answered

    for answer in ("accepted", "declined"):
        reply = await nobody.raw("POST", path, data={"answer": answer}, allow_redirects=False)
        assert (reply.status, reply.headers["Location"]) == (303, path)
        assert await status(anna, room) == answer
    assert (await nobody.raw("POST", path, data={"answer": "perhaps"})).status == 422


async def test_a_link_is_good_for_its_own_invitation_and_purpose_only(site: RunningSite) -> None:
    anna, boris, room = await invited(site)
    path, nobody = await link(site, "answer_link"), site.viewer()
    _, _, invitation_id, signature = path.partition("?")[0].split("/")
    other = (
        await anna.post("/rooms", json={"film_id": room["film"]["id"], "invite": {"users": [str(boris.me.id)]}})
    ).body
    forged = [
        f"/invitations/{other['invitations'][0]['id']}/{signature}",
        f"/invitations/{invitation_id}/{signature[:-1]}{'A' if signature[-1] != 'A' else 'B'}",
        f"/invitations/{invitation_id}/{(await link(site, 'unsubscribe_link')).partition('?')[0].rpartition('/')[2]}",
        f"/unsubscribe/{invitation_id}/{signature}",
        f"/invitations/x/{signature}",
    ]
    for one in forged:
        for method in ("GET", "POST"):
            answer = await nobody.raw(
                method, one, **({"data": {"answer": "accepted", "scope": "all"}} if method == "POST" else {})
            )
            assert answer.status == 404, (method, one)
    assert await status(anna, room) == "pending"


async def test_one_click_of_a_mail_program_ends_all_mails(site: RunningSite) -> None:
    _, boris, _ = await invited(site)
    path, program = await link(site, "unsubscribe_link"), site.viewer()

    assert (await program.raw("GET", path)).status == 200
    assert (await boris.get("/me/mails")).body["wanted"] is True  # following the link changes nothing
    clicked = await program.raw("POST", path, data={"List-Unsubscribe": "One-Click"}, allow_redirects=False)
    assert clicked.status == 200
    assert (await boris.get("/me/mails")).body["wanted"] is False

    await program.raw("POST", path, data={"scope": "none"})
    await program.raw("POST", path, data={"scope": "inviter"})
    chosen = (await boris.get("/me/mails")).body
    assert (chosen["wanted"], [one["person"]["name"] for one in chosen["muted"]]) == (True, ["Anna"])
    assert (await program.raw("POST", path, data={"scope": "everything"})).status == 422


async def test_an_invitation_repeated_under_its_key_is_made_once(site: RunningSite) -> None:
    anna, _, room = await invited(site)
    vera = await befriended(site, anna, "Vera")
    path, key = f"/rooms/{room['code']}/invitations", {"Idempotency-Key": "a"}

    first = await anna.post(path, json={"users": [str(vera.id)]}, headers=key)
    await anna.delete(f"{path}/{first.body['items'][-1]['id']}")
    again = await anna.post(path, json={"users": [str(vera.id)]}, headers=key)
    other = await anna.post(path, json={"matches": True}, headers=key)

    assert [answer.status for answer in (first, again, other)] == [201, 201, 422]
    assert other.code == "idempotency_key_reused"
    assert [one["status"] for one in again.body["items"]] == ["pending", "revoked"]  # not invited a second time


async def test_moderators_named_beforehand_are_invited_and_moderate(site: RunningSite) -> None:
    anna = site.viewer(await site.cinema.person("Anna"))
    vera = await befriended(site, anna, "Vera")
    stranger, film_id = await site.cinema.person("Stranger"), await site.cinema.film()
    order = {"film_id": str(film_id), "access": "invited", "title": "Пятница", "moderators": [str(vera.id)]}

    room = (await anna.post("/rooms", json=order)).body
    refused = await anna.post("/rooms", json={**order, "moderators": [str(vera.id), str(stranger.id)]})

    assert (room["title"], [one["invitee"]["name"] for one in room["invitations"]]) == ("Пятница", ["Vera"])
    joined = await site.viewer(vera).post(f"/rooms/{room['code']}/join")
    assert joined.body["room"]["role"] == "moderator"
    assert (await site.viewer(vera).put(f"/rooms/{room['code']}/bans/{stranger.id}")).status == 204
    assert (refused.code, refused.fields()) == ("not_friends", {"moderators.1"})


async def test_a_change_of_a_room_that_was_changed_meanwhile_is_refused(site: RunningSite) -> None:
    anna, _, room = await invited(site)
    path = f"/rooms/{room['code']}"
    read = await anna.get(path)
    assert read.headers["ETag"] == (await anna.get(path)).headers["ETag"]
    stale = {"If-Match": read.headers["ETag"]}

    changed = await anna.patch(path, {"capacity": 7}, headers=stale)
    refused = await anna.patch(path, {"capacity": 9}, headers=stale)
    closing = await anna.delete(path, headers=stale)

    assert [answer.status for answer in (changed, refused, closing)] == [200, 412, 412]
    assert refused.code == closing.code == "room_changed"
    fresh = await anna.get(path)
    assert fresh.headers["ETag"] == changed.headers["ETag"]
    assert (fresh.body["capacity"], fresh.body["status"]) == (7, "open")
    # The live room changes settings without a version of its own.
    await site.cinema.rows("UPDATE rooms SET control = 'owner' RETURNING 1")
    assert (await anna.patch(path, {"title": "Да"}, headers={"If-Match": fresh.headers["ETag"]})).status == 412
    assert (await anna.patch(path, {"title": "Да"}, headers={"If-Match": "*"})).body["title"] == "Да"


async def befriended(site: RunningSite, viewer: Viewer, name: str) -> User:
    friend = await site.cinema.person(name)
    await site.cinema.befriend(viewer.me, friend)
    return friend
