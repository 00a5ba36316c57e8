"""A room's rights in both services at once: what either side decides, the other knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from deploy.local.free_ports import free_port
from sync_service.protocol.codes import CloseCode
from tests.support.api_fixtures import RunningSite, Viewer, running_site, settings_for
from tests.support.clients import Disconnected, RoomClient
from tests.support.processes import RunProcess
from tests.support.sync_fixtures import Cinema, Crowd, SyncNode, cinema, crowd, start_node
from tests.support.traces import in_redis, places_of

__all__ = ["cinema", "crowd"]


@pytest.fixture
def node(run_process: RunProcess, cinema: Cinema, redis_url: str, amqp_url: str) -> SyncNode:
    return start_node(run_process, cinema, redis_url, amqp_url)


@pytest.fixture
async def site(database_url: str, amqp_url: str) -> AsyncIterator[RunningSite]:
    """The site, which signs tickets with the key that the node knows."""
    async with running_site(settings_for(database_url, amqp_url, port=free_port())) as made:
        yield made


async def opened(site: RunningSite) -> tuple[Viewer, str]:
    anna = site.viewer(await site.cinema.person("Anna"))
    room = (await anna.post("/rooms", json={"film_id": str(await site.cinema.film())})).body
    return anna, f"/rooms/{room['code']}"


async def enter(viewer: Viewer, path: str, node: SyncNode, crowd: Crowd) -> RoomClient:
    """Bring a viewer from the site into the live room."""
    return await use((await viewer.post(f"{path}/join")).body, node, crowd)


async def use(joining: dict[str, Any], node: SyncNode, crowd: Crowd) -> RoomClient:
    """Use what the site gave for joining."""
    partition = int(joining["socket_url"].rpartition("/ws/p")[2])
    return await crowd.stranger(node, {"partition": partition}).hello(joining["ticket"])


async def until(look: Callable[[], Awaitable[Any]]) -> None:
    """Wait until the other side has heard."""
    async with asyncio.timeout(20):
        while not await look():
            await asyncio.sleep(0.05)


async def test_settings_changed_on_either_side_are_known_on_the_other(
    site: RunningSite, node: SyncNode, crowd: Crowd
) -> None:
    anna, path = await opened(site)
    owner = await enter(anna, path, node, crowd)

    assert owner.room["title"] is None
    await anna.patch(path, {"control": "owner", "settings": {"slow_mode_s": 20}, "title": "Пятница"})
    await owner.until(lambda: owner.settings["control"] == "owner" and owner.settings["slow_mode_s"] == 20, 20)
    assert owner.room["title"] == "Пятница"
    await owner.change_settings(capacity=7, locked=True)

    async def shown() -> bool:
        room = (await anna.get(path)).body
        return bool(room["capacity"] == 7 and room["settings"]["locked"])

    await until(shown)
    room = (await anna.get(path)).body
    assert (room["control"], room["settings"]["slow_mode_s"], room["version"]) == ("owner", 20, 2)


async def test_a_moderator_made_in_the_room_bans_over_http_and_both_doors_are_shut(
    site: RunningSite, node: SyncNode, crowd: Crowd
) -> None:
    anna, path = await opened(site)
    boris = site.viewer(await site.cinema.person("Boris"))
    vera = site.viewer(await site.cinema.person("Vera"))
    owner = await enter(anna, path, node, crowd)
    guest = await enter(boris, path, node, crowd)
    unused = (await boris.post(f"{path}/join")).body
    await enter(vera, path, node, crowd)
    ban = f"{path}/bans/{boris.me.id}"
    assert (await vera.put(ban)).code == "not_room_moderator"

    await owner.set_role(str(vera.me.id), "moderator")

    async def may() -> bool:
        return (await vera.put(ban)).status == 204

    await until(may)
    assert await guest.closed(20) == 4403
    assert (await boris.post(f"{path}/join")).code == "banned"
    with pytest.raises(Disconnected):
        await use(unused, node, crowd)

    await vera.delete(ban)
    await owner.expect("unbanned", 20)
    again = await enter(boris, path, node, crowd)
    assert (await again.say("Я снова здесь"))["type"] == "ack"


async def test_signing_out_on_the_site_closes_the_sockets_and_voids_what_is_left(
    site: RunningSite, node: SyncNode, crowd: Crowd
) -> None:
    anna, path = await opened(site)
    client = await enter(anna, path, node, crowd)
    unused = (await anna.post(f"{path}/join")).body

    async with asyncio.timeout(20):
        assert (await anna.raw("POST", "/auth/sign-out", allow_redirects=False)).status == 303
        assert await client.closed() == 4440
    assert (await anna.post(f"{path}/join")).code == "sign_in_required"
    await client.drop()
    for comes_back in (client.resume(), use(unused, node, crowd)):
        with pytest.raises(Disconnected) as refused:
            await comes_back
        assert refused.value.code == 4440


async def test_a_message_taken_back_in_the_room_leaves_no_text_in_the_archive(
    site: RunningSite, node: SyncNode, crowd: Crowd
) -> None:
    anna, path = await opened(site)
    owner = await enter(anna, path, node, crowd)
    await owner.say("One")
    await owner.say("Two", reply_to=owner.messages[0]["id"])
    await owner.delete_message(owner.messages[0]["id"])

    async def archived() -> list[tuple[str, bool]]:
        rows = await site.cinema.rows("SELECT text, deleted_at, reply_to FROM chat_messages ORDER BY epoch, seq")
        return [(row.text, row.reply_to is not None) for row in rows]

    async def blank() -> bool:
        return await archived() == [("", False), ("Two", True)]

    await until(blank)


async def test_an_invitation_taken_back_shows_out_at_once_and_voids_tickets_and_resume_tokens(
    site: RunningSite, node: SyncNode, crowd: Crowd
) -> None:
    anna = site.viewer(await site.cinema.person("Anna"))
    boris = site.viewer(await site.cinema.person("Boris"))
    await site.cinema.befriend(anna.me, boris.me)
    order = {"film_id": str(await site.cinema.film()), "access": "invited", "invite": {"users": [str(boris.me.id)]}}
    room = (await anna.post("/rooms", json=order)).body
    path = f"/rooms/{room['code']}"
    owner = await enter(anna, path, node, crowd)
    guest = await enter(boris, path, node, crowd)
    unused = (await boris.post(f"{path}/join")).body

    assert (await anna.delete(f"{path}/invitations/{room['invitations'][0]['id']}")).status == 204

    assert await guest.closed(20) == 4403
    assert (await owner.expect("revoked", 20))["member_id"] == str(boris.me.id)
    with pytest.raises(Disconnected) as by_ticket:
        await use(unused, node, crowd)
    with pytest.raises(Disconnected) as by_token:
        await guest.reconnect()
    assert {by_ticket.value.code, by_token.value.code} == {4403}
    assert (await boris.get(path)).status == 404

    await anna.post(f"{path}/invitations", json={"users": [str(boris.me.id)]})
    again = await enter(boris, path, node, crowd)
    assert (await again.say("Я снова здесь"))["type"] == "ack"


async def test_an_erased_owner_is_gone_from_both_services_at_once_and_the_room_goes_on(
    site: RunningSite, node: SyncNode, crowd: Crowd, redis_url: str
) -> None:
    """Also with what had not reached the archive yet: nothing brings name or words back."""
    name, words = "Zoya Nightingale", "words of hers that nobody else says"
    zoya, boris = site.viewer(await site.cinema.person(name)), site.viewer(await site.cinema.person("Boris"))
    room = (await zoya.post("/rooms", json={"film_id": str(await site.cinema.film())})).body
    path = f"/rooms/{room['code']}"
    owner, guest = await enter(zoya, path, node, crowd), await enter(boris, path, node, crowd)
    unused = (await zoya.post(f"{path}/join")).body
    await guest.say("his")
    # The room passes on to whom the archive knows to have been there.
    await until(lambda: site.cinema.rows("SELECT id FROM visits WHERE user_id = :id", id=boris.me.id))
    for n in range(20):
        await owner.say(f"{words} {n}", id_=f"said-{n}")

    assert (await zoya.delete("/me")).status == 204
    async with asyncio.timeout(5):
        # Her session's end and her erasure from the room are events of their own: either may come first.
        assert await owner.closed() in {CloseCode.SESSION_ENDED, CloseCode.FORBIDDEN}
    await guest.until(lambda: guest.room["owner"] == str(boris.me.id))
    assert str(zoya.me.id) not in guest.members
    assert words not in str(guest.messages)
    assert (await guest.change_settings(control="owner"))["type"] == "ack"
    await owner.drop()
    for comes_back in (owner.resume(), use(unused, node, crowd)):
        with pytest.raises(Disconnected):
            await comes_back

    async def forgotten() -> bool:
        return not any(in_redis(redis_url, word) for word in (name, words))

    await until(forgotten)
    # What the live room said last arrives in the archive after all that Zoya said.
    assert (await guest.say("the end"))["type"] == "ack"
    await until(lambda: site.cinema.rows("SELECT text FROM chat_messages WHERE text = 'the end'"))
    for word in (name, words):
        assert await places_of(site.cinema, word) == set()
    visits = (await boris.get(f"{path}/visits")).body["items"]
    assert {visit["person"]["name"] for visit in visits} == {"Boris", "Удалённый зритель"}


@pytest.mark.parametrize("by", ["live", "api"])
async def test_guests_go_when_the_owner_lets_in_none_any_more_on_either_side(
    site: RunningSite, node: SyncNode, crowd: Crowd, by: str
) -> None:
    anna, path = await opened(site)
    await anna.patch(path, json={"settings": {"guests": "watch"}})
    stranger = site.viewer()
    came = await stranger.post(f"{path}/guests", json={"name": "Zoe"})
    cookie = {"Cookie": came.headers["Set-Cookie"].partition(";")[0]}

    async def joined() -> Any:
        return await stranger.post(f"{path}/join", headers=cookie)

    owner, zoe = await enter(anna, path, node, crowd), await use((await joined()).body, node, crowd)
    await owner.until(lambda: zoe.id in owner.members)
    assert (owner.members[zoe.id]["guest"], owner.members[zoe.id]["role"]) == (True, "guest")
    assert owner.me["guest"] is False
    told = await zoe.say("Hello")
    assert (told["code"], "watch" in told["message"]) == ("forbidden", True)
    assert (await owner.change_settings(guests="chat"))["type"] == "ack"
    assert (await zoe.say("Hello"))["type"] == "ack"
    await owner.until(lambda: bool(owner.messages))
    assert owner.messages[-1]["author"] == {"id": zoe.id, "name": "Zoe", "guest": True}

    if by == "live":
        assert (await owner.change_settings(guests="nobody"))["type"] == "ack"
    else:
        await anna.patch(path, json={"settings": {"guests": "nobody"}})
    assert await zoe.closed(20) == CloseCode.FORBIDDEN
    assert zoe.received[-1]["code"] == "guests_off"
    with pytest.raises(Disconnected):
        await zoe.reconnect()
    assert zoe.received[-1]["code"] == "guests_off"
    await owner.until(lambda: zoe.id not in owner.members)

    async def is_shut() -> bool:
        return bool((await joined()).status == 401)

    await until(is_shut)
