"""The chat: nothing typed is lost, nothing is said twice, names and texts are only ever text."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.site import Site
from tests.e2e.viewer import PATIENCE_MS, Viewer

pytestmark = pytest.mark.short

# A page that sees its line break late may have a new one at once: the page itself notes that it had none.
NOTE_LOST = """line => {
    line.lost = false;
    new MutationObserver(() => { line.lost ||= line.dataset.line === "lost"; }).observe(line, { attributes: true });
}"""


async def cut_off(site: Site, viewer: Viewer) -> asyncio.Task[None]:
    """Kill the service; returns once the viewer's page knows, and gives the task that starts the service again."""
    line = viewer.page.locator("#line")
    await line.evaluate(NOTE_LOST)
    killing = asyncio.create_task(asyncio.to_thread(site.kill_sync))
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not await line.evaluate("line => line.lost"):
            await asyncio.sleep(0.02)
    return killing


async def test_text_typed_while_the_service_is_away_arrives_once_when_it_is_back(
    site: Site, together: tuple[Viewer, Viewer]
) -> None:
    elena, farid = together
    killing = await cut_off(site, farid)

    await farid.say("Сказано без связи")
    await killing

    await elena.see_text("Сказано без связи")
    await expect(farid.page.locator("movie-together-chat .unsent")).to_have_count(0, timeout=PATIENCE_MS)
    assert (await farid.messages()).count("Сказано без связи") == 1
    assert (await elena.messages()).count("Сказано без связи") == 1


async def test_text_unsent_at_a_reload_is_sent_after_it_and_a_draft_is_still_there(
    site: Site, together: tuple[Viewer, Viewer]
) -> None:
    elena, farid = together
    killing = await cut_off(site, farid)
    await farid.say("Пережить перезагрузку")
    await farid.page.locator("movie-together-chat textarea").fill("черновик")
    await farid.page.reload()
    await killing
    await farid.wait_in_room()

    await elena.see_text("Пережить перезагрузку")
    await asyncio.sleep(1)

    assert (await elena.messages()).count("Пережить перезагрузку") == 1
    await expect(farid.page.locator("movie-together-chat textarea")).to_have_value("черновик")


async def test_a_text_that_is_too_long_cannot_be_sent_and_says_by_how_much(together: tuple[Viewer, Viewer]) -> None:
    _, farid = together
    field = farid.page.locator("movie-together-chat textarea")

    await field.fill("👩🏽‍🚀" * 501)  # one character to a reader, seven to a computer
    await field.press("Enter")

    await expect(farid.page.locator("movie-together-chat #hint")).to_contain_text("501 из 500")
    await expect(farid.page.locator("movie-together-chat .send")).to_be_disabled()
    assert await field.input_value() != "", "what was typed stays"
    await field.fill("👩🏽‍🚀" * 500)
    await field.press("Enter")
    await expect(field).to_have_value("")
    await expect(farid.page.locator("movie-together-chat .unsent")).to_have_count(0, timeout=PATIENCE_MS)


async def test_texts_are_never_read_as_markup(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together

    await farid.say("<img src=x onerror=alert(1)> <b>жирно</b>")

    await elena.see_text("<img src=x onerror=alert(1)> <b>жирно</b>")
    assert await elena.page.locator("movie-together-chat li img, movie-together-chat li b").count() == 0


async def test_who_reads_earlier_lines_is_told_of_new_ones_and_not_moved(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    for number in range(4):
        await elena.say("\n".join(f"строка {number}.{line}" for line in range(10)))
    await farid.see_text("строка 3.9")
    chat = farid.page.locator("movie-together-chat .list")
    await farid.scroll_back(0)

    await elena.say("новая строка")

    more = farid.page.locator("movie-together-chat .more")
    await expect(more).to_contain_text("1 новое сообщение")
    assert await chat.evaluate("list => list.scrollTop") == 0
    await expect(farid.page).to_have_title("(1) Смотритель приливов · Кино вместе")
    await more.click()
    await expect(farid.page.locator("movie-together-chat").get_by_text("новая строка")).to_be_in_viewport()
    await expect(more).to_be_hidden()
    await expect(farid.page).to_have_title("Смотритель приливов · Кино вместе")


async def test_comings_and_goings_are_shown(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    await elena.see_text(f"{farid.name}\u2069 присоединяется")

    await farid.page.goto("about:blank")

    await elena.see_text(f"{farid.name}\u2069 теряет связь")
    await expect(elena.page.locator("movie-together-people li")).to_have_count(1, timeout=PATIENCE_MS)
