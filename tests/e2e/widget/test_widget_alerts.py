"""Sounds and notifications for others' messages while the page is hidden, where they were switched on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import NewViewer
from tests.e2e.site import Site
from tests.e2e.viewer import PATIENCE_MS, Viewer
from tests.e2e.widget.conftest import SignIn
from tests.e2e.widget.test_widget_outside import LOOK_AWAY
from tests.support.browsers import FIREFOX_WITHOUT_NOTIFICATIONS

# What the page has the browser do is noted, and done all the same.
NOTE = """
window.told = [];
window.notes = 0;
window.Notification = class extends Notification {
    constructor(title, options) {
        super(title, options);
        window.told.push({ title, ...options, shown: this });
        this.closed = false;
    }
    close() {
        this.closed = true;
        super.close();
    }
};
window.OscillatorNode = class extends OscillatorNode {
    constructor(...given) {
        super(...given);
        window.notes += 1;
    }
};
"""
TOLD = (
    "window.told.map(({ title, body, tag, renotify, shown }) => ({ title, body, tag, renotify, closed: shown.closed }))"
)


async def told(viewer: Viewer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await viewer.page.evaluate(TOLD)
    return found


async def notes(viewer: Viewer) -> int:
    count: int = await viewer.page.evaluate("window.notes")
    return count


async def test_a_hidden_page_tells_of_others_messages_once_it_was_asked_to(
    together: tuple[Viewer, Viewer], site: Site
) -> None:
    elena, farid = together
    page, bell = elena.page, elena.page.locator("#alerts")
    await elena.context.grant_permissions(["notifications"], origin=site.url)
    await elena.context.add_init_script(NOTE)
    await page.reload()
    await elena.wait_in_room()

    # Not asked for: nothing, though the browser would let it.
    await expect(bell).to_have_attribute("aria-pressed", "false")
    await page.evaluate(LOOK_AWAY, True)
    await farid.say("Пока никому")
    await elena.see_text("Пока никому")
    assert (await told(elena), await notes(elena)) == ([], 0)

    # Asked for: it sounds at once, as it will.
    await page.evaluate(LOOK_AWAY, False)
    await bell.click()
    await expect(bell).to_have_attribute("aria-pressed", "true")
    assert await notes(elena) == 2
    await farid.say("Видно и так")
    await elena.see_text("Видно и так")
    assert await told(elena) == [], "the page is seen"

    await page.evaluate(LOOK_AWAY, True)
    await elena.say("Это я")
    await farid.press_play_pause()  # a line of the system
    await farid.say("Один")
    await farid.say(f"@{elena.name}, два")
    await elena.see_text("два")
    title = await page.locator("#hall-title").inner_text()
    one, two = await told(elena)
    tag = f"room-{elena.page.url.rpartition('/')[2]}"
    assert one == {"title": f"{farid.name} · {title}", "body": "Один", "tag": tag, "renotify": False, "closed": False}
    assert two == {**one, "body": f"@{elena.name}, два", "renotify": True}, "of the same tag: it takes its place"
    assert await notes(elena) >= 2 + 3, "a mention sounds always"

    await page.evaluate(LOOK_AWAY, False)
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not (await told(elena))[-1]["closed"]:
            await asyncio.sleep(0.05)

    # The device remembers it, and the account switches it off.
    await page.goto(f"{site.url}/account")
    boxes = page.locator("#alerts input")
    await expect(boxes.first).to_be_checked()
    await expect(boxes.last).to_be_checked()
    await boxes.last.uncheck()
    await boxes.first.uncheck()
    await page.go_back()
    await elena.wait_in_room()
    await expect(bell).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize("firefox_asks", [FIREFOX_WITHOUT_NOTIFICATIONS], ids=["forbidden"])
async def test_whom_one_has_blocked_makes_no_sound_and_a_browser_that_forbids_notifications_shows_none(
    together: tuple[Viewer, Viewer], site: Site, new_viewer: NewViewer, sign_in: SignIn
) -> None:
    elena, farid = together
    hugo = await new_viewer("hugo")  # no friend of Elena's, so that nothing else ends
    await sign_in(hugo)
    await hugo.context.add_init_script(NOTE)
    elenas = await elena.page.locator("movie-together").evaluate("({ room }) => room.you.id")

    async def does(deed: str) -> None:
        form = {"do": deed, "person": elenas}
        answer = await hugo.context.request.post(f"{site.url}/account", form=form, headers={"Origin": site.url})
        assert answer.ok, await answer.text()

    await does("block")
    try:
        await hugo.enter(elena.page.url)
    finally:
        await does("unblock")  # the page knows by now
    page = hugo.page
    await page.locator("#alerts").click()
    await expect(page.locator("#alerts")).to_have_attribute("aria-pressed", "true")
    await expect(page.locator(".toast")).to_contain_text("allows no notifications")
    before = await notes(hugo)

    await page.evaluate(LOOK_AWAY, True)
    await elena.say(f"@{hugo.name}, не слышно")
    await farid.say(f"@{hugo.name}, слышно")
    await hugo.see_text(f"@{hugo.name}, слышно")
    assert (await notes(hugo), await told(hugo)) == (before + 3, [])
