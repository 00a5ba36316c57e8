"""The main job, whole: from «Хочу посмотреть» to a room that is closed and kept."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Route, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.mails import Inbox
from tests.e2e.site import Site
from tests.e2e.viewer import PATIENCE_MS, Viewer, wait_together

pytestmark = pytest.mark.short

TOGETHER_MS = 250


def code_of(link: str) -> str:
    return link.rsplit("/", 1)[-1]


async def wait_rows(site: Site, sql: str, *values: str, count: int) -> list[dict[str, Any]]:
    """Wait until a query finds at least ``count`` rows: the archive follows the room by way of the broker."""
    async with asyncio.timeout(30):
        while True:
            found = await asyncio.to_thread(site.rows, sql, *values)
            if len(found) >= count:
                return found
            await asyncio.sleep(0.3)


@pytest.mark.timeout(240)
async def test_two_viewers_meet_by_invitation_watch_in_step_and_survive_faults(
    site: Site, new_viewer: NewViewer
) -> None:
    alisa, boris = await new_viewer("alisa"), await new_viewer("boris")

    # Alisa signs in, wants the film, sees who else does, and opens a room with Boris invited.
    await alisa.sign_in()
    await alisa.open_film("tide-keeper")
    await alisa.want_film()
    matches = await alisa.ask_who_else()
    assert any(boris.name in match for match in matches), matches
    link = await alisa.open_room(invite=[boris.name])
    await alisa.wait_in_room()
    await alisa.wait_playing()  # the film starts by itself

    # Boris gets a mail and comes by its link; signing in on the way brings him to the room.
    code = code_of(link)
    [mail] = await Inbox(site.inbox_url).wait_mails(boris.email, code)
    assert alisa.name in mail["text"]
    [invitation_link] = {found for found in mail["links"] if code in found}
    await boris.come_by_link(invitation_link)
    await boris.page.wait_for_url(re.compile(f"/rooms/{code}"))
    await boris.wait_in_room()
    await boris.wait_playing()
    await alisa.see_people(alisa.name, boris.name)
    await boris.see_people(alisa.name, boris.name)
    await wait_together(alisa, boris, within_ms=TOGETHER_MS)

    # Pause, play and seek by anyone are followed by everyone.
    await boris.press_play_pause()
    await asyncio.gather(alisa.wait_playing(playing=False), boris.wait_playing(playing=False))
    await wait_together(alisa, boris, within_ms=TOGETHER_MS)

    about_ms = await alisa.click_timeline(0.3)  # far from the end of the film, however long the rest takes
    await wait_together(alisa, boris, within_ms=TOGETHER_MS)
    assert (await boris.sample()).position_ms == pytest.approx(about_ms, abs=5_000)

    await alisa.press_play_pause()
    await asyncio.gather(alisa.wait_playing(), boris.wait_playing())
    await wait_together(alisa, boris, within_ms=TOGETHER_MS)

    # Chat, both ways.
    await alisa.say("Привет! Видно маяк?")
    await boris.see_text("Привет! Видно маяк?")
    await boris.say("Ещё как 🌊")
    await alisa.see_text("Ещё как 🌊")

    # A reload finds the room as it is.
    await boris.page.reload()
    await boris.wait_in_room()
    await boris.wait_playing()
    await boris.see_text("Привет! Видно маяк?")
    await wait_together(alisa, boris, within_ms=TOGETHER_MS)

    # From the beginning again, so that the film does not end before the rest is done, however long that takes.
    await alisa.click_timeline(0.02)

    # sync_service is killed, then Redis restarted: position, members and chat are still there.
    await asyncio.to_thread(site.kill_sync)
    await asyncio.gather(alisa.hurry_back(), boris.hurry_back())
    await boris.say("После падения")
    await alisa.see_text("После падения")
    await wait_together(alisa, boris, within_ms=TOGETHER_MS)
    await asyncio.to_thread(site.restart_redis)
    await asyncio.gather(alisa.hurry_back(), boris.hurry_back())
    await alisa.say("После перезапуска")
    await boris.see_text("После перезапуска")
    await alisa.see_people(alisa.name, boris.name)
    await wait_together(alisa, boris, within_ms=TOGETHER_MS)
    await boris.press_play_pause()
    await asyncio.gather(alisa.wait_playing(playing=False), boris.wait_playing(playing=False))
    await wait_together(alisa, boris, within_ms=TOGETHER_MS)

    # The owner closes the room; Boris is told, and the link says what happened.
    await alisa.close_room()
    await expect(boris.page.get_by_text("закрыта").first).to_be_visible(timeout=PATIENCE_MS)
    carla = await new_viewer("carla")
    await carla.sign_in()
    answer = await carla.page.goto(link)
    assert answer is not None
    assert answer.status == 410
    await check_archive(site, code, alisa, boris)


async def check_archive(site: Site, code: str, alisa: Viewer, boris: Viewer) -> None:
    """PostgreSQL holds the room, who was connected from when to when, and the chat."""
    [room] = await wait_rows(site, "SELECT id::text, closed_at FROM rooms WHERE code = %s", code, count=1)
    assert room["closed_at"] is not None
    visits = await wait_rows(
        site,
        "SELECT DISTINCT u.email FROM visits v JOIN users u ON u.id = v.user_id"
        " WHERE v.room_id::text = %s AND v.ended_at IS NOT NULL",
        room["id"],
        count=2,
    )
    assert {visit["email"] for visit in visits} == {alisa.email, boris.email}
    said = await wait_rows(
        site, "SELECT text FROM chat_messages WHERE room_id::text = %s ORDER BY sent_at", room["id"], count=4
    )
    assert [row["text"] for row in said] == [
        "Привет! Видно маяк?",
        "Ещё как 🌊",
        "После падения",
        "После перезапуска",
    ]


async def test_a_link_room_opens_for_somebody_who_was_not_invited(site: Site, new_viewer: NewViewer) -> None:
    elena, hugo = await new_viewer("elena"), await new_viewer("hugo")
    await elena.sign_in()
    await elena.open_film("tide-keeper")
    await elena.ask_who_else()
    link = await elena.open_room(invite=[])
    await elena.wait_in_room()

    await hugo.come_by_link(link)

    await hugo.page.wait_for_url(link)
    await hugo.wait_in_room()
    await elena.see_people(elena.name, hugo.name)
    word = uuid4().hex
    await hugo.say(word)
    await elena.see_text(word)


async def test_what_is_clicked_before_a_page_works_is_done_once_when_it_does(new_viewer: NewViewer) -> None:
    farid = await new_viewer("farid")
    await farid.sign_in()
    works = asyncio.Event()

    async def slow_line(route: Route) -> None:
        await works.wait()
        await route.continue_()

    await farid.page.route(re.compile(r"/static/pages/film-\w+\.js$"), slow_line)
    await farid.open_film("tide-keeper")
    want = farid.page.locator("main [data-want]")
    wanted = await want.get_attribute("aria-pressed")
    orders: list[str] = []
    farid.page.on("request", lambda request: orders.append(request.method) if "watchlist" in request.url else None)
    try:
        await want.click()
        await farid.page.locator("#watch").click()
        await expect(farid.page.locator("#invite")).to_be_hidden()
        assert (orders, await want.get_attribute("aria-pressed")) == ([], wanted)
    finally:
        works.set()
    await expect(farid.page.locator("#invite")).to_be_visible()
    await farid.page.keyboard.press("Escape")
    await expect(want).to_have_attribute("aria-pressed", "false" if wanted == "true" else "true")
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not orders:  # the page may be seen before what it asked for is told
            await asyncio.sleep(0.05)
    assert len(orders) == 1
    await want.click()
    await expect(want).to_have_attribute("aria-pressed", str(wanted))


@pytest.mark.timeout(240)
async def test_invitations_made_while_rabbitmq_is_down_arrive_exactly_once(site: Site, new_viewer: NewViewer) -> None:
    farid = await new_viewer("farid")
    await farid.sign_in()
    await asyncio.to_thread(site.stop_rabbitmq)
    try:
        await farid.open_film("tide-keeper")
        await farid.ask_who_else()
        link = await farid.open_room(invite=["Борис"])
        await farid.wait_in_room()  # the room opens and plays without the broker
        await farid.wait_playing()
    finally:
        await asyncio.to_thread(site.start_rabbitmq)

    inbox = Inbox(site.inbox_url)
    await inbox.wait_mails("boris@example.com", code_of(link))
    await asyncio.sleep(3)  # a second mail would come from a retry, within a second or two

    assert len(await inbox.wait_mails("boris@example.com", code_of(link))) == 1
