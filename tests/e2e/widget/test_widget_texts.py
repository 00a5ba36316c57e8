"""What a message is made of: addresses, moments of the film, mentions, and the role of who wrote it."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.viewer import Viewer

CHAT = "movie-together-chat"


async def test_an_address_is_a_link_that_says_where_it_leads_and_tells_nothing(
    together: tuple[Viewer, Viewer],
) -> None:
    elena, farid = together

    await farid.say("Смотри: https://kino.example/tide?x=1, и https://аpple.example/ а javascript:alert(1) нет")

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


async def test_a_moment_takes_everyone_there_by_whoever_may(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    await farid.say("Кит на 0:20!")

    await elena.page.locator(f"{CHAT} [data-moment]").click()

    await farid.see_text("переход на 0:20")
    room = farid.page.locator("movie-together")
    assert 20_000 <= await room.evaluate("room => room.positionMs") < 60_000


async def test_who_may_not_move_the_film_is_told_so_at_a_moment(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    await elena.page.locator("movie-together").evaluate("room => room.changeSettings({ control: 'owner' })")
    await elena.say("Кит на 0:20!")
    moment = farid.page.locator(f"{CHAT} [data-moment]")
    await expect(moment).to_be_visible()
    sought = await farid.page.locator("movie-together").evaluate("room => room.room.playback.sought_ms")

    await moment.click()

    await expect(farid.page.locator("movie-together [part~=note]")).to_contain_text("только владелец")
    assert await farid.page.locator("movie-together").evaluate("room => room.room.playback.sought_ms") == sought


async def test_who_is_mentioned_sees_it_and_has_it_counted(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    for number in range(4):
        await farid.say("\n".join(f"строка {number}.{line}" for line in range(10)))
    await elena.see_text("строка 3.9")
    await elena.scroll_back(0)

    await farid.say(f"@{elena.name}, смотри!")
    await farid.say("и ещё")

    await expect(elena.page.locator(f"{CHAT} .mention.mine")).to_have_text(f"@{elena.name}")
    await expect(elena.page.locator(f"{CHAT} .more")).to_contain_text("2 новых сообщения · 1 упоминание")
    await expect(farid.page.locator(f"{CHAT} .mention")).to_have_count(1)
    await expect(farid.page.locator(f"{CHAT} .mention.mine")).to_have_count(0)


async def test_a_role_stands_beside_the_name_and_follows_it(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    await elena.say("от владельца")
    await farid.say("от зрителя")
    roles = farid.page.locator(f"{CHAT} li.said .role")
    await expect(roles).to_have_text(["владелец", ""])

    await elena.page.locator("movie-together").evaluate(
        "room => room.setRole(room.room.members.find(({ role }) => role === 'viewer').id, 'moderator')"
    )

    await expect(roles).to_have_text(["владелец", "модератор"])


async def test_ones_own_message_is_edited_and_says_so(together: tuple[Viewer, Viewer]) -> None:
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


async def test_reactions_stand_below_a_message_and_are_taken_back(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    await farid.say("Кит!")
    await elena.see_text("Кит!")

    line = elena.page.locator(f"{CHAT} li.said")
    await line.hover()
    await line.locator("[data-emoji='❤️']").click()

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
