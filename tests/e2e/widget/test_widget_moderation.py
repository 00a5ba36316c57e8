"""Keeping order: roles, mutes, sending out and banning, and the room's settings, as people press them."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.screens import SCREENS, shoot
from tests.e2e.viewer import PATIENCE_MS, Viewer


def chip(seen_by: Viewer, of: Viewer) -> Locator:
    return seen_by.page.locator("movie-together-people .row", has_text=of.name)


async def is_offered(viewer: Viewer, *, inside: bool) -> None:
    """Check that the elements beside the film offer what can be done in the room, and nothing outside of it."""
    page = viewer.page
    await expect(page.locator("movie-together-chat textarea")).to_be_visible(visible=inside)
    await expect(page.locator("[data-opens=invite]")).to_be_visible(visible=inside)
    for button in await page.locator("movie-together-reactions button").all():
        await expect(button).to_be_enabled(enabled=inside)
    if not inside:
        await expect(page.locator("movie-together-people li")).to_have_count(0)
        await expect(page.locator("dialog[open]")).to_have_count(0)


async def choose(judge: Viewer, of: Viewer, act: str) -> None:
    await chip(judge, of).click()
    await judge.page.locator(f"movie-together-people [role=menuitem][data-action={act}]").first.click()


async def test_a_menu_for_each_member_serves_keys_as_well(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    page = elena.page
    await chip(farid, elena).click()
    offered = farid.page.locator("movie-together-people [role=menuitem]")
    await expect(offered).to_have_text(["Заблокировать для себя"])  # what he may do for himself alone
    await farid.page.keyboard.press("Escape")

    await elena.look_here()
    await chip(elena, farid).focus()
    await page.keyboard.press("Enter")
    menu = page.locator("movie-together-people [role=menu]")
    await expect(menu).to_be_visible()
    items = menu.locator("[role=menuitem]")
    await expect(items.first).to_be_focused()
    await page.keyboard.press("End")
    await expect(items.last).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(items.first).to_be_focused()
    for item in await items.all():
        box = await item.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    await page.keyboard.press("Escape")
    await expect(menu).to_be_hidden()
    await expect(chip(elena, farid)).to_be_focused()
    assert await chip(elena, farid).get_attribute("aria-expanded") == "false"

    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")  # the first item: make a moderator

    await expect(chip(elena, farid)).to_contain_text("модератор")
    await expect(farid.page.locator("#settings-button")).to_be_visible()
    await farid.see_text(f"{farid.name}\u2069 теперь модератор")


async def test_the_muted_are_told_for_how_long_and_let_write_again(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    await farid.page.locator("movie-together-chat textarea").fill("набранное остаётся")

    await choose(elena, farid, "mute_5")

    await expect(farid.page.locator("movie-together-chat #notice")).to_contain_text("Вам запретили писать")
    await expect(farid.page.locator("movie-together-chat .send")).to_be_disabled()
    await expect(farid.page.locator("movie-together-reactions button").first).to_be_disabled()
    await expect(chip(elena, farid)).to_contain_text("не может писать")
    await choose(elena, farid, "unmute")
    await farid.page.locator("movie-together-chat .send").click()
    await elena.see_text("набранное остаётся")


@pytest.mark.short
async def test_who_is_sent_out_reads_so_and_comes_back_by_a_press(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    await farid.page.locator("[data-opens=invite]").click()
    await expect(farid.page.locator("#invite-note")).to_be_hidden()

    await choose(elena, farid, "kick")

    card = farid.page.locator("movie-together .end")
    await expect(card).to_contain_text("Вас удалили из комнаты", timeout=PATIENCE_MS)
    assert (await farid.sample()).paused
    await is_offered(farid, inside=False)
    await elena.see_people(elena.name)
    await card.get_by_role("button", name="Войти снова").click()
    await expect(card).to_be_hidden()
    await farid.wait_playing()
    await elena.see_people(elena.name, farid.name)
    await is_offered(farid, inside=True)


async def test_a_locked_room_lets_the_kicked_in_once_it_is_open_and_the_banned_never(
    together: tuple[Viewer, Viewer],
) -> None:
    elena, farid = together
    page = elena.page
    await page.locator("#settings-button").click()
    await page.locator("#arrange [name=locked]").check()
    await page.locator("#arrange-people summary").click()
    await page.locator("#arrange [name=slow_mode_s]").select_option("60")
    await page.locator("#arrange [type=submit]").click()
    await farid.see_text("вход закрыт; медленный режим")
    await farid.page.locator("[data-opens=invite]").click()
    await expect(farid.page.locator("#invite-note")).to_contain_text("Вход закрыт")
    await farid.page.keyboard.press("Escape")
    await farid.say("одно в минуту")
    await expect(farid.page.locator("movie-together-chat #notice")).to_contain_text("Медленный режим: написать можно")
    await choose(elena, farid, "kick")
    card = farid.page.locator("movie-together .end")
    await card.get_by_role("button", name="Войти снова").click(timeout=PATIENCE_MS)
    await expect(card).to_contain_text("Вход закрыт", timeout=PATIENCE_MS)
    await is_offered(farid, inside=False)

    await page.locator("#settings-button").click()
    await page.locator("#arrange [name=locked]").uncheck()
    await page.locator("#arrange [type=submit]").click()
    await elena.see_text("вход открыт")
    await card.get_by_role("button").first.click()
    await farid.wait_playing()
    await choose(elena, farid, "ban")
    await page.locator("#ban-now").click()

    await expect(card).to_contain_text("Вас заблокировали", timeout=PATIENCE_MS)
    await expect(card.get_by_role("button")).to_have_count(0)
    await is_offered(farid, inside=False)
    await elena.see_text(f"блокирует: \u2068{farid.name}")
    await page.locator("#settings-button").click()
    await page.locator("#bans button").click()
    await expect(page.locator("#bans")).to_be_hidden(timeout=PATIENCE_MS)


async def test_who_is_blocked_is_hidden_from_whoever_blocked_them_and_is_not_told(
    together: tuple[Viewer, Viewer],
) -> None:
    elena, farid = together
    page = farid.page
    await elena.say("сказано раньше")
    await farid.see_text("сказано раньше")

    await choose(farid, elena, "block")
    await page.locator("#block-now").click()

    hidden = page.locator("movie-together-chat [part=hidden]")
    await expect(hidden).to_have_count(1)
    await expect(page.locator("movie-together-chat").get_by_text("сказано раньше")).to_have_count(0)
    await expect(chip(farid, elena)).to_contain_text("в блокировке")
    await elena.say("сказано потом")
    await elena.page.locator("movie-together-reactions button").first.click()
    await expect(hidden).to_have_count(2)
    await expect(page.locator("movie-together .floating span")).to_have_count(0)
    await shoot(page, SCREENS / "people", "somebody is blocked", "light")
    await hidden.last.get_by_role("button", name="Показать").click()
    await expect(page.locator("movie-together-chat").get_by_text("сказано потом")).to_be_visible()
    await expect(hidden).to_have_count(1)

    # Nothing has come to her; he is still a member like any other.
    await farid.say("а меня видно")
    await elena.see_text("а меня видно")
    await expect(chip(elena, farid)).not_to_contain_text("блокир")
    await expect(elena.page.locator("movie-together-chat [part=hidden]")).to_have_count(0)

    await farid.enter(page.url)
    await expect(hidden).to_have_count(2, timeout=PATIENCE_MS)
    await choose(farid, elena, "unblock")
    await farid.see_text("сказано раньше")
    await expect(hidden).to_have_count(0)
