"""What a message is made of: addresses, moments of the film, mentions, and the role of who wrote it."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.viewer import Viewer, wait_together

CHAT = "movie-together-chat"
IN_STEP_MS = 80


async def test_a_message_shows_where_its_addresses_lead_whom_it_mentions_and_who_wrote_it(
    together: tuple[Viewer, Viewer],
) -> None:
    elena, farid = together
    for number in range(4):
        await farid.say("\n".join(f"строка {number}.{line}" for line in range(10)))
    await elena.see_text("строка 3.9")
    await elena.scroll_back(0)

    await farid.say(f"@{elena.name}, смотри: https://kino.example/tide?x=1, не javascript:alert(1)")
    await farid.say("и ещё https://аpple.example/")

    # Who is mentioned has it counted, and sees it.
    await expect(elena.page.locator(f"{CHAT} .more")).to_contain_text("2 новых сообщения · 1 упоминание")
    await expect(elena.page.locator(f"{CHAT} .mention.mine")).to_have_text(f"@{elena.name}")
    await expect(farid.page.locator(f"{CHAT} .mention")).to_have_count(1)
    await expect(farid.page.locator(f"{CHAT} .mention.mine")).to_have_count(0)
    # An address is a link that says where it leads, and tells nothing there of this page.
    links = elena.page.locator(f"{CHAT} li.said a")
    await expect(links).to_have_count(2)
    link = links.first
    assert await link.inner_text() == "https://kino.example/tide?x=1"
    assert {name: await link.get_attribute(name) for name in ("href", "rel", "target", "referrerpolicy")} == {
        "href": "https://kino.example/tide?x=1",
        "rel": "noopener nofollow ugc",
        "target": "_blank",
        "referrerpolicy": "no-referrer",
    }
    assert await link.locator("b").inner_text() == "kino.example"
    assert (await links.last.locator("b").inner_text()).startswith("xn--"), "Cyrillic and Latin letters in one host"
    # A role stands beside the name, and follows it.
    await elena.say("от владельца")
    roles = [
        farid.page.locator(f"{CHAT} li.said", has_text=text).locator(".role") for text in ("смотри", "от владельца")
    ]
    await expect(roles[1]).to_have_text("владелец")
    await expect(roles[0]).to_be_hidden()
    await elena.page.locator("movie-together").evaluate(
        "room => { room.setRole(room.room.members.find(({ role }) => role === 'viewer').id, 'moderator'); }"
    )
    await expect(roles[0]).to_have_text("модератор")


async def test_a_moment_takes_everyone_there_by_whoever_may_and_others_alone(
    together: tuple[Viewer, Viewer],
) -> None:
    elena, farid = together
    await farid.say("Кит на 0:20!")

    await elena.page.locator(f"{CHAT} [data-moment]").click()

    await farid.see_text("перематывает на 0:20")
    room = farid.page.locator("movie-together")
    assert 20_000 <= await room.evaluate("room => room.positionMs") < 60_000

    await elena.page.locator("movie-together").evaluate("room => { room.changeSettings({ control: 'owner' }); }")
    await elena.say("И ещё на 0:05")
    moment = farid.page.locator(f"{CHAT} [data-moment='5000']")
    await expect(moment).to_be_visible()
    sought = await room.evaluate("room => room.room.playback.sought_ms")

    await moment.click()

    # Whoever may not move the film goes there alone, and is told nothing that lies ahead until they are level again.
    await elena.see_text("смотрит отдельно")
    assert await room.evaluate("room => room.asideReason") == "alone"
    assert (await elena.sample()).position_ms - (await farid.sample()).position_ms > 10_000
    assert await room.evaluate("room => room.room.playback.sought_ms") == sought
    await elena.say("Это маяк взорвался!")
    held = farid.page.locator(f"{CHAT} [part~=ahead]")
    await expect(held).to_be_visible()
    assert "взорвался" not in await farid.page.locator(f"{CHAT} .list").inner_html()
    await room.evaluate("room => { room.comeBack(); }")
    await wait_together(elena, farid, within_ms=IN_STEP_MS)
    await farid.see_text("Это маяк взорвался!")
    await expect(held).to_have_count(0)


async def test_ones_own_message_is_edited_and_each_is_reacted_to(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    field = farid.page.locator(f"{CHAT} textarea")
    await farid.say("Смотри, кот!")
    await elena.see_text("Смотри, кот!")
    await field.fill("черновик")

    line = farid.page.locator(f"{CHAT} li.said")
    await line.hover()
    await line.locator("[data-action=edit]").click()
    await expect(field).to_have_value("Смотри, кот!")
    await field.fill("Смотри, кит!")
    await field.press("Enter")

    await elena.see_text("Смотри, кит!")
    await expect(elena.page.locator(f"{CHAT} li.said .head")).to_contain_text("исправлено")
    assert await elena.messages() == ["Смотри, кит!"]
    await expect(field).to_have_value("черновик")
    others = elena.page.locator(f"{CHAT} li.said")
    await others.hover()
    await expect(others.locator("[data-action=reply]")).to_be_visible()
    await expect(others.locator("[data-action=edit]")).to_be_hidden()
    # Reactions stand below a message, and are taken back.
    await others.locator("[data-emoji='❤️']").click()

    felt = [viewer.page.locator(f"{CHAT} .felt button") for viewer in together]
    for buttons in felt:
        await expect(buttons).to_have_text("❤️ 1")
    await expect(felt[0]).to_have_attribute("aria-pressed", "true")
    await expect(felt[1]).to_have_attribute("aria-pressed", "false")
    await felt[1].click()
    await expect(felt[0]).to_have_text("❤️ 2")
    await felt[0].click()
    await expect(felt[1]).to_have_text("❤️ 1")
    await felt[1].click()
    for buttons in felt:
        await expect(buttons).to_have_count(0)
